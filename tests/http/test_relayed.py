"""What passes through a relay: lists of what may, and paths that stay below the provider's (S1.2, S1.3)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.relayed import Relayed, Unrelayable, returned_fields, sent_fields, url_below
from watchword.http.sent_credential import Carrier
from watchword.http.statuses import ASSIGNED, understood
from watchword.http.syntax import Unreadable
from watchword.outgoing.destination import read_destination

BASE = "https://api.example.com/v3"
BEARER = Carrier()

OURS = [
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"auth-key",
    b"x-api-key",
    b"no-auth-challenge",
    b"remote-user",
    b"remote-roles",
    b"watchword-identity",
    b"client-cert",
    b"x-client-cert",
    b"host",
    b"origin",
    b"referer",
    b"x-csrf-token",
]
OF_PROXIES = [b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"]
HOP_BY_HOP = [
    b"connection",
    b"keep-alive",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
    b"content-length",
    b"proxy-connection",
    b"accept-encoding",
]
THEIRS = [
    b"set-cookie",
    b"set-cookie2",
    b"www-authenticate",
    b"proxy-authenticate",
    b"authentication-info",
    b"proxy-authentication-info",
    b"authentication-control",
    b"optional-www-authenticate",
    b"location",
    b"refresh",
    b"access-control-allow-origin",
    b"access-control-allow-credentials",
    b"access-control-expose-headers",
    b"service-worker-allowed",
    b"clear-site-data",
    b"strict-transport-security",
    b"content-security-policy",
    b"x-frame-options",
    b"alt-svc",
    b"sourcemap",
    b"x-sourcemap",
    b"report-to",
    b"reporting-endpoints",
    b"nel",
    b"cache-control",
    b"vary",
    b"age",
    b"expires",
    b"server",
    b"via",
    b"connection",
    b"upgrade",
    b"trailer",
    b"transfer-encoding",
    b"content-length",
    b"auth-decision",
    b"auth-token",
    b"integration-provider",
    b"integration-status",
    b"public-key-pins",
    b"speculation-rules",
    b"critical-ch",
    b"accept-ch",
    b"origin-agent-cluster",
]


@pytest.mark.parametrize("name", OURS + OF_PROXIES + HOP_BY_HOP, ids=bytes.decode)
def test_what_is_meant_for_us_does_not_go_out__S1_3__F33(name: bytes) -> None:
    fields = ((b"accept", b"text/plain"), (name, b"canary"))
    assert sent_fields(fields) == ((b"accept", b"text/plain"),)


@pytest.mark.parametrize("name", THEIRS, ids=bytes.decode)
@pytest.mark.parametrize("status", [200, 204, 304, 400, 403])
def test_what_would_speak_for_us_does_not_come_back__S1_3(name: bytes, status: int) -> None:
    fields = ((b"content-type", b"application/json"), (name, b"canary"), (name.title(), b"canary"))
    assert returned_fields(fields, status) == ((b"content-type", b"application/json"),)


def test_what_clients_work_with_comes_back() -> None:
    fields = (
        (b"ETag", b'"1"'),
        (b"content-type", b"application/vnd.example+json; charset=utf-8"),
        (b"Link", b'<https://api.example.com/v3/items?page=2>; rel="next"'),
        (b"x-ratelimit-remaining", b"4"),
        (b"RateLimit-Policy", b'"q";q=5'),
    )
    assert returned_fields(fields, 200) == tuple((name.lower(), value) for name, value in fields)


def test_location_comes_back_only_where_nobody_is_sent_there() -> None:
    fields = ((b"content-type", b"application/json"), (b"location", b"https://api.example.com/v3/items/7"))
    assert returned_fields(fields, 201) == fields
    assert all(line in returned_fields(fields, 202) for line in fields)
    for status in (200, 300, 301, 302, 303, 307, 308, 404):
        assert b"location" not in dict(returned_fields(fields, status))


def test_nobody_can_take_one_of_two_lines_for_the_other() -> None:
    fields = (
        (b"accept", b"a/b"),
        (b"content-type", b"text/plain"),
        (b"accept", b"*/*"),
        (b"content-type", b"text/csv"),
    )
    assert sent_fields(fields) == ((b"accept", b"a/b"), (b"accept", b"*/*"))


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b=c", b"a\nb", b"a\x00b", b"\x7f"])
def test_no_value_ends_its_line__S1_3(value: bytes) -> None:
    assert sent_fields(((b"accept", value),)) == ()
    assert dict(returned_fields(((b"etag", value),), 200)) == {b"content-disposition": b"attachment"}


@pytest.mark.parametrize(
    "media_type",
    [
        b"text/javascript",
        b"Application/JavaScript; charset=utf-8",
        b"application/x-javascript",
        b"text/ecmascript",
        b"text/javascript1.5",
        b"text/jscript",
        b"text/livescript",
        b"text/css",
        b"application/json, text/javascript",
    ],
)
def test_what_a_page_of_ours_could_run_has_no_type__S1_3(media_type: bytes) -> None:
    """With `nosniff`, nothing without a type is a script, a worker or a style."""
    answer = Relayed("github", 200, ((b"content-type", media_type),), b"alert(1)").response()
    assert answer.lines(b"content-type") == ()
    assert answer.lines(b"content-disposition") == (b"attachment",)
    assert answer.lines(b"x-content-type-options") == (b"nosniff",)


@pytest.mark.parametrize(
    ("types", "shown"),
    [
        ([b"application/json"], True),
        ([b"application/problem+json; charset=utf-8"], True),
        ([b"text/plain"], True),
        ([b"image/png"], True),
        ([b"text/html"], False),
        ([b"image/svg+xml"], False),
        ([b"application/xml"], False),
        ([b"application/pdf"], False),
        ([b"application/json, text/html"], False),
        ([b"application/json", b"text/html"], False),
        ([], False),
    ],
)
def test_what_could_be_a_page_is_saved_and_not_shown__S1_3(types: list[bytes], shown: bool) -> None:
    returned = returned_fields(tuple((b"content-type", one) for one in types), 200)
    assert ((b"content-disposition", b"attachment") not in returned) == shown
    assert [value for name, value in returned if name == b"content-type"] == (types if len(types) == 1 else [])


# --- statuses ---------------------------------------------------------------------------------------------------------


def test_only_listed_statuses_are_told__S1_10() -> None:
    for status in range(100, 600):
        assert understood(status) in ASSIGNED
        assert understood(status) // 100 == status // 100
    assert [understood(status) for status in (299, 306, 309, 418, 430, 450, 495, 599)] == [
        200,
        300,
        300,
        400,
        400,
        400,
        400,
        500,
    ]
    assert all(understood(status) == status for status in ASSIGNED)


def test_answer_says_whose_it_is_and_is_no_page_of_ours__S1_3() -> None:
    answer = Relayed("github", 450, ((b"content-type", b"text/html"), (b"set-cookie", b"a=b")), b"<b>no</b>").response()
    assert answer.status == 400
    assert answer.lines(b"integration-provider") == (b"github",)
    assert answer.lines(b"integration-status") == (b"450",)
    assert answer.lines(b"x-content-type-options") == (b"nosniff",)
    assert answer.lines(b"cache-control") == (b"no-store",)
    (policy,) = answer.lines(b"content-security-policy")
    assert policy.startswith(b"sandbox; default-src 'none'")
    assert answer.lines(b"set-cookie") == ()
    assert answer.body == b"<b>no</b>"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_answers_that_have_no_content_get_none(status: int) -> None:
    assert Relayed("github", status, (), b"hidden").response().body == b""


# --- the path ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        (b"/", b"", f"{BASE}/"),
        (b"/user", b"", f"{BASE}/user"),
        (b"/repos/a%20b/c.d", b"page=2&q=a+b", f"{BASE}/repos/a%20b/c.d?page=2&q=a+b"),
        (b"/a|b", b'filter[name]="x"', f"{BASE}/a%7Cb?filter%5Bname%5D=%22x%22"),
        (b"/a:b@c", b"next=https://else.example/", f"{BASE}/a:b@c?next=https://else.example/"),
    ],
)
def test_path_and_query_are_appended(path: bytes, query: bytes, url: str) -> None:
    assert url_below(BASE, path, query, BEARER) == url
    assert url_below(BASE + "/", path, query, BEARER) == url


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"user",
        b"..",
        b"/..",
        b"/../x",
        b"/a/../../x",
        b"/./x",
        b"/%2e%2e/x",
        b"/%2E./x",
        b"/.%2e",
        b"/a/..%2fx",
        b"/a%2fb",
        b"/a%5cb",
        b"/a\\b",
        b"//else.example/x",
        b"/a//b",
        b"/a;b=c",
        b"/..;/x",
        b"/a%3bb",
        b"/%00",
        b"/a%0d%0aHost:%20x",
        b"/a b",
        b"/a\x00",
        b"/a\r\nHost: x",
        b"https://else.example/",
        b"@else.example/",
        b".else.example/",
        b":8080/",
        b"/%252e%252e/x",
        b"/%",
        b"/%zz",
        b"/%ff",
        b"/\xe2\x80\xa5",
        b"/a#b",
        b"/a?b",
        "/\uff0e\uff0e/x".encode(),
        "/a\u2215b".encode(),
        b"/%ef%bc%8e%ef%bc%8e/x",
    ],
)
def test_path_that_could_leave_is_refused(path: bytes) -> None:
    assert isinstance(url_below(BASE, path, b"", BEARER), Unrelayable)


@pytest.mark.parametrize("query", [b"a b", b"a#b", b"a\r\nb", b"a\x00", b"\xe9", b"a%", b"%zz"])
def test_query_that_is_none_is_refused(query: bytes) -> None:
    assert url_below(BASE, b"/x", query, BEARER) == Unrelayable("not-a-query")


@pytest.mark.parametrize(
    "query",
    [
        b"api_key=x",
        b"a=b&api_key=x",
        b"a=b;api_key=x",
        b"%61pi_key=x",
        b"API_KEY=x",
        b"api_key",
        b"api_key[]=x",
        b"+api_key=x",
    ],
)
def test_nobody_else_sets_the_credential__S1_3(query: bytes) -> None:
    carrier = Carrier("query", "api_key")
    assert url_below(BASE, b"/x", query, carrier) == Unrelayable("credential-in-query")
    assert url_below(BASE, b"/x", b"api_key_2=x&my_api_key=y", carrier) == f"{BASE}/x?api_key_2=x&my_api_key=y"
    assert url_below(BASE, b"/x", b"api_key=x", BEARER) == f"{BASE}/x?api_key=x"


@given(st.binary(max_size=40).map(lambda rest: b"/" + rest), st.binary(max_size=30))
def test_whatever_is_appended_stays_below__S1_3(path: bytes, query: bytes) -> None:
    url = url_below(BASE, path, query, BEARER)
    if isinstance(url, Unrelayable):
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example.com", "")
    assert parts.path.startswith("/v3/")
    assert ".." not in parts.path.split("/")
    assert not isinstance(read_destination(url), Unreadable)
    assert re.fullmatch(r"[!-~]+", url)
