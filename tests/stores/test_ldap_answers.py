"""What servers answer that no slapd here can be brought to say: Active Directory, faults, and other people's servers.

All of it is said by a double (directory.py), in the octets of LDAP. What slapd says is in test_ldap.py.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.quickness import answered_in_time, can_be_done_within
from tests.stores.directory import SUCCESS, Directory, Found, Told, directory
from watchword.config.stores.directory import ldap_store
from watchword.config.stores.ldap import LdapSettings
from watchword.core.ask import AnswerFailed
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity, LooksUp, OutsideStore

BASE = "DC=corp,DC=example"
ANN = Found(f"CN=Ann Example,OU=Staff,{BASE}", {"sAMAccountName": ["ann"], "mail": ["ann@corp.example"]})
RIGHT = "correct horse battery"
CORP = {"domain": "corp.example", "netbios_name": "CORP"}


def wrong(code: str) -> Told:
    """As a domain controller writes it."""
    return Told(49, f"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {code}, v2580\0")


def finds_ann(wanted: str, attributes: Sequence[str]) -> Sequence[Found]:
    return [ANN] if "=ann)" in wanted else []


def is_right(name: str, password: bytes) -> Told:
    return SUCCESS if name == ANN.dn and password == RIGHT.encode() else wrong("52e")


@pytest.fixture
def double() -> Iterator[Directory]:
    with directory(binds=is_right, searches=finds_ann) as made:
        yield made


def store(double: Directory, **more: Any) -> OutsideStore:
    """A store that searches anonymously. There is no TLS, on loopback."""
    settings: dict[str, Any] = {"urls": [double.url], "start_tls": False, "base": BASE, "active_directory": CORP}
    settings["timeout"] = 10
    return ldap_store(LdapSettings.model_validate(settings | more))


# --- Active Directory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "denied"),
    [
        ("525", Denied("unknown-user", knows=False)),
        ("52e", Denied("wrong-password")),
        ("530", Denied("log-in-restricted")),
        ("531", Denied("log-in-restricted")),
        ("532", Denied("password-expired")),
        ("533", Denied("account-disabled")),
        ("701", Denied("account-expired")),
        ("773", Denied("password-must-change")),
        ("775", Denied("account-locked")),
        ("57", Denied("wrong-password")),
    ],
)
def test_active_directory_tells_why_in_a_code_of_its_own__S2_14__C07(
    double: Directory, code: str, denied: Denied
) -> None:
    double.binds = lambda name, password: wrong(code)
    assert store(double).check("ann", Secret(RIGHT)) == denied


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ann", "(sAMAccountName=ann)"),
        ("CORP\\ann", "(sAMAccountName=ann)"),
        ("corp\\ann", "(sAMAccountName=ann)"),
        ("ann@corp.example", "(|(userPrincipalName=ann@corp.example)(sAMAccountName=ann))"),
        ("ann@else.example", "(userPrincipalName=ann@else.example)"),
    ],
)
def test_a_windows_user_has_three_names__S2_14(double: Directory, name: str, wanted: str) -> None:
    store(double).check(name, Secret(RIGHT))
    assert double.asked[0] == f"search (&(objectClass=user)(!(objectClass=computer)){wanted})"


@pytest.mark.parametrize("name", ["CORP\\ann", "ann@corp.example", "ann"])
def test_a_windows_user_is_one_account_whatever_is_typed__S2_14__F14(double: Directory, name: str) -> None:
    found = store(double, attributes={"email": "mail"}).check(name, Secret(RIGHT))
    assert found == Identity(name="ann", attributes={"email": "ann@corp.example"})


@pytest.mark.parametrize("name", ["OTHER\\ann", "CORP\\", "\\ann", "CORP\\\\ann"])
def test_nobody_of_another_domain_is_let_in__S2_14__C07(double: Directory, name: str) -> None:
    assert store(double).check(name, Secret(RIGHT)) == Denied("unknown-user", knows=False)


def test_active_directory_looks_through_groups_in_groups_itself__S2_14(double: Directory) -> None:
    def searches(wanted: str, attributes: Sequence[str]) -> Sequence[Found]:
        return [Found(f"CN=Clerks,OU=Groups,{BASE}")] if "1.2.840.113556.1.4.1941" in wanted else [ANN]

    double.searches = searches
    found = store(double, roles={"clerk": [f"cn=clerks,ou=groups,{BASE}"]}).check("ann", Secret(RIGHT))
    assert isinstance(found, Identity)
    assert found.roles == {"clerk"}
    assert double.asked[-1] == f"search (member:1.2.840.113556.1.4.1941:={ANN.dn})"


def test_many_groups_of_one_person_are_read_in_pieces__S2_14(double: Directory) -> None:
    """Active Directory gives 1500 values at once ([MS-ADTS] 3.1.1.3.1.3.3)."""

    def searches(wanted: str, attributes: Sequence[str]) -> Sequence[Found]:
        name = {"sAMAccountName": ["ann"]}
        if "memberOf;range=2-*" in attributes:
            return [Found(ANN.dn, {"memberOf;range=2-*": [f"CN=Clerks,{BASE}"]})]
        return [Found(ANN.dn, name | {"memberOf;range=0-1": [f"CN=A,{BASE}", f"CN=B,{BASE}"]})]

    double.searches = searches
    found = store(double, roles={"clerk": ["clerks"]}, group_search="member-of", nested=False).check(
        "ann", Secret(RIGHT)
    )
    assert isinstance(found, Identity)
    assert found.roles == {"clerk"}


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("userAccountControl", "514", "account-disabled"),
        ("userAccountControl", "512", None),
        ("accountExpires", "132539328000000000", "account-expired"),  # the first of January 2021
        ("accountExpires", "0", None),
        ("accountExpires", "9223372036854775807", None),
        ("nsAccountLock", "TRUE", "account-disabled"),
        ("pwdAccountLockedTime", "000001010000Z", "account-locked"),
        ("pwdAccountLockedTime", "20240101000000Z", None),  # over, or the bind would have failed
    ],
)
def test_who_may_not_be_used_is_denied_though_the_password_is_right__S2_14__C07(
    double: Directory, attribute: str, value: str, reason: str | None
) -> None:
    double.searches = lambda wanted, attributes: [Found(ANN.dn, {**ANN.attributes, attribute: [value]})]
    asked = store(double)
    found = asked.check("ann", Secret(RIGHT))
    assert found == (Identity(name="ann") if reason is None else Denied(reason))
    assert isinstance(asked, LooksUp)
    assert asked.find("ann") == found


# --- other people's servers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Told(19, "Exceed password retry limit. Please try later."), "account-locked"),
        (Told(48), "no-password"),
        (Told(53, "Account inactivated. Contact system administrator."), "account-disabled"),
    ],
)
def test_other_servers_deny_by_other_results__S2_14__C07(double: Directory, told: Told, reason: str) -> None:
    double.binds = lambda name, password: told
    assert store(double).check("ann", Secret(RIGHT)) == Denied(reason)


@pytest.mark.parametrize("code", [1, 2, 7, 8, 10, 13, 50, 51, 52, 53, 80, 118])
def test_a_result_that_judges_nothing_is_never_a_no__S2_14__C17(double: Directory, code: int) -> None:
    double.binds = lambda name, password: Told(code, "no password was judged")
    with pytest.raises(AnswerFailed):
        store(double).check("ann", Secret(RIGHT))


@pytest.mark.parametrize("code", [1, 3, 10, 11, 32, 50, 51, 52, 80])
def test_a_search_that_fails_is_never_a_no__S2_14__C17(double: Directory, code: int) -> None:
    double.searches = lambda wanted, attributes: [Told(code)]
    with pytest.raises(AnswerFailed):
        store(double).check("ann", Secret(RIGHT))


def test_who_is_found_twice_is_nobody__S2_14__C07(double: Directory) -> None:
    double.searches = lambda wanted, attributes: [ANN, Found(f"CN=Ann,{BASE}", {"sAMAccountName": ["ann"]})]
    assert store(double).check("ann", Secret(RIGHT)) == Denied("ambiguous-name")


def test_who_may_be_found_twice_is_nobody_either__S2_14__C07(double: Directory) -> None:
    double.searches = lambda wanted, attributes: [ANN, Told(4, "size limit exceeded")]
    assert store(double).check("ann", Secret(RIGHT)) == Denied("ambiguous-name")


@pytest.mark.parametrize("names", [[], ["ann", "anne"], ["an:n"]], ids=str)
def test_an_entry_without_one_usable_name_is_nobody__S2_14__C07(double: Directory, names: list[str]) -> None:
    double.searches = lambda wanted, attributes: [Found(ANN.dn, {"sAMAccountName": names} if names else {})]
    found = store(double).check("ann", Secret(RIGHT))
    # A name that no account may have is refused where the account is made (Mirrored).
    assert found == (Identity(name="an:n") if names == ["an:n"] else Denied("unusable-name"))


# --- what must not be sent, or followed ------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["", "\0", f"{RIGHT}\0", "\0" + RIGHT, "\ud800", "x" * 5000], ids=ascii)
def test_a_password_that_some_server_would_take_for_another_is_never_sent__S2_14__C07(
    double: Directory, password: str
) -> None:
    double.binds = lambda name, password: SUCCESS
    assert store(double).check("ann", Secret(password)) == Denied("unusable-password")
    assert [asked for asked in double.asked if asked.startswith("bind")] == []


def test_the_password_goes_out_as_it_is__S2_14(double: Directory) -> None:
    password = " \u00aa\u00a0\uff41 \u20ac "  # SASLprep would make other octets of it, which nobody has hashed
    store(double).check("ann", Secret(password))
    assert double.passwords == [password.encode()]


def test_a_referral_is_never_followed__S2_14__C17(double: Directory) -> None:
    with directory(binds=lambda name, password: SUCCESS) as elsewhere:
        double.binds = lambda name, password: Told(10, elsewhere=f"{elsewhere.url}/{ANN.dn}")
        with pytest.raises(AnswerFailed):
            store(double).check("ann", Secret(RIGHT))
        double.binds = is_right
        double.searches = lambda wanted, attributes: [ANN, f"{elsewhere.url}/{BASE}"]
        assert store(double).check("ann", Secret(RIGHT)) == Identity(name="ann")
        assert elsewhere.asked == []


def test_a_server_without_starttls_is_told_nothing__S2_14__C17(double: Directory) -> None:
    with pytest.raises(AnswerFailed, match="StartTLS"):
        store(double, start_tls=True).check("ann", Secret(RIGHT))
    assert double.asked == ["StartTLS"]


def test_who_is_unknown_costs_what_a_wrong_password_costs__F30(double: Directory) -> None:
    store(double).check("ann", Secret("wrong"))
    known, double.asked = [asked.split()[0] for asked in double.asked], []
    store(double).check("nobody", Secret("wrong"))
    assert [asked.split()[0] for asked in double.asked] == known == ["search", "bind"]
    assert b"wrong" not in double.passwords[1:]


# --- the service account ---------------------------------------------------------------------------------------------


def test_a_service_account_that_is_refused_is_no_answer__S2_14__C17(double: Directory, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.touch(0o600)
    file.write_text("old\n")
    service = {"bind_dn": f"CN=Watchword,{BASE}", "bind_password_file": file}
    asked = store(double, **service)
    for _ in range(3):
        with pytest.raises(AnswerFailed, match="does not let the service account"):
            asked.check("ann", Secret(RIGHT))
    assert double.passwords == [b"old"], "as often as that, it would be locked"
    double.binds = lambda name, password: SUCCESS if password == b"new" else is_right(name, password)
    file.write_text("new\n")
    assert store(double, **service).check("ann", Secret(RIGHT)) == Identity(name="ann")
    file.chmod(0o644)
    with pytest.raises(AnswerFailed, match="chmod 600"):
        store(double, **service).check("ann", Secret(RIGHT))


# --- servers that are ill (F6) ---------------------------------------------------------------------------------------


def trickling(end: socket.socket, data: bytes) -> None:
    for octet in data:
        end.sendall(bytes([octet]))
        time.sleep(0.05)


def endless(end: socket.socket, data: bytes) -> None:
    while True:
        end.sendall(b"\x30\x84\x7f\xff\xff\xff" + bytes(65_536))


def cut(end: socket.socket, data: bytes) -> None:
    end.sendall(data[:-3])
    end.close()


SPOILS: dict[str, Callable[[socket.socket, bytes], None]] = {
    "trickles": trickling,
    "is endless": endless,
    "is no LDAP": lambda end, data: end.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(100)),
    "is cut": cut,
    "is another's": lambda end, data: end.sendall(data.replace(data[2:5], b"\x02\x01\x7f", 1)),
    "is empty": lambda end, data: end.close(),
    "is broken": lambda end, data: end.sendall(data[:7] + bytes(len(data) - 7)),
}


@pytest.mark.parametrize("how", SPOILS)
def test_an_answer_that_cannot_be_understood_is_no_answer__F6__C17(double: Directory, how: str) -> None:
    double.spoils = SPOILS[how]

    def is_asked() -> None:
        with pytest.raises(AnswerFailed):
            store(double, timeout=0.25).check("ann", Secret(RIGHT))

    can_be_done_within(0.5, is_asked)  # ten octets would take as long, and an answer has more


def test_a_server_that_is_gone_leaves_time_for_the_next_one__F6(double: Directory) -> None:
    url = f"ldap://127.0.0.1:{free_port()}"
    assert store(double, urls=[url, double.url]).check("ann", Secret(RIGHT)) == Identity(name="ann")


def test_a_server_that_takes_connections_and_says_nothing_leaves_time_for_the_next_one__F6(double: Directory) -> None:
    with directory(searches=finds_ann, spoils=lambda end, data: None) as mute:
        ours: list[OutsideStore] = []

        def is_asked() -> Account | Identity | Denied:
            ours.append(store(double, urls=[mute.url, double.url], timeout=0.6))
            return ours[-1].check("ann", Secret(RIGHT))

        assert answered_in_time(is_asked) == Identity(name="ann")
        mute.asked.clear()
        assert answered_in_time(lambda: ours[-1].check("ann", Secret(RIGHT))) == Identity(name="ann")
        assert mute.asked == [], "it is tried last for a while"


def test_the_name_of_a_server_is_not_waited_for_longer_than_all__F6__C17(
    double: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60) and [])

    def is_asked() -> None:
        with pytest.raises(AnswerFailed, match="not resolved in time"):
            store(double, urls=["ldap://ldap.invalid"], timeout=0.2).check("ann", Secret(RIGHT))

    try:
        can_be_done_within(0.4, is_asked)
    finally:
        answered.set()


def test_a_connection_that_died_silently_does_not_show__F6(double: Directory) -> None:
    """Firewalls forget connections without a word: what is asked over one is asked again over another."""

    def is_asked_twice() -> Account | Identity | Denied:
        double.spoils = lambda end, data: end.sendall(data)
        asked = store(double, bind_dn=None, timeout=1)
        assert asked.check("ann", Secret(RIGHT)) == Identity(name="ann")
        kept: list[socket.socket] = []

        def spoils(end: socket.socket, data: bytes) -> None:
            kept.append(end)
            if end is not kept[0]:
                end.sendall(data)

        double.spoils = spoils
        return asked.check("ann", Secret(RIGHT))

    assert answered_in_time(is_asked_twice) == Identity(name="ann")
