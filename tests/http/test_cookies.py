"""Cookies (RFC 6265bis), written for and read from real user agents."""

from __future__ import annotations

import tomllib
from http.cookiejar import CookieJar
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.request import Request as UrlRequest

import pytest
from requests.cookies import MockResponse

from watchword.http.cookies import clear_cookie, find_cookie, read_cookies, set_cookie

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors/rfc/http-fields.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["cookies"], ids=lambda vector: vector["source"])
def test_the_cookies_that_rfcs_print_are_read(vector: dict[str, Any]) -> None:
    line = vector["line"].encode("ascii")
    assert read_cookies([line]) == {name: (value,) for name, value in vector["pairs"]}
    for name, value in vector["pairs"]:
        assert find_cookie((line,), name.encode("ascii")) == (value.encode("ascii"),)


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        pytest.param((), (), id="no line"),
        pytest.param((b"",), (), id="empty"),
        pytest.param((b"sid=a",), (b"a",), id="one"),
        pytest.param((b"x=1;sid=a ; y=2",), (b"a",), id="among others"),
        pytest.param((b"sid=a; sid=b",), (b"a", b"b"), id="twice in a line F26"),
        pytest.param((b"sid=a", b"x=1; sid=a"), (b"a", b"a"), id="twice in two lines F26"),
        pytest.param((b"x=1", b"sid=a"), (b"a",), id="HTTP/2 splits lines"),
        pytest.param((b"SID=a; sid2=b; xsid=c",), (), id="other names"),
        pytest.param((b"x=sid",), (), id="a value is no name"),
        pytest.param((b"sid",), (), id="a pair without an equals sign has no name"),
        pytest.param((b"sid=",), (b"",), id="empty value"),
        pytest.param((b"sid=a=b==",), (b"a=b==",), id="equals signs in the value"),
        pytest.param((b'sid="a"',), (b'"a"',), id="quotes belong to the value"),
        pytest.param((b"sid = a",), (b"a",), id="spaces around"),
        pytest.param((b"sid=\xff\x00",), (b"\xff\x00",), id="any bytes"),
    ],
)
def test_every_value_of_a_cookie_is_found(lines: tuple[bytes, ...], values: tuple[bytes, ...]) -> None:
    assert find_cookie(lines, b"sid") == values
    assert read_cookies(lines).get("sid", ()) == tuple(value.decode("latin-1") for value in values)


def test_a_nameless_cookie_is_read_under_no_name() -> None:
    assert read_cookies([b"a; =b; ; c=d"]) == {"": ("a", "b"), "c": ("d",)}


