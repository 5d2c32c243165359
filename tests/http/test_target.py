"""Path confusion: what servers could read in two ways is refused (F22)."""

from __future__ import annotations

import pytest

from watchword.http.target import Absolute, Ambiguous, origin_form, read_absolute, read_path, without_parameters


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/patients", "/patients"),
        (b"/patients/", "/patients/"),
        (b"/ws/rest/v1/session", "/ws/rest/v1/session"),
        (b"/a.b/.well-known/~ann/x-y_z", "/a.b/.well-known/~ann/x-y_z"),
        (b"/.../..a/a../.a", "/.../..a/a../.a"),
        (b"/tokens/ann%20smith", "/tokens/ann smith"),
        (b"/tokens/ann@example.com", "/tokens/ann@example.com"),
        (b"/%61dmin", "/admin"),
        (b"/gr%C3%BCn", "/grün"),
        ("/grün".encode(), "/grün"),
        (b"/tags/C%23/what%3F", "/tags/C#/what?"),
        (b"/100%25", "/100%"),
        (b"/100%25zz", "/100%zz"),
        (b"/a;jsessionid=1/b", "/a;jsessionid=1/b"),
        (b"/%E2%80%A6", "/…"),
        (b"/!$&'()*+,=:@|", "/!$&'()*+,=:@|"),
    ],
)
def test_a_plain_path_is_decoded_once(raw: bytes, path: str) -> None:
    assert read_path(raw) == path


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not-a-path"),
        (b"*", "not-a-path"),
        (b"admin", "not-a-path"),
        (b"http://a/admin", "not-a-path"),
        (b"\\admin", "not-a-path"),
        (b"/public/../admin", "dot-segment"),
        (b"/public/..", "dot-segment"),
        (b"/..", "dot-segment"),
        (b"/.", "dot-segment"),
        (b"/./admin", "dot-segment"),
        (b"/a/./", "dot-segment"),
        (b"/public/%2e%2e/admin", "dot-segment"),
        (b"/public/%2E./admin", "dot-segment"),
        (b"/public/..;/admin", "dot-segment"),
        (b"/public/..;x=y/admin", "dot-segment"),
        (b"/public/.;x/admin", "dot-segment"),
        (b"/public/%2e%2e;x/admin", "dot-segment"),
        ("/public/．．/admin".encode(), "dot-segment"),
        ("/public/‥/admin".encode(), "dot-segment"),
        (b"//", "empty-segment"),
        (b"//admin", "empty-segment"),
        (b"/a//b", "empty-segment"),
        (b"/a//", "empty-segment"),
        (b"/;x/admin", "empty-segment"),
        (b"/admin/;", "empty-segment"),
        (b"/public%2f..%2fadmin", "encoded-delimiter"),
        (b"/public%2Fadmin", "encoded-delimiter"),
        (b"/public%5c..%5Cadmin", "encoded-delimiter"),
        (b"/public/..%3badmin", "encoded-delimiter"),
        (b"/public\\..\\admin", "character"),
        (b"/public#/admin", "character"),
        (b"/public?/admin", "character"),
        (b"/public admin", "character"),
        (b"/public\x00", "character"),
        (b"/public\r\nX: y", "character"),
        (b"/public\n", "character"),
        (b"/\x7f", "character"),
        (b"/public%00", "control-character"),
        (b"/public%0d%0a", "control-character"),
        (b"/%7f", "control-character"),
        (b"/%C2%85", "control-character"),
        (b"/%", "incomplete-escape"),
        (b"/%4", "incomplete-escape"),
        (b"/%zz", "incomplete-escape"),
        (b"/%u002fadmin", "incomplete-escape"),
        (b"/%%32%65", "incomplete-escape"),
        (b"/public/%252e%252e/admin", "encoded-twice"),
        (b"/public%252fadmin", "encoded-twice"),
        (b"/public%2500", "encoded-twice"),
        (b"/public/%25%32%65%25%32%65/admin", "encoded-twice"),
        (b"/public/%25%32e/admin", "encoded-twice"),
        (b"/%ff", "not-utf-8"),
        (b"/\xe9", "not-utf-8"),
        (b"/%c0%af..", "not-utf-8"),
        (b"/%c0%ae%c0%ae/admin", "not-utf-8"),
        (b"/%e0%80%af", "not-utf-8"),
        (b"/%ed%a0%80", "not-utf-8"),
        ("/public／admin".encode(), "look-alike"),
        ("/public＼admin".encode(), "look-alike"),
        ("/public/..；x".encode(), "look-alike"),
        ("/℀".encode(), "look-alike"),
    ],
)
def test_a_path_that_could_be_read_otherwise_is_refused__F22(raw: bytes, reason: str) -> None:
    assert read_path(raw) == Ambiguous(reason)


@pytest.mark.parametrize(
    ("path", "without"),
    [("/a/b", "/a/b"), ("/a;v=1/b;c;d", "/a/b"), ("/admin;jsessionid=1", "/admin"), ("/a/;x", "/a/"), ("/", "/")],
)
def test_parameters_of_segments_come_off(path: str, without: str) -> None:
    assert without_parameters(path) == without


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        (b"/a?b", None, b"/a?b"),
        (b"/a?b", b"whatever", b"/a?b"),
        (b"http://example.com/a?b=/c", None, b"/a?b=/c"),
        (b"HTTP://Example.com:80/a", b"example.com", b"/a"),
        (b"https://example.com:443/a", b"EXAMPLE.com", b"/a"),
        (b"http://example.com", b"example.com", b"/"),
        (b"http://example.com?b", b"example.com", b"/?b"),
        (b"http://example.com/a", b"other.example", Ambiguous("authority")),
        (b"http://example.com/a", b"example.com:8080", Ambiguous("authority")),
        (b"http://example.com/a", b"", Ambiguous("authority")),
        (b"http://a@example.com/a", b"example.com", Ambiguous("authority")),
        (b"http:///a", None, Ambiguous("authority")),
        (b"http://example.com/a#b", None, Ambiguous("not-a-path")),
        (b"ftp://example.com/a", None, Ambiguous("not-a-path")),
        (b"example.com:443", None, Ambiguous("not-a-path")),
        (b"*", None, Ambiguous("not-a-path")),
        (b"", None, Ambiguous("not-a-path")),
    ],
)
def test_absolute_form_is_reduced_to_its_path__F22(
    target: bytes, host: bytes | None, expected: bytes | Ambiguous
) -> None:
    assert origin_form(target, host) == expected


def test_an_absolute_form_tells_scheme_and_host() -> None:
    assert read_absolute(b"https://Example.com:8443/a") == Absolute(True, "example.com:8443", b"/a")
