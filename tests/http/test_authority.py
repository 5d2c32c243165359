"""Host and port in one spelling."""

from __future__ import annotations

import pytest

from watchword.http.authority import read_authority


@pytest.mark.parametrize(
    ("value", "secure", "authority"),
    [
        (b"example.com", True, "example.com"),
        (b"Example.COM", False, "example.com"),
        (b"example.com:443", True, "example.com"),
        (b"example.com:443", False, "example.com:443"),
        (b"example.com:80", False, "example.com"),
        (b"example.com:80", True, "example.com:80"),
        (b"example.com:", True, "example.com"),
        (b"example.com:08080", True, "example.com:8080"),
        (b"127.0.0.1:8080", False, "127.0.0.1:8080"),
        (b"[::1]:8080", False, "[::1]:8080"),
        (b"[2001:DB8::1]", True, "[2001:db8::1]"),
        (b"my_service.internal", True, "my_service.internal"),
    ],
)
def test_one_host_has_one_spelling(value: bytes, secure: bool, authority: str) -> None:
    assert read_authority(value, secure=secure) == authority


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b":80",
        b"a@b",
        b"user:pw@b",
        b"a b",
        b"a,b",
        b"a/b",
        b"a?b",
        b"a#b",
        b"a\\b",
        b"a\n",
        b"a\x00",
        b"-a",
        b".a",
        b"a:b",
        b"a:0",
        b"a:65536",
        b"a:123456",
        b"a:1:2",
        b"::1",
        b"[::1",
        b"[a:x]",
        b"a%2eb",
        "gr\u00fcn".encode(),
        b"a" * 300,
    ],
)
def test_what_could_be_two_hosts_is_none(value: bytes) -> None:
    assert read_authority(value, secure=True) is None