def test_the_session_cookie_has_every_guard__S2_1() -> None:
    assert set_cookie("__Host-watchword", "ww_s_x", max_age=43200) == (
        b"__Host-watchword=ww_s_x; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def test_each_attribute_can_be_chosen__S2_36() -> None:
    assert set_cookie("watchword", "x", max_age=None, secure=False) == b"watchword=x; Path=/; HttpOnly; SameSite=Lax"
    assert (
        set_cookie(
            "AuthSession",
            '"x"',
            max_age=600,
            path="/db",
            domain="Example.COM",
            http_only=False,
            same_site="None",
        )
        == b'AuthSession="x"; Max-Age=600; Path=/db; Domain=example.com; Secure; SameSite=None'
    )


def test_a_cleared_cookie_is_gone_in_every_user_agent() -> None:
    assert clear_cookie("__Host-watchword") == (
        b"__Host-watchword=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


@pytest.mark.parametrize(
    ("name", "value", "attributes", "message"),
    [
        pytest.param("", "x", {}, "name", id="nameless"),
        pytest.param("a b", "x", {}, "name", id="space in the name"),
        pytest.param("a=b", "x", {}, "name", id="equals sign in the name"),
        pytest.param("a", "x y", {}, "value", id="space"),
        pytest.param("a", "x;y", {}, "value", id="semicolon"),
        pytest.param("a", "x,y", {}, "value", id="comma"),
        pytest.param("a", "x\\y", {}, "value", id="backslash"),
        pytest.param("a", 'x"y', {}, "value", id="quote amid"),
        pytest.param("a", '"x', {}, "value", id="quote never closed"),
        pytest.param("a", "x\r\nSet-Cookie: b=c", {}, "value", id="header split F18"),
        pytest.param("a", "x\n", {}, "value", id="line feed at the end F18"),
        pytest.param("a", "é", {}, "value", id="not ASCII"),
        pytest.param("a", "x" * 4096, {}, "4096", id="too long 3.3.5"),
        pytest.param("a", "x", {"path": "db"}, "path", id="relative path"),
        pytest.param("a", "x", {"path": "/; Domain=evil"}, "path", id="attribute in the path"),
        pytest.param("a", "x", {"path": "/\n"}, "path", id="line feed in the path F18"),
        pytest.param("a", "x", {"path": "/" + "x" * 1024}, "path", id="path that is ignored for its length"),
        pytest.param("a", "x", {"domain": ""}, "domain", id="empty domain"),
        pytest.param("a", "x", {"domain": ".example.com"}, "domain", id="leading dot"),
        pytest.param("a", "x", {"domain": "a..b"}, "domain", id="empty label"),
        pytest.param("a", "x", {"domain": "a;b"}, "domain", id="attribute in the domain"),
        pytest.param("a", "x", {"domain": "a." * 127}, "domain", id="domain too long"),
        pytest.param("a", "x", {"same_site": "lax"}, "SameSite", id="unknown SameSite"),
        pytest.param(
            "a", "x", {"same_site": "None", "secure": False}, "SameSite=None", id="SameSite=None in cleartext"
        ),
        pytest.param("a", "x", {"max_age": 0}, "Max-Age", id="ended already"),
        pytest.param("a", "x", {"max_age": -1}, "Max-Age", id="negative age"),
        pytest.param("__Host-a", "x", {"domain": "example.com"}, "__Host-", id="__Host- with a domain 3.3.3"),
        pytest.param("__Host-a", "x", {"path": "/db"}, "__Host-", id="__Host- below a path 3.3.3"),
        pytest.param("__Host-a", "x", {"secure": False}, "__Host-", id="__Host- in cleartext 3.3.1"),
        pytest.param("__HOST-a", "x", {"secure": False}, "__Host-", id="__Host- in any case"),
        pytest.param("__Secure-a", "x", {"secure": False}, "__Secure-", id="__Secure- in cleartext 3.3.1"),
    ],
)
def test_a_cookie_that_would_be_refused_or_misread_is_not_written(
    name: str, value: str, attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        set_cookie(name, value, **{"max_age": None, **attributes})


def test_the_longest_cookie_is_written__3_3_5() -> None:
    assert len(set_cookie("a", "x" * 4095, max_age=None)) > 4096


def test_other_readers_agree_on_our_cookies() -> None:
    line = set_cookie("sid", "a!b", max_age=60, path="/db", domain="example.com").decode("ascii")
    morsel = SimpleCookie(line)["sid"]
    assert (morsel.value, morsel["max-age"], morsel["path"], morsel["domain"]) == ("a!b", "60", "/db", "example.com")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")


def test_a_cookie_jar_keeps_sends_back_and_drops_our_cookie() -> None:
    jar = CookieJar()
    request = UrlRequest("https://www.example.com/")
    jar.extract_cookies(response(set_cookie("__Host-sid", "a1", max_age=60)), request)
    assert [(cookie.name, cookie.value, cookie.secure) for cookie in jar] == [("__Host-sid", "a1", True)]
    jar.add_cookie_header(request)
    sent = request.get_header("Cookie")
    assert sent is not None
    assert find_cookie((sent.encode("ascii"),), b"__Host-sid") == (b"a1",)
    jar.extract_cookies(response(clear_cookie("__Host-sid")), request)
    assert list(jar) == []


def response(line: bytes) -> Any:
    """A response with one Set-Cookie line, as the standard library's cookie jar wants it."""
    from email.message import Message

    message = Message()
    message["Set-Cookie"] = line.decode("ascii")
    return MockResponse(message)
