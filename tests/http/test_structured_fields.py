"""Structured field values, by the examples of RFC 9651 and by what its algorithms say of everything else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.structured_fields import (
    Bare,
    Date,
    DisplayString,
    InnerList,
    Item,
    Member,
    Token,
    parse_dictionary,
    parse_item,
    parse_list,
)
from watchword.http.syntax import Unreadable


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"42", 42),
        (b"-0", 0),
        (b"-999999999999999", -999999999999999),
        (b"042", 42),
        (b"4.5", Decimal("4.5")),
        (b"-999999999999.999", Decimal("-999999999999.999")),
        (b'"hello world"', "hello world"),
        (b'"a \\"b\\" \\\\"', 'a "b" \\'),
        (b'""', ""),
        (b"foo123/456", Token("foo123/456")),
        (b"*", Token("*")),
        (b":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:", b"pretend this is binary content."),
        (b":cHJldGVuZA:", b"pretend"),
        (b"::", b""),
        (b"?1", True),
        (b"?0", False),
        (b"@1659578233", Date(1659578233)),
        (b"@-1", Date(-1)),
        (b'%"This is intended for display to %c3%bcsers."', DisplayString("This is intended for display to üsers.")),
        (b"  5  ", 5),
    ],
)
def test_items_of_rfc_9651_section_3_3(value: bytes, read: Bare) -> None:
    item = parse_item((value,))
    assert item == Item(read)
    assert isinstance(item, Item)
    assert type(item.value) is type(read)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"\t5",
        b"5\t",
        b"1000000000000000",
        b"1000000000000.1",
        b"1.",
        b".5",
        b"1.2345",
        b"-",
        b"--1",
        b"1 2",
        b"1,2",
        b'"no end',
        b'"\\n"',
        b'"\x7f"',
        b'"\xc3\xbc"',
        b"'x'",
        b":=:",
        b":YQ=:a",
        b":YQ",
        b":Y:",
        b":YQ==YQ==:",
        b":_-:",
        b":Y Q:",
        b"?2",
        b"?",
        b"?true",
        b"@1.0",
        b"@",
        b'%"%C3%BC"',
        b'%"%ff"',
        b'%"%"',
        b"%x",
        b"a;",
        b"a;B=1",
        b"a;b=",
        b"a ;b",
        b"()",
        b"a=1",
    ],
)
def test_what_is_no_item_is_unreadable(value: bytes) -> None:
    assert isinstance(parse_item((value,)), Unreadable)


def test_several_lines_are_one_value() -> None:
    assert isinstance(parse_item((b"1", b"2")), Unreadable)
    assert parse_list((b"1", b"2")) == (Item(1), Item(2))
    assert parse_dictionary((b"a=1", b"b=2")) == {"a": Item(1), "b": Item(2)}


def test_parameters_keep_their_order_and_the_last_of_a_name_counts() -> None:
    assert parse_item((b'abc;a=1;b;  c="x";a=2',)) == Item(Token("abc"), (("a", 2), ("b", True), ("c", "x")))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"", ()),
        (b"sugar, tea, rum", (Item(Token("sugar")), Item(Token("tea")), Item(Token("rum")))),
        (b"1\t,\t2", (Item(1), Item(2))),
        (
            b'("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl=1',
            (
                InnerList((Item("foo", (("a", 1), ("b", 2))),), (("lvl", 5),)),
                InnerList((Item("bar"), Item("baz")), (("lvl", 1),)),
            ),
        ),
        (b"( )", (InnerList(()),)),
    ],
)
def test_lists_of_rfc_9651_section_3_1(value: bytes, read: tuple[Member, ...]) -> None:
    assert parse_list((value,)) == read


@pytest.mark.parametrize("value", [b",", b"a,", b",a", b"a,,b", b"a b", b"(a", b"(a,b)", b'("a""b")', b"((a))", b"a;"])
def test_what_is_no_list_is_unreadable(value: bytes) -> None:
    assert isinstance(parse_list((value,)), Unreadable)


def test_dictionaries_of_rfc_9651_section_3_2() -> None:
    assert parse_dictionary((b"a=?0, b, c; foo=bar",)) == {
        "a": Item(False),
        "b": Item(True),
        "c": Item(True, (("foo", Token("bar")),)),
    }
    assert parse_dictionary((b"rating=1.5, feelings=(joy sadness)",)) == {
        "rating": Item(Decimal("1.5")),
        "feelings": InnerList((Item(Token("joy")), Item(Token("sadness")))),
    }
    read = parse_dictionary((b"a=1, b=2, a=3",))
    assert isinstance(read, dict)
    assert list(read.items()) == [("a", Item(3)), ("b", Item(2))]
    assert parse_dictionary(()) == {}


@pytest.mark.parametrize("value", [b"A=1", b"a=", b"a=1,", b"a==1", b"=1", b"a =1", b"1=a"])
def test_what_is_no_dictionary_is_unreadable(value: bytes) -> None:
    assert isinstance(parse_dictionary((value,)), Unreadable)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_lines_are_read_or_unreadable__F16(lines: list[bytes]) -> None:
    parse_item(lines)
    parse_list(lines)
    parse_dictionary(lines)


@given(st.lists(st.text('abcA1-.,;=()":?@% \\\t*', max_size=40), max_size=3))
def test_what_nearly_is_a_structured_field_is_read_or_unreadable(lines: list[str]) -> None:
    encoded = [line.encode() for line in lines]
    parse_item(encoded)
    parse_list(encoded)
    parse_dictionary(encoded)


@pytest.mark.parametrize("piece", [b"a", b"(", b'"\\', b"1,", b";a", b" ", b"a=(", b":", b"%"])
def test_reading_takes_time_with_the_length_and_no_more__F16(piece: bytes) -> None:
    value = (piece * 60_000,)
    for parse in (parse_item, parse_list, parse_dictionary):
        parse(value)
