"""Filters and distinguished names: nothing in a value reaches past it, and every spelling of a name is one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.search import parse_filter
from ldap3.protocol.convert import prepare_filter_for_sending
from ldap3.utils.dn import parse_dn

from watchword.stores.ldap.text import in_dn, in_filter, is_below, normal_dn, parts_of

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(NAMES)
def test_a_value_in_a_filter_is_one_value__S2_14__C07(name: str) -> None:
    """As ldap3 reads and sends it."""
    parsed = parse_filter(f"(&(objectClass=person)(uid={in_filter(name)}))", None, False, False, None, False)
    (both,) = parsed.elements
    assert len(both.elements) == 2
    assert prepare_filter_for_sending(both.elements[1].assertion["value"]) == name.encode()


@given(NAMES)
def test_a_value_in_a_distinguished_name_is_one_value__S2_14__C07(name: str) -> None:
    dn = f"uid={in_dn(name)},ou=people,dc=example"
    assert parts_of(dn) == [[("uid", name)], [("ou", "people")], [("dc", "example")]]
    assert [part[0] for part in parse_dn(dn)] == ["uid", "ou", "dc"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # RFC 4515 section 4
        (
            "Parens R Us (for all your parenthetical needs)",
            r"Parens\20R\20Us\20\28for\20all\20your\20parenthetical\20needs\29",
        ),
        ("*", r"\2a"),
        ("C:\\MyFile", r"C\3a\5cMyFile"),
        ("\0\0\0\4", r"\00\00\00\04"),
        ("Lu\u010di\u0107", r"Lu\c4\8di\c4\87"),
    ],
)
def test_the_examples_of_the_rfc_are_written_as_octets__S2_14(value: str, written: str) -> None:
    assert in_filter(value) == written


@pytest.mark.parametrize(
    ("dn", "parts"),
    [
        # RFC 4514 section 4
        ("UID=jsmith,DC=example,DC=net", [[("UID", "jsmith")], [("DC", "example")], [("DC", "net")]]),
        (
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            [[("OU", "Sales"), ("CN", "J.  Smith")], [("DC", "example")], [("DC", "net")]],
        ),
        (
            r"CN=James \"Jim\" Smith\, III,DC=example,DC=net",
            [[("CN", 'James "Jim" Smith, III')], [("DC", "example")], [("DC", "net")]],
        ),
        (r"CN=Before\0dAfter,DC=example,DC=net", [[("CN", "Before\rAfter")], [("DC", "example")], [("DC", "net")]]),
        ("1.3.6.1.4.1.1466.0=#04024869", [[("1.3.6.1.4.1.1466.0", "#04024869")]]),
        (r"CN=Lu\C4\8Di\C4\87", [[("CN", "Lu\u010di\u0107")]]),
        (r"CN=\ space\ ", [[("CN", " space ")]]),
        ("CN = a , DC = b", [[("CN", "a")], [("DC", "b")]]),
    ],
)
def test_distinguished_names_are_read__S2_14(dn: str, parts: list[list[tuple[str, str]]]) -> None:
    assert parts_of(dn) == parts


@pytest.mark.parametrize(
    "dn", ["", "ann", "uid=ann,", ",uid=ann", "uid=ann,ou", "=ann", "uid=a\0b", r"uid=\zz", r"uid=\ff", "uid=<a>"]
)
def test_what_is_no_distinguished_name_is_none__S2_14(dn: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of a bad octet Python's own sentence comes
        parts_of(dn)


@pytest.mark.parametrize(
    "dn",
    [
        "CN=Front Desk,OU=Groups,DC=example",
        "cn=front desk, ou=groups, dc=EXAMPLE",
        r"cn=front\20desk,ou=groups,dc=example",
        "cn=front  desk ,ou=groups,dc=example",
    ],
)
def test_every_spelling_of_a_name_is_one_name__S2_14(dn: str) -> None:
    assert normal_dn(dn) == normal_dn("cn=front desk,ou=groups,dc=example")
    assert normal_dn(dn) != normal_dn("cn=front desk,ou=groups,dc=example,dc=com")


@pytest.mark.parametrize(
    ("dn", "base", "below"),
    [
        ("cn=a,ou=groups,dc=example", "OU=Groups, DC=example", True),
        ("ou=groups,dc=example", "ou=groups,dc=example", True),
        ("cn=a,dc=example", "", True),
        ("dc=example", "ou=groups,dc=example", False),
        ("cn=a,ou=others,dc=example", "ou=groups,dc=example", False),
        ("cn=a,xou=groups,dc=example", "ou=groups,dc=example", False),
        ("no name", "dc=example", False),
    ],
)
def test_what_is_below_is_told_by_whole_parts__S2_14(dn: str, base: str, below: bool) -> None:
    assert is_below(dn, base) == below
