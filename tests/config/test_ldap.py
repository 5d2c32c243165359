"""`[store.ldap]`: what is refused, and with which sentence."""

from __future__ import annotations

from importlib import util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from tests.certificates import Authority
from watchword.config import ConfigurationError, load

URL = 'urls = ["ldap://ldap.example.com"]'
BASE = 'base = "ou=people,dc=example,dc=com"'


def said(folder: Path, *lines: str) -> dict[str, str]:
    """What is wrong with a table of these lines, by its keys."""
    file = folder / "watchword.toml"
    file.write_text('[[store]]\nkind = "ldap"\n[store.ldap]\n' + "\n".join(lines) + "\n", "utf-8")
    try:
        load(file, {})
    except ConfigurationError as error:
        return {problem.where.removeprefix("store[0].ldap"): problem.says for problem in error.problems}
    return {}


@pytest.mark.parametrize(
    "lines",
    [
        [URL, BASE],
        ['urls = ["ldaps://dc1.corp.example", "ldap://[::1]:3389"]', BASE, "[store.ldap.active_directory]"],
        ['urls = ["ldap://127.0.0.1:3389"]', "start_tls = false", BASE],
        [URL, 'user_dn = "uid={name},ou=people,dc=example,dc=com"', 'group_base = "dc=example"', 'roles.clerk = ["c"]'],
        [URL, BASE, 'roles = { clerk = "clerks", admin = ["cn=admins,dc=example", "wheel"] }'],
        [URL, BASE, 'user_filter = "(&(objectClass=person)(|(uid={name})(mail={name})))"', 'only = "(!(uid=guest))"'],
    ],
    ids=lambda lines: lines[-1],
)
def test_a_directory_can_be_written_so__S2_14(tmp_path: Path, lines: list[str]) -> None:
    assert said(tmp_path, *lines) == {}


@pytest.mark.parametrize(
    ("lines", "where", "says"),
    [
        ([BASE], ".urls", "is missing"),
        (["urls = []", BASE], ".urls", "empty list"),
        *(
            ([f'urls = ["{url}"]', BASE], ".urls[0]", "no server of a directory")
            for url in (
                "ldap.example.com",
                "http://ldap.example.com",
                "ldapi:///var/run/ldapi",
                "ldap://",
                "ldap://ann:secret@ldap.example.com",
                "ldap://ldap.example.com/dc=example",
                "ldap://ldap.example.com:0",
                "ldap://ldap.example.com?x",
            )
        ),
        (['urls = ["ldap://ldap.example.com:x"]', BASE], ".urls[0]", "must be the URL"),
        ([URL, BASE, "start_tls = false"], ".start_tls", 'would go to "ldap://ldap.example.com" in cleartext'),
        ([URL, BASE, 'ca_file = "gone.pem"'], ".ca_file", "cannot be read as certificates"),
        ([URL], "", "has not either a base or a user_dn"),
        ([URL, BASE, 'user_dn = "uid={name},dc=example"'], "", "has not either a base or a user_dn"),
        ([URL, 'user_dn = "uid={name},dc=example"', 'only = "(uid=*)"'], ".only", "user_dn needs none"),
        ([URL, 'user_dn = "uid={name},dc=example"', 'roles.clerk = ["c"]'], ".roles", "write group_base"),
        ([URL, 'user_dn = "uid=ann,dc=example"'], ".user_dn", "lacks {name}"),
        ([URL, 'user_dn = "{name},dc=example"'], ".user_dn", "no distinguished name"),
        ([URL, 'user_dn = "{name}=ann,dc=example"'], ".user_dn", "has {name} outside of a value"),
        ([URL, 'base = "example.com"'], ".base", "no distinguished name"),
        ([URL, BASE, 'user_filter = "(uid=ann)"'], ".user_filter", "lacks {name}"),
        ([URL, BASE, 'user_filter = "(uid={name}"'], ".user_filter", "no filter"),
        ([URL, BASE, 'user_filter = "(uid={name})"', "active_directory = {}"], ".user_filter", "has its own"),
        ([URL, BASE, 'only = "staff"'], ".only", "no filter"),
        ([URL, BASE, 'roles = { clerk = ["cn=a,,"] }'], ".roles", '"cn=a,," is no distinguished name'),
        ([URL, BASE, "roles = { clerk = [1] }"], ".roles", "must be a table of roles"),
        ([URL, BASE, 'attributes = { email = "(mail)" }'], ".attributes", "must be a table of attributes"),
        ([URL, BASE, 'name_attribute = "uid)(x"'], ".name_attribute", "must be the name of"),
        ([URL, BASE, 'bind_dn = "cn=watchword,dc=example"'], "", "has not both a bind_dn and a bind_password_file"),
        ([URL, BASE, 'timeout = "1m"'], ".timeout", "10 seconds or less"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence__S2_14(
    tmp_path: Path, lines: list[str], where: str, says: str
) -> None:
    found = said(tmp_path, *lines)
    assert list(found) == [where]
    assert says in found[where]


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b"secret\n", 0o600, None),
        (b"secret", 0o400, None),
        (b"secret\n", 0o640, "chmod 600"),
        (b"", 0o600, "one line with a password"),
        (b"\n", 0o600, "one line with a password"),
        (b"one\ntwo\n", 0o600, "one line with a password"),
    ],
)
def test_a_service_accounts_password_lies_in_a_file_of_its_own__S2_14(
    tmp_path: Path, content: bytes, mode: int, says: str | None
) -> None:
    file = tmp_path / "ldap.password"
    file.write_bytes(content)
    file.chmod(mode)
    found = said(tmp_path, URL, BASE, 'bind_dn = "cn=watchword,dc=example"', 'bind_password_file = "ldap.password"')
    assert list(found) == ([] if says is None else [".bind_password_file"])
    assert says is None or says in found[".bind_password_file"]


def test_authorities_are_read_before_anybody_comes__S2_14(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(Authority().pem)
    assert said(tmp_path, URL, BASE, 'ca_file = "ca.pem"') == {}
    (tmp_path / "ca.pem").write_text("no certificate")
    assert list(said(tmp_path, URL, BASE, 'ca_file = "ca.pem"')) == [".ca_file"]


def test_a_library_that_is_not_there_is_named__S2_14(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == "ldap3" else known(name)

    monkeypatch.setattr("watchword.config.stores.ldap_pairs.find_spec", without)
    assert said(tmp_path, URL, BASE) == {
        "store[0].kind": 'needs a library that is not here; run pip install "watchword[ldap]"'
    }
