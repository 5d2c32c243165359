"""Cross-origin resource sharing."""

from __future__ import annotations

import pytest

from watchword.http.cors import actual_fields, preflight, preflight_fields
from watchword.http.message import Fields, Request

ALLOWED = frozenset({"https://app.example.org", "null", "*"})
APP = (b"origin", b"https://app.example.org")
ASKS = (b"access-control-request-method", b"PUT")


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("OPTIONS", (APP, ASKS), True),
        ("OPTIONS", (APP,), False),
        ("OPTIONS", (ASKS,), False),
        ("OPTIONS", (), False),
        ("POST", (APP, ASKS), False),
        ("options", (APP, ASKS), False),
    ],
)
def test_a_preflight_has_all_three_marks__C22(method: str, fields: Fields, expected: bool) -> None:
    assert preflight(Request(method, b"/", fields)) is expected


def test_an_allowed_page_learns_what_it_may_send__C22__S3_8() -> None:
    fields = preflight_fields(Request("OPTIONS", b"/", (APP, ASKS)), ALLOWED, methods=("GET", "PUT"), max_age=600)
    assert fields == (
        (b"access-control-allow-origin", b"https://app.example.org"),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", b"GET, PUT"),
        (b"access-control-allow-headers", b"Auth-Key, Authorization, Content-Type, No-Auth-Challenge, X-API-Key"),
        (b"access-control-max-age", b"600"),
    )


def test_an_allowed_page_may_read_our_fields__S3_2() -> None:
    fields = dict(actual_fields(Request("GET", b"/", (APP,)), ALLOWED))
    assert fields[b"access-control-allow-origin"] == b"https://app.example.org"
    assert fields[b"access-control-expose-headers"] == (
        b"Auth-Token, Auth-Token-Location, Auth-Token-Valid-Until, Auth-Decision, Authentication-Info, "
        b"Integration-Provider, Integration-Status, WWW-Authenticate, Retry-After"
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param((), id="no origin"),
        pytest.param(((b"origin", b"https://evil.example"),), id="another"),
        pytest.param(((b"origin", b"null"),), id="null, even where it is listed"),
        pytest.param(((b"origin", b"https://app.example.org.evil.example"),), id="a prefix"),
        pytest.param((APP, APP), id="twice"),
        pytest.param(((b"origin", b"\xff\r\n"),), id="bytes"),
    ],
)
def test_everybody_else_gets_nothing__3_4_2(fields: Fields) -> None:
    request = Request("OPTIONS", b"/", (*fields, ASKS))
    assert preflight_fields(request, ALLOWED, methods=("GET",), max_age=600) == ()
    assert actual_fields(request, ALLOWED) == ()


@pytest.mark.parametrize("name", ["*", "a b", "", "X\r\nY"], ids=ascii)
def test_everything_is_named_one_by_one(name: str) -> None:
    with pytest.raises(ValueError, match="one by one"):
        actual_fields(Request("GET", b"/", (APP,)), ALLOWED, ("Auth-Token", name))
