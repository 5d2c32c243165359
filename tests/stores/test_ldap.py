"""Directories as a real slapd keeps them. What no slapd says is in test_ldap_answers.py."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.contract.ldap_store import GROUPS, PEOPLE, direct, dn_of, group, person, searching
from tests.contract.people import PATIENCE
from tests.contract.slapd import SERVICE, SUFFIX, Slapd, program, slapd
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity, LooksUp
from watchword.stores.ldap.groups import DEEPEST

RIGHT = "correct horse battery"
OPEN = f"ou=open,{SUFFIX}"
CORP = f"ou=corp,{SUFFIX}"
POLICY = f"cn=policy,{SUFFIX}"


def chain(length: int) -> str:
    """Groups in one another: eve is in the first."""
    first = group("level 1", dn_of("eve"))
    return first + "".join(group(f"level {n}", f"cn=level {n - 1},{GROUPS}") for n in range(2, length + 1))


def windows_user(account: str, principal: str, control: int) -> str:
    """As Active Directory has them."""
    return "\n".join(
        (
            f"dn: cn={account} example,{CORP}",
            "objectClass: user",
            f"cn: {account} example",
            "sn: example",
            f"sAMAccountName: {account}",
            f"userPrincipalName: {principal}",
            f"userAccountControl: {control}",
            f"userPassword: {RIGHT}",
            "",
            "",
        )
    )


ENTRIES = "".join(
    (
        person("ann", RIGHT, "mail: ann@example.com", "mail: front@example.com"),
        person("carl", RIGHT, "mail: front@example.com", "uid: carlo"),
        person("dora", RIGHT, "pwdReset: TRUE"),
        person("eve", RIGHT),
        person("fred", RIGHT),
        person("a*b (c)\\", RIGHT),
        group("clerks", dn_of("ann")),
        group("staff", f"cn=clerks,{GROUPS}"),
        group("posix", "carl", kind="posixGroup", attribute="gidNumber: 1\nmemberUid"),
        chain(DEEPEST + 1),
        f"dn: {OPEN}\nobjectClass: organizationalUnit\nou: open\n\n",
        f"dn: uid=zed,{OPEN}\nobjectClass: inetOrgPerson\nuid: zed\ncn: Zed\nsn: Z\nuserPassword: {RIGHT}\n\n",
        f"dn: {CORP}\nobjectClass: organizationalUnit\nou: corp\n\n",
        windows_user("ann", "ann.example@corp.example", 512),
        windows_user("bob", "bob@corp.example", 514),
        windows_user("imp", "ann@corp.example", 512),
    )
)


@pytest.fixture(scope="module")
def server() -> Iterator[Slapd]:
    # Many servers take a name without a password for nobody in particular, and say that all is well.
    with slapd(ENTRIES, extra="allow bind_anon_dn bind_anon_cred") as running:
        yield running


def check(server: Slapd, name: str, password: str = RIGHT, **settings: Any) -> Identity | Denied:
    return searching(server, **settings).check(name, Secret(password))


def roles(server: Slapd, name: str, given: Mapping[str, Sequence[str]], **settings: Any) -> frozenset[str]:
    found = check(server, name, roles=given, **settings)
    assert isinstance(found, Identity)
    return found.roles


# --- who it is -------------------------------------------------------------------------------------------------------


def test_attributes_are_taken_under_names_of_ours__S2_14(server: Slapd) -> None:
    found = check(server, "ann", attributes={"name": "cn", "email": "MAIL", "phone": "telephoneNumber"})
    assert isinstance(found, Identity)
    assert found.attributes == {"name": "Ann of Example", "email": "ann@example.com"}


def test_of_several_names_the_one_that_the_entry_is_called_by_counts__S2_14__F17(server: Slapd) -> None:
    for typed in ("carl", "Carlo"):
        found = check(server, typed)
        assert isinstance(found, Identity)
        assert found.name == "carl"


def test_a_filter_of_ones_own_finds_people_by_what_they_type__S2_14(server: Slapd) -> None:
    by_mail = {"user_filter": "(|(uid={name})(mail={name}))"}
    found = check(server, "ann@example.com", **by_mail)
    assert isinstance(found, Identity)
    assert found.name == "ann"


def test_who_is_found_twice_is_nobody__S2_14__C07(server: Slapd) -> None:
    found = check(server, "front@example.com", user_filter="(mail={name})")
    assert found == Denied("ambiguous-name")


def test_whom_the_condition_does_not_fit_is_left_to_the_next_store__S2_14__C07(server: Slapd) -> None:
    assert isinstance(check(server, "ann", only="(mail=ann@example.com)"), Identity)
    assert check(server, "eve", only="(mail=*)") == Denied("unknown-user", knows=False)


@pytest.mark.parametrize("made", [searching, direct])
def test_a_name_of_nothing_but_special_characters_is_a_name__S2_14(server: Slapd, made: Any) -> None:
    found = made(server).check("a*b (c)\\", Secret(RIGHT))
    assert isinstance(found, Identity)
    assert found.name == "a*b (c)\\"


def test_people_are_searched_by_nobody_in_particular_where_no_account_is_told__S2_14(server: Slapd) -> None:
    anonymous: dict[str, Any] = {"base": OPEN, "bind_dn": None, "bind_password_file": None, "roles": {}}
    assert isinstance(check(server, "zed", **anonymous), Identity)
    assert check(server, "zed", "wrong", **anonymous) == Denied("wrong-password")


def test_who_may_be_looked_up_needs_no_password__S2_14(server: Slapd) -> None:
    store = searching(server, roles={"clerk": ["clerks"]})
    assert isinstance(store, LooksUp)
    found = store.find("ANN")
    assert isinstance(found, Identity)
    assert found.name == "ann"
    assert found.roles == {"clerk"}


def test_who_is_looked_up_is_known_by_name_whatever_people_type__S2_14(server: Slapd) -> None:
    store = searching(server, user_filter="(mail={name})")
    found = store.check("ann@example.com", Secret(RIGHT))
    assert isinstance(found, Identity)
    assert isinstance(store, LooksUp)
    assert store.find(found.name) == found


# --- Active Directory's attributes, kept by slapd --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ann", "ann"),
        ("ANN", "ann"),
        ("CORP\\ann", "ann"),
        ("ann.example@corp.example", "ann"),
        ("bob@corp.example", Denied("account-disabled")),
        ("OTHER\\ann", Denied("unknown-user", knows=False)),
        # Somebody else was given ann's own name as another: neither of them is let in by it.
        ("ann@corp.example", Denied("ambiguous-name")),
    ],
)
def test_a_windows_user_is_found_by_each_name__S2_14__F14(server: Slapd, typed: str, name: str | Denied) -> None:
    found = check(
        server, typed, base=CORP, roles={}, active_directory={"domain": "corp.example", "netbios_name": "corp"}
    )
    assert (found.name if isinstance(found, Identity) else found) == name


# --- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_in_a_group_gives_its_roles__S2_14(server: Slapd) -> None:
    given = {"member": [f"CN=staff , {GROUPS}"], "clerk": ["Clerks"]}
    assert roles(server, "ann", given) == {"member", "clerk"}
    assert roles(server, "ann", given, nested=False) == {"clerk"}
    assert roles(server, "eve", given) == frozenset()


def test_posix_groups_name_people_by_their_names__S2_14(server: Slapd) -> None:
    assert roles(server, "carl", {"posix": ["posix"]}) == {"posix"}


def test_groups_are_looked_through_so_deep_and_no_deeper__S2_14(server: Slapd) -> None:
    given = {str(n): [f"level {n}"] for n in range(1, DEEPEST + 2)}
    assert roles(server, "eve", given) == {str(n) for n in range(1, DEEPEST + 1)}


def test_the_entry_s_own_word_about_groups_can_be_taken__S2_14(server: Slapd) -> None:
    """The overlay memberof keeps it, for groups that change while it runs."""
    server.add(f"cn=night,{GROUPS}", ["groupOfNames"], member=dn_of("fred"))
    server.add(f"cn=shifts,{GROUPS}", ["groupOfNames"], member=f"cn=night,{GROUPS}")
    server.set(f"cn=night,{GROUPS}", member=dn_of("fred"))
    given = {"night": ["night"], "shifts": [f"cn=shifts,{GROUPS}"]}
    assert roles(server, "fred", given, group_search="member-of") == {"night", "shifts"}
    assert roles(server, "fred", given, group_search="member-of", nested=False) == {"night"}
    assert roles(server, "fred", given, group_search="member-of", group_base=OPEN) == frozenset()


# --- passwords -------------------------------------------------------------------------------------------------------


def test_an_empty_password_that_the_server_takes_lets_nobody_in__S2_14__C07(server: Slapd) -> None:
    said = subprocess.run(
        [program("ldapwhoami"), "-x", "-H", f"ldap://127.0.0.1:{server.port}", "-D", dn_of("ann"), "-w", ""],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "anonymous", "the server says yes to a name without a password"
    assert check(server, "ann", "") == Denied("unusable-password")
    assert direct(server).check("ann", Secret("")) == Denied("unusable-password", knows=False)


@pytest.mark.parametrize("made", [searching, direct])
def test_a_password_that_must_be_changed_first_lets_nobody_in__S2_14__C07(server: Slapd, made: Any) -> None:
    server.set(POLICY, pwdMustChange="TRUE")
    try:
        found = made(server).check("dora", Secret(RIGHT))
    finally:
        server.set(POLICY, pwdMustChange=None)
    assert isinstance(found, Denied)
    assert found.reason == "password-must-change"


def test_the_servers_own_policy_tells_why__S2_14__C07(server: Slapd) -> None:
    server.set(POLICY, pwdLockout="TRUE", pwdMaxFailure="2", pwdMaxAge="0")
    try:
        for _ in range(2):
            assert check(server, "fred", "wrong") == Denied("wrong-password")
        assert check(server, "fred") == Denied("account-locked")
        server.set(POLICY, pwdMaxAge="1000")
        assert check(server, "eve") == Denied("password-expired")
    finally:
        server.set(POLICY, pwdLockout=None, pwdMaxFailure=None, pwdMaxAge=None)
        server.set(dn_of("fred"), pwdAccountLockedTime=None)


# --- TLS, and servers that come and go (F6) --------------------------------------------------------------------------


def test_ldaps_is_spoken_from_the_first_octet__S2_14(server: Slapd) -> None:
    with slapd(ENTRIES, secure=True) as secure:
        assert isinstance(check(secure, "ann", urls=[f"ldaps://localhost:{secure.port}"]), Identity)
        # This one has another authority.
        with pytest.raises(AnswerFailed, match="certificate verify failed"):
            check(secure, "ann", urls=[f"ldaps://localhost:{secure.port}"], ca_file=server.ca_file)
        with pytest.raises(AnswerFailed, match="certificate verify failed"):
            check(server, "ann", ca_file=secure.ca_file)


def test_a_certificate_for_another_host_is_none__S2_14__C17() -> None:
    with slapd(ENTRIES, host="ldap.example.com") as other:
        with pytest.raises(AnswerFailed, match="localhost"):
            check(other, "ann")
        log = (other.folder / "slapd.log").read_text()
        assert RIGHT not in log


def test_the_service_accounts_wrong_password_is_no_answer__S2_14__C17(server: Slapd) -> None:
    file = server.folder / "wrong.password"
    file.touch(0o600)
    file.write_text("wrong")
    with pytest.raises(AnswerFailed, match=f"service account {SERVICE} in"):
        check(server, "ann", bind_password_file=file)


def test_a_base_that_is_not_there_is_no_answer__S2_14__C17(server: Slapd) -> None:
    with pytest.raises(AnswerFailed, match="noSuchObject"):
        check(server, "ann", base=f"ou=nowhere,{SUFFIX}")


def test_a_restarted_server_shows_to_nobody__F6() -> None:
    with slapd(ENTRIES) as running:
        store = searching(running, roles={})
        assert isinstance(store.check("ann", Secret(RIGHT)), Identity)
        running.stop()
        begun = time.monotonic()
        with pytest.raises(AnswerFailed):
            store.check("ann", Secret(RIGHT))
        assert time.monotonic() - begun < PATIENCE - 1, "a closed port needs no waiting"
        running.start()
        for _ in range(3):
            assert isinstance(store.check("ann", Secret(RIGHT)), Identity)


def test_a_second_server_is_asked_where_the_first_is_gone__F6(server: Slapd) -> None:
    with slapd(ENTRIES) as first:
        both = server.folder / "both.pem"
        both.write_text(first.ca_file.read_text() + server.ca_file.read_text())
        store = searching(first, urls=[first.url, server.url], ca_file=both)
        assert isinstance(store.check("ann", Secret(RIGHT)), Identity)
        first.stop()
        for _ in range(2):
            assert isinstance(store.check("ann", Secret(RIGHT)), Identity)


def test_people_are_below_the_base_alone__S2_14__C07(server: Slapd) -> None:
    assert check(server, "zed") == Denied("unknown-user", knows=False)
    assert isinstance(check(server, "zed", base=f"{OPEN}"), Identity)
    assert check(server, f"ann,{PEOPLE}") == Denied("unknown-user", knows=False)
