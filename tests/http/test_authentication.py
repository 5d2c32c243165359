"""Challenges and credentials (RFC 9110 section 11, RFC 7617)."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from watchword.http.authentication import (
    Authorization,
    Challenge,
    Unreadable,
    parse_challenges,
    read_authorization,
    read_basic,
)

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors/rfc/http-fields.toml").read_text(encoding="utf-8"))


def pairs(listed: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in listed)


def basic(user_pass: bytes) -> str:
    return base64.b64encode(user_pass).decode("ascii")


# --- challenges ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["challenges"], ids=lambda vector: vector["source"])
def test_the_challenges_that_rfcs_print_are_read(vector: dict[str, Any]) -> None:
    expected = tuple(
        Challenge(each["scheme"], pairs(each.get("params", [])), each.get("token68")) for each in vector["challenges"]
    )
    assert parse_challenges([vector["line"]]) == expected
    assert parse_challenges([vector["line"].encode("ascii")]) == expected
    assert parse_challenges(str(each) for each in expected) == expected


def test_a_challenge_is_one_line_with_everything_quoted__S0_3() -> None:
    assert str(Challenge("Basic", {"realm": "OpenMRS", "charset": "UTF-8"})) == 'Basic realm="OpenMRS", charset="UTF-8"'
    assert str(Challenge("OpenMRS-Cookie", {"realm": "OpenMRS"})) == 'OpenMRS-Cookie realm="OpenMRS"'
    assert str(Challenge("APIKEY", (("realm", 'a "b" \\ c'),))) == 'APIKEY realm="a \\"b\\" \\\\ c"'
    assert str(Challenge("Negotiate")) == "Negotiate"
    assert str(Challenge("Negotiate", token68="b2k=")) == "Negotiate b2k="
    assert Challenge("Basic", {"realm": "Größe"}).line() == 'Basic realm="Größe"'.encode()


def test_python_itself_reads_our_parameters_likewise() -> None:
    params = {"realm": 'a, "b"', "error": "invalid_token", "error_description": "x=y; z"}
    _, _, listed = str(Challenge("Bearer", params)).partition(" ")
    assert parse_keqv_list(parse_http_list(listed)) == {"realm": 'a, "b"', **params}


@pytest.mark.parametrize("scheme", ["", "My App", "Größe", "a,b", 'a"', "Basic\r\nX: y", "Basic\n", "a\x00"], ids=ascii)
def test_a_scheme_that_is_no_token_is_refused__S0_13(scheme: str) -> None:
    with pytest.raises(ValueError, match="token"):
        Challenge(scheme, {"realm": "x"})


@pytest.mark.parametrize("realm", ["a\r\nSet-Cookie: x=y", "a\nb", "a\x00b", "a\x7f", "\x1b[31m"], ids=ascii)
def test_a_challenge_never_splits_the_header__F18(realm: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        Challenge("Basic", {"realm": realm})


def test_a_challenge_that_could_be_read_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="name of a parameter"):
        Challenge("Basic", {"my realm": "x"})
    with pytest.raises(ValueError, match="only once"):
        Challenge("Basic", (("realm", "x"), ("Realm", "y")))
    with pytest.raises(ValueError, match="token68"):
        Challenge("Negotiate", {"realm": "x"}, "abcd")
    with pytest.raises(ValueError, match="token68"):
        Challenge("Negotiate", token68="a b")


def test_more_parameters_take_the_place_of_the_old() -> None:
    bearer = Challenge("Bearer", {"realm": "x", "error": "invalid_request"})
    assert str(bearer.with_params(error="invalid_token", scope="read")) == (
        'Bearer realm="x", error="invalid_token", scope="read"'
    )
    assert str(bearer.with_params({"Realm": "y"})) == 'Bearer Realm="y", error="invalid_request"'
    assert bearer.with_params() == bearer
    assert bearer.with_params((("max_age", "5"),)).param("MAX_AGE") == "5"
    assert bearer.param("scope") is None


def test_challenges_are_values() -> None:
    assert len({Challenge("Basic", {"realm": "x"}), Challenge("Basic", (("realm", "x"),)), Challenge("Basic")}) == 2


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], (), id="nothing"),
        pytest.param(["", " , ,"], (), id="empty lists"),
        pytest.param(["Negotiate, NTLM"], (Challenge("Negotiate"), Challenge("NTLM")), id="schemes alone"),
        pytest.param(
            ['Negotiate b2k=, Foo bar, Basic realm="x"'],
            (Challenge("Negotiate", (), "b2k="), Challenge("Foo", (), "bar"), Challenge("Basic", {"realm": "x"})),
            id="token68 before parameters",
        ),
        pytest.param(
            ["Unknown a=b,, c=d ,\t, e=f,Basic realm=x"],
            (Challenge("Unknown", (("a", "b"), ("c", "d"), ("e", "f"))), Challenge("Basic", {"realm": "x"})),
            id="empty members count for nothing",
        ),
        pytest.param(
            ['Basic realm="a, Digest realm=b"'],
            (Challenge("Basic", {"realm": "a, Digest realm=b"}),),
            id="a scheme inside quotes is none",
        ),
        pytest.param(
            ['Newauth realm="apps"', "type=1", b"Basic  realm = x"],
            (Challenge("Newauth", (("realm", "apps"), ("type", "1"))), Challenge("Basic", {"realm": "x"})),
            id="several lines are one list",
        ),
        pytest.param(
            ['Basic realm=My App, charset="UTF-8", Digest realm=x'],
            (Challenge("Digest", {"realm": "x"}),),
            id="an unreadable challenge goes with its parameters",
        ),
        pytest.param(
            ["Basic realm=x, @@, charset=UTF-8, Foo"],
            (Challenge("Basic", {"realm": "x"}), Challenge("Foo")),
            id="behind an unreadable member no parameter has a challenge",
        ),
        pytest.param(["Basic realm=x, Realm=y, Foo a=b"], (Challenge("Foo", {"a": "b"}),), id="repeated parameter"),
        pytest.param(["a=b, Foo"], (Challenge("Foo"),), id="a parameter without a challenge"),
        pytest.param(['Basic realm="never closed, Foo'], (), id="a quote never closed"),
        pytest.param(["Negotiate b2k=, realm=x"], (Challenge("Negotiate", (), "b2k="),), id="token68 or parameters"),
        pytest.param(["Basic realm=Größe".encode()], (), id="a token is ASCII"),
        pytest.param(['Basic realm="Größe"'.encode()], (Challenge("Basic", {"realm": "Größe"}),), id="UTF-8"),
        pytest.param(
            ['Basic realm="Größe"'.encode("latin-1")], (Challenge("Basic", {"realm": "Größe"}),), id="latin-1"
        ),
    ],
)
def test_clients_read_what_servers_send__S4_9(lines: list[str | bytes], expected: tuple[Challenge, ...]) -> None:
    assert parse_challenges(lines) == expected


# --- credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["credentials"], ids=lambda vector: vector["source"])
def test_the_credentials_that_rfcs_print_are_read(vector: dict[str, Any]) -> None:
    read = read_authorization(vector["line"].encode("ascii"))
    assert isinstance(read, Authorization)
    assert read.scheme == vector["scheme"]
    if "user" in vector:
        assert read.token68 is not None
        assert read_basic(read.token68) == (vector["user"], vector["password"])
    elif "token68" in vector:
        assert read.token68 == vector["token68"]
    else:
        assert read.params == pairs(vector["params"])
        assert read.param("username") == "Mufasa"
        assert read.param("userhash") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"Basic eDp5", Authorization("basic", (), "eDp5", "eDp5"), id="as usual"),
        pytest.param(b"bASIC eDp5", Authorization("basic", (), "eDp5", "eDp5"), id="any case"),
        pytest.param(b"Basic   eDp5", Authorization("basic", (), "eDp5", "eDp5"), id="many spaces"),
        pytest.param(b"Basic eDp5==", Authorization("basic", (), "eDp5==", "eDp5=="), id="wrong padding is for Basic"),
        pytest.param(b"Basic", Authorization("basic"), id="scheme alone"),
        pytest.param(b"Bearer ", Authorization("bearer"), id="scheme and a space"),
        pytest.param(b"Basic !!!", Authorization("basic", raw="!!!"), id="junk"),
        pytest.param(b"Basic eDp5 eDp5", Authorization("basic", raw="eDp5 eDp5"), id="two tokens"),
        pytest.param(b"Basic eDp5, Bearer y", Authorization("basic", raw="eDp5, Bearer y"), id="joined F20"),
        pytest.param(
            b"Basic eDp5,Basic eDp6", Authorization("basic", raw="eDp5,Basic eDp6"), id="joined, no space F20"
        ),
        pytest.param(b"Basic \teDp5", Authorization("basic", raw="\teDp5"), id="space and tab"),
        pytest.param(b"Basic eDp5\r\nX: y", Authorization("basic", raw="eDp5\r\nX: y"), id="CR and LF F18"),
        pytest.param(b"Basic \xff", Authorization("basic", raw="ÿ"), id="8-bit"),
        pytest.param(
            b'Digest A=1, b = "x, \\"y\\"" ,, c=z',
            Authorization("digest", (("a", "1"), ("b", 'x, "y"'), ("c", "z")), None, 'A=1, b = "x, \\"y\\"" ,, c=z'),
            id="parameters",
        ),
        pytest.param(b"Digest a=1, ?", Authorization("digest", raw="a=1, ?"), id="broken parameters"),
        pytest.param(b"Digest a=1, A=2", Unreadable("repeated-parameter"), id="repeated parameter C10"),
        pytest.param(b"", Unreadable("no-scheme"), id="empty C10"),
        pytest.param(b" Basic eDp5", Unreadable("no-scheme"), id="space before C10"),
        pytest.param(b"Basic\teDp5", Unreadable("no-scheme"), id="tab C10"),
        pytest.param(b'"Basic" eDp5', Unreadable("no-scheme"), id="quoted scheme C10"),
        pytest.param(b"Basic,Bearer y", Unreadable("no-scheme"), id="comma C10"),
        pytest.param(b"eDp5=", Unreadable("no-scheme"), id="token without a scheme C10"),
        pytest.param(b"\xff\xfe", Unreadable("no-scheme"), id="bytes C10"),
    ],
)
def test_every_authorization_line_becomes_a_value__F19(value: bytes, expected: Authorization | Unreadable) -> None:
    assert read_authorization(value) == expected


def test_credentials_do_not_show_in_a_repr__F33() -> None:
    for value in (b"Basic Y2FuYXJ5", b'Digest response="Y2FuYXJ5"', b"Foo !Y2FuYXJ5 x"):
        assert "Y2FuYXJ5" not in repr(read_authorization(value))


@pytest.mark.parametrize(
    ("user_pass", "expected"),
    [
        pytest.param(b"x:y", ("x", "y"), id="as usual"),
        pytest.param(b"ann:a:b:c", ("ann", "a:b:c"), id="colon in the password S3_1"),
        pytest.param(b":y", ("", "y"), id="empty user"),
        pytest.param(b"x:", ("x", ""), id="empty password"),
        pytest.param(b":", ("", ""), id="both empty"),
        pytest.param(b"ann: a ", ("ann", " a "), id="spaces belong to the password"),
        pytest.param("grün:größe".encode(), ("grün", "größe"), id="UTF-8"),
        pytest.param("gru\u0308n:a\u0301".encode(), ("grün", "á"), id="NFC"),
        pytest.param("ﬁ:Ａ".encode(), ("ﬁ", "Ａ"), id="not NFKC F17"),
        pytest.param("İ:ß".encode(), ("İ", "ß"), id="case stays F17"),
        pytest.param("\U0001f600:\u200d".encode(), ("\U0001f600", "\u200d"), id="four bytes, zero width"),
        pytest.param(b"ann:\xe9", Unreadable("not-utf-8"), id="latin-1"),
        pytest.param(b"ann:\xed\xa0\x80", Unreadable("not-utf-8"), id="surrogate"),
        pytest.param(b"a\xc0\xbab:c", Unreadable("not-utf-8"), id="overlong colon"),
        pytest.param(b"ann", Unreadable("no-colon"), id="no colon"),
        pytest.param(b"", Unreadable("no-colon"), id="empty"),
        pytest.param("ann：x".encode(), Unreadable("no-colon"), id="fullwidth colon"),
    ]
    + [
        pytest.param(b"an%cn:x" % byte, Unreadable("control-character"), id=f"user {byte:#04x} F18")
        for byte in (*range(32), 127)
    ]
    + [
        pytest.param(b"ann:x%cy" % byte, Unreadable("control-character"), id=f"password {byte:#04x} F18")
        for byte in (*range(32), 127)
    ],
)
def test_user_and_password_are_read_as_sent__F19(user_pass: bytes, expected: tuple[str, str] | Unreadable) -> None:
    assert read_basic(basic(user_pass)) == expected


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("eDp", id="padding missing"),
        pytest.param("eA=", id="padding cut"),
        pytest.param("eDp5=", id="padding too much"),
        pytest.param("eDp5====", id="padding far too much"),
        pytest.param("=eDp5", id="padding before"),
        pytest.param("eDp5=eDp5", id="padding amid"),
        pytest.param("OjF=", id="bits left over"),
        pytest.param("eDp5 ", id="space behind"),
        pytest.param("eDp5\n", id="line feed behind"),
        pytest.param("eD\np5", id="line feed amid"),
        pytest.param("eDp5!", id="junk behind"),
        pytest.param("eDo-", id="base64url minus"),
        pytest.param("eDo_", id="base64url underscore"),
        pytest.param("é", id="not ASCII"),
        pytest.param("e", id="one letter"),
        pytest.param("\ud800", id="surrogate"),
    ],
)
def test_base64_has_one_spelling__F19(token: str) -> None:
    assert read_basic(token) == Unreadable("not-base64")
