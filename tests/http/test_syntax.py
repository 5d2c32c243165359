"""Tokens, quoted-strings and lists (RFC 9110 section 5.6)."""

from __future__ import annotations

import pytest

from watchword.http.syntax import Unreadable, is_token, members, quote, read_param, read_params, unquote


@pytest.mark.parametrize("text", ["Basic", "OpenMRS-Cookie", "a", "!#$%&'*+-.^_`|~09azAZ"])
def test_tokens_are_tokens(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize("text", ["", " ", "a b", "a\n", "a:", 'a"', "a,b", "a=b", "a/b", "(a)", "é", "a\x00", "a\x7f"])
def test_other_text_is_no_token(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("Watchword", '"Watchword"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a\tb", '"a\tb"'),
        ("Müller, Söhne", '"Müller, Söhne"'),
    ],
)
def test_quoting_escapes_and_comes_back(text: str, quoted: str) -> None:
    assert quote(text) == quoted
    assert unquote(quoted) == text


@pytest.mark.parametrize("character", [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f", "\ud800"], ids=ascii)
def test_no_control_character_gets_into_a_quoted_string__F18(character: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        quote(f"a{character}b")


@pytest.mark.parametrize("text", ["", '"', "a", '"a', 'a"', '"a"b"', '"a\\"', '"a\nb"', '"a\\\nb"'])
def test_what_is_no_quoted_string_is_unreadable(text: str) -> None:
    assert unquote(text) == Unreadable("not-a-quoted-string")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,\t,", []),
        ("a", ["a"]),
        ("a,b ,\t c", ["a", "b", "c"]),
        ('a="x,y", b', ['a="x,y"', "b"]),
        ('a="x\\",y",b', ['a="x\\",y"', "b"]),
        ('a="never closed, b', ['a="never closed, b']),
        ('a="ends in a backslash\\', ['a="ends in a backslash\\']),
        ('a"b,c"d,e', ['a"b,c"d', "e"]),
        ('"a",', ['"a"']),
    ],
)
def test_quotes_protect_commas(text: str, expected: list[str]) -> None:
    assert members(text) == expected


def test_quotes_protect_semicolons_likewise() -> None:
    assert members('text/html; a="x;y,z" ;q=1', ";") == ["text/html", 'a="x;y,z"', "q=1"]


@pytest.mark.parametrize(
    ("member", "param"),
    [
        ("a=b", ("a", "b")),
        ("Realm \t= x", ("Realm", "x")),
        ('realm="a \\"b\\" \\\\"', ("realm", 'a "b" \\')),
        ('a=""', ("a", "")),
        ("a", None),
        ("a=", None),
        ("=b", None),
        ("a=b c", None),
        ("a=b=c", None),
        ('a="b"c', None),
        ('a="b', None),
    ],
)
def test_one_parameter_is_read_or_not(member: str, param: tuple[str, str] | None) -> None:
    assert read_param(member) == param


def test_a_parameter_comes_once_whatever_its_case() -> None:
    assert read_params(["a=1", "B=2"]) == (("a", "1"), ("b", "2"))
    assert read_params(["a=1", 'A="1"']) == Unreadable("repeated-parameter")
    assert read_params(["a=1", "?"]) == Unreadable("bad-parameters")
