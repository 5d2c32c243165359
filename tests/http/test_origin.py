"""The Origin veto, and what is a navigation."""

from __future__ import annotations

import pytest

from watchword.http.message import Fields, Peer, Request
from watchword.http.origin import from_browser, is_foreign, is_navigation, origin_of, own_origin, request_origin

OWN = frozenset({"https://auth.example.com"})
WITH_CORS = OWN | {"https://app.example.org"}


def post(*fields: tuple[bytes, bytes]) -> Request:
    return Request("POST", b"/", fields, Peer("192.0.2.1", secure=True))


@pytest.mark.parametrize(
    ("fields", "own", "foreign"),
    [
        pytest.param((), OWN, False, id="no browser"),
        pytest.param(((b"origin", b"https://auth.example.com"),), OWN, False, id="own origin"),
        pytest.param(((b"origin", b"https://evil.example"),), OWN, True, id="foreign origin"),
        pytest.param(((b"origin", b"null"),), OWN, True, id="null"),
        pytest.param(((b"origin", b"null"),), OWN | {"null"}, True, id="null is nobody's, even where it is listed"),
        pytest.param(((b"origin", b""),), OWN, True, id="empty"),
        pytest.param(((b"origin", b"http://auth.example.com"),), OWN, True, id="another scheme"),
        pytest.param(((b"origin", b"https://auth.example.com:8443"),), OWN, True, id="another port"),
        pytest.param(((b"origin", b"https://auth.example.com.evil.example"),), OWN, True, id="own as a prefix"),
        pytest.param(((b"origin", b"https://evil-auth.example.com"),), OWN, True, id="own as a suffix"),
        pytest.param(((b"origin", b"https://auth.example.com/"),), OWN, True, id="not serialized"),
        pytest.param(((b"origin", b"\xff"),), OWN, True, id="bytes"),
        pytest.param(((b"origin", b"https://auth.example.com"),) * 2, OWN, True, id="own origin twice"),
        pytest.param(
            ((b"origin", b"https://auth.example.com"), (b"origin", b"https://evil.example")),
            OWN,
            True,
            id="own and other",
        ),
        pytest.param(
            ((b"origin", b"https://auth.example.com https://evil.example"),), OWN, True, id="own and other, joined"
        ),
        pytest.param(((b"sec-fetch-site", b"same-origin"),), OWN, False, id="site same-origin"),
        pytest.param(((b"sec-fetch-site", b"none"),), OWN, False, id="site none"),
        pytest.param(((b"sec-fetch-site", b"same-site"),), OWN, True, id="site same-site"),
        pytest.param(((b"sec-fetch-site", b"cross-site"),), OWN, True, id="site cross-site"),
        pytest.param(((b"sec-fetch-site", b"new-word"),), OWN, True, id="site unknown"),
        pytest.param(((b"sec-fetch-site", b"same-origin"),) * 2, OWN, True, id="site twice"),
        pytest.param(
            ((b"origin", b"https://app.example.org"), (b"sec-fetch-site", b"cross-site")),
            WITH_CORS,
            False,
            id="an allowed page of another site",
        ),
        pytest.param(
            ((b"origin", b"https://app.example.org"), (b"sec-fetch-site", b"cross-site")),
            OWN,
            True,
            id="a page of another site",
        ),
        pytest.param(
            ((b"origin", b"https://evil.example"), (b"sec-fetch-site", b"same-origin")), OWN, True, id="origin decides"
        ),
    ],
)
def test_the_origin_veto_is_the_tables__C14__F27(fields: Fields, own: frozenset[str], foreign: bool) -> None:
    assert is_foreign(post(*fields), own) is foreign


def test_an_origin_sent_twice_is_nobodys() -> None:
    assert request_origin(post()) is None
    assert request_origin(post((b"origin", b"https://a"))) == "https://a"
    assert request_origin(post((b"origin", b"https://a"), (b"origin", b"https://a"))) == "null"


@pytest.mark.parametrize(
    ("hosts", "secure", "origin"),
    [
        ([b"Auth.Example.com"], True, "https://auth.example.com"),
        ([b"auth.example.com:443"], True, "https://auth.example.com"),
        ([b"localhost:8080"], False, "http://localhost:8080"),
        ([b"localhost:80"], False, "http://localhost"),
        ([b"a", b"a"], True, None),
        ([b"a@b"], True, None),
        ([], True, None),
    ],
)
def test_the_own_origin_is_scheme_and_host(hosts: list[bytes], secure: bool, origin: str | None) -> None:
    request = Request("GET", b"/", [(b"host", host) for host in hosts], Peer("192.0.2.1", secure=secure))
    assert own_origin(request) == origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://auth.example.com", "https://auth.example.com"),
        ("HTTPS://Auth.Example.com:443/path?query#fragment", "https://auth.example.com"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://auth.example.com\\@evil.example", None),
        ("https://auth.example.com@evil.example", None),
        ("https://grün.example", None),
        ("https://", None),
        ("//auth.example.com", None),
        ("ftp://auth.example.com", None),
        ("null", None),
        ("*", None),
    ],
)
def test_a_configured_url_has_the_origin_that_browsers_send(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_browsers_give_themselves_away() -> None:
    assert from_browser(post((b"origin", b"null")))
    assert from_browser(post((b"sec-fetch-site", b"same-origin")))
    assert not from_browser(post((b"user-agent", b"Mozilla/5.0"), (b"referer", b"https://a/")))


HTML = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


@pytest.mark.parametrize(
    ("method", "fields", "navigation"),
    [
        pytest.param("GET", ((b"sec-fetch-mode", b"navigate"), (b"sec-fetch-site", b"none")), True, id="browser"),
        pytest.param("HEAD", ((b"sec-fetch-mode", b"navigate"),), True, id="HEAD"),
        pytest.param("POST", ((b"sec-fetch-mode", b"navigate"), HTML), False, id="form"),
        pytest.param("GET", ((b"sec-fetch-mode", b"cors"), HTML), False, id="fetch"),
        pytest.param("GET", ((b"sec-fetch-site", b"same-origin"), HTML), False, id="Fetch Metadata without a mode"),
        pytest.param("GET", ((b"sec-fetch-dest", b"empty"), HTML), False, id="destination alone"),
        pytest.param("GET", ((b"sec-fetch-mode", b"navigate"),) * 2, False, id="mode twice"),
        pytest.param("GET", (HTML,), True, id="older browser"),
        pytest.param("GET", (HTML, (b"x-requested-with", b"XMLHttpRequest")), False, id="older script"),
        pytest.param("GET", ((b"accept", b"*/*"),), False, id="curl"),
        pytest.param("GET", ((b"accept", b"application/json, text/html;q=0.9"),), False, id="prefers data"),
        pytest.param("GET", (), False, id="nothing said"),
    ],
)
def test_only_who_looks_at_a_page_navigates__C23(method: str, fields: Fields, navigation: bool) -> None:
    assert is_navigation(Request(method, b"/", fields)) is navigation
