"""Trusted proxies, and nobody else, speak for their clients (F15, F23)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from watchword.http.forwarded import is_loopback, original, resolve, trusted_proxies
from watchword.http.message import Fields, Peer, Request
from watchword.http.syntax import Unreadable

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors/rfc/http-fields.toml").read_text(encoding="utf-8"))

PROXY = "10.0.0.1"
TRUST = trusted_proxies([PROXY, "10.1.0.0/16", "2001:db8::/32"])
NOBODY = trusted_proxies([])


def via_proxy(*fields: tuple[bytes, bytes], address: str = PROXY, certificate: bytes | None = None) -> Request:
    received = ((b"host", b"auth.internal"), *fields)
    return Request("GET", b"/verify", received, Peer(address, certificate=certificate))


# --- who is trusted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entries",
    [
        ["0.0.0.0/0"],
        ["::/0"],
        ["10.0.0.0/8", "0.0.0.0/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["::/1", "8000::/1"],
        ["::ffff:0:0/96"],
        ["*"],
        [" * "],
        ["all"],
        ["everyone"],
    ],
)
def test_nobody_can_trust_everyone__F23(entries: list[str]) -> None:
    with pytest.raises(ValueError, match=r'cannot trust everyone .* Write the addresses .* \["127\.0\.0\.1"'):
        trusted_proxies(entries)


@pytest.mark.parametrize(
    "entry", ["", "proxy.internal", "10.0.0.1/8", "10.0.0.1:80", "10.0.0.0/33", "300.1.1.1", "UNIX"]
)
def test_what_is_no_address_is_refused_with_an_example(entry: str) -> None:
    with pytest.raises(ValueError, match="Write addresses such as"):
        trusted_proxies([entry])


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        (PROXY, True),
        ("10.1.255.255", True),
        ("::ffff:10.0.0.1", True),
        ("2001:db8::5", True),
        ("2001:DB8:0::5", True),
        ("10.0.0.2", False),
        ("10.2.0.1", False),
        ("2001:db9::1", False),
        ("", False),
        ("testclient", False),
        ("10.0.0.1, 10.0.0.1", False),
    ],
)
def test_only_those_on_the_list_are_trusted__F23(address: str, trusted: bool) -> None:
    assert TRUST.trusts(address) is trusted


def test_what_was_judged_of_many_addresses_stays_true() -> None:
    trust = trusted_proxies(["10.1.0.0/16"])
    for address in range(10_000):
        high, low = divmod(address, 256)
        assert trust.trusts(f"10.1.{high}.{low}")
        assert not trust.trusts(f"10.2.{high}.{low}")
        assert not trust.trusts("x" * address)
    assert trust.trusts("10.1.0.0")


def test_a_mapped_network_means_the_addresses_it_maps() -> None:
    assert trusted_proxies(["::ffff:10.0.0.0/104"]).trusts("10.9.9.9")


def test_a_link_local_proxy_is_trusted_in_any_zone() -> None:
    assert trusted_proxies(["fe80::1"]).trusts("fe80::1%eth0")


def test_a_unix_socket_is_trusted_by_name_only() -> None:
    unix = trusted_proxies(["unix"])
    assert unix.trusts("")
    assert not unix.trusts("127.0.0.1")
    assert resolve(via_proxy((b"x-forwarded-for", b"192.0.2.1"), address=""), unix).peer == Peer(
        "192.0.2.1", proxy="unix"
    )


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("", False),
        ("localhost", False),
        ("127.1", False),
        ("::2", False),
    ],
)
def test_loopback_is_known_by_its_address(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


# --- what clients say of themselves ----------------------------------------------------------------------------------

SPOOFED: Fields = (
    (b"x-forwarded-for", b"127.0.0.1"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"evil.example"),
    (b"x-forwarded-port", b"443"),
    (b"x-forwarded-prefix", b"/public"),
    (b"x-forwarded-uri", b"/public"),
    (b"x-forwarded-method", b"GET"),
    (b"x-original-url", b"/public"),
    (b"x-original-uri", b"/public"),
    (b"x-original-method", b"GET"),
    (b"forwarded", b"for=127.0.0.1;proto=https;host=evil.example"),
)


@pytest.mark.parametrize("trust", [NOBODY, TRUST], ids=["nobody trusted", "others trusted"])
@pytest.mark.parametrize("address", ["192.0.2.7", "127.0.0.1", "", "testclient"])
def test_a_peer_that_is_not_trusted_is_not_heard__F23(trust: Any, address: str) -> None:
    request = via_proxy(*SPOOFED, address=address)
    assert resolve(request, trust) is request
    assert original(request, trust) is None


# --- whose address ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        pytest.param([], PROXY, id="none told"),
        pytest.param([b"192.0.2.1"], "192.0.2.1", id="one"),
        pytest.param([b"203.0.113.9, 192.0.2.1"], "192.0.2.1", id="the client's own word is not taken"),
        pytest.param([b"203.0.113.9", b"192.0.2.1"], "192.0.2.1", id="nor on a line of its own"),
        pytest.param([b"192.0.2.1,10.1.2.3 ,\t10.1.2.4"], "192.0.2.1", id="trusted hops are passed"),
        pytest.param([b"192.0.2.1", b"10.1.2.3"], "192.0.2.1", id="over lines"),
        pytest.param([b"10.1.2.3, 10.1.2.4"], "10.1.2.3", id="all of them trusted: the outermost"),
        pytest.param([b"a"], PROXY, id="unparsable F15"),
        pytest.param([b"192.0.2.1, a"], PROXY, id="nothing beyond the unparsable is believed F15"),
        pytest.param([b"192.0.2.1, unknown, 10.1.2.3"], "10.1.2.3", id="the last good one stays F15"),
        pytest.param([b"192.0.2.1,"], PROXY, id="empty entry F15"),
        pytest.param([b""], PROXY, id="empty line F15"),
        pytest.param([b"192.0.2.1", b""], PROXY, id="empty last line F15"),
        pytest.param([b"192.0.2.1:5678"], "192.0.2.1", id="with a port"),
        pytest.param([b"[2001:db9::1]:5678"], "2001:db9::1", id="version 6 with a port"),
        pytest.param([b"[2001:db9::1]"], "2001:db9::1", id="version 6 in brackets"),
        pytest.param([b"2001:DB9:0:0::1"], "2001:db9::1", id="version 6 in one spelling"),
        pytest.param([b"::ffff:192.0.2.1"], "192.0.2.1", id="mapped"),
        pytest.param([b"192.0.2.001"], PROXY, id="leading zeros are octal to some"),
        pytest.param([b"192.0.2.1\x00"], PROXY, id="NUL"),
        pytest.param([b"\xff"], PROXY, id="bytes"),
        pytest.param([b'"192.0.2.1"'], PROXY, id="quoted"),
        pytest.param([b"3221225985"], PROXY, id="one number"),
    ],
)
def test_the_client_is_whom_the_outermost_trusted_proxy_saw__F15(lines: list[bytes], address: str) -> None:
    resolved = resolve(via_proxy(*((b"x-forwarded-for", line) for line in lines)), TRUST)
    assert (resolved.peer.address, resolved.peer.proxy) == (address, PROXY)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([b"192.0.2.1"], True, id="a stranger"),
        pytest.param([b"10.1.2.3"], True, id="a client at a trusted address"),
        pytest.param([PROXY.encode()], True, id="a client beside the proxy"),
        pytest.param([], False, id="none told"),
        pytest.param([b"a"], False, id="unparsable"),
        pytest.param([b"192.0.2.1, unknown, 10.1.2.3"], False, id="kept back beyond a trusted hop"),
    ],
)
def test_an_address_that_no_proxy_told_is_marked__F15(lines: list[bytes], told: bool) -> None:
    assert resolve(via_proxy(*((b"x-forwarded-for", line) for line in lines)), TRUST).peer.told is told


def test_a_program_beside_a_proxy_on_this_machine_speaks_for_itself__C14() -> None:
    trust = trusted_proxies(["127.0.0.1"])
    assert resolve(via_proxy(address="127.0.0.1"), trust).peer == Peer("127.0.0.1", proxy="127.0.0.1", told=True)
    told_badly = resolve(via_proxy((b"x-forwarded-for", b"?"), address="127.0.0.1"), trust)
    assert told_badly.peer == Peer("127.0.0.1", proxy="127.0.0.1", told=False)


@pytest.mark.parametrize("vector", VECTORS["forwarded"], ids=lambda vector: vector["source"])
def test_the_forwarded_fields_that_rfcs_print_are_read(vector: dict[str, Any]) -> None:
    request = via_proxy(*((b"forwarded", line.encode("ascii")) for line in vector["lines"]))
    assert resolve(request, trusted_proxies(vector["trusted"])).peer.address == vector["address"]


@pytest.mark.parametrize(
    ("line", "address", "secure", "host"),
    [
        pytest.param(b'For=192.0.2.1;PROTO=HTTPS;Host="a.example"', "192.0.2.1", True, b"a.example", id="all told"),
        pytest.param(b"for=192.0.2.1;proto=http", "192.0.2.1", False, b"auth.internal", id="cleartext"),
        pytest.param(
            b"for=192.0.2.1;proto=https, for=10.1.2.3;proto=http", "192.0.2.1", True, b"auth.internal", id="outermost"
        ),
        pytest.param(
            b"for=192.0.2.1, for=10.1.2.3;proto=https;host=b", "192.0.2.1", False, b"auth.internal", id="not the inner"
        ),
        pytest.param(b"for=203.0.113.9;proto=https, for=192.0.2.1", "192.0.2.1", False, b"auth.internal", id="planted"),
        pytest.param(b'for="192.0.2.1:_p.1";proto=https', "192.0.2.1", True, b"auth.internal", id="obfuscated port"),
        pytest.param(b"for=unknown;proto=https", PROXY, True, b"auth.internal", id="address kept back"),
        pytest.param(b"proto=https", PROXY, True, b"auth.internal", id="no address"),
        pytest.param(b"for=192.0.2.1;for=192.0.2.2;proto=https", PROXY, False, b"auth.internal", id="pair twice F15"),
        pytest.param(b"for=192.0.2.1 proto=https", PROXY, False, b"auth.internal", id="unparsable F15"),
        pytest.param(b'for=192.0.2.1;proto=https;host="a@b"', "192.0.2.1", True, b"auth.internal", id="bad host"),
        pytest.param(b"", PROXY, False, b"auth.internal", id="empty"),
        pytest.param(b"for=10.1.2.3", "10.1.2.3", False, b"auth.internal", id="a trusted hop alone"),
    ],
)
def test_forwarded_tells_address_scheme_and_host(line: bytes, address: str, secure: bool, host: bytes) -> None:
    resolved = resolve(via_proxy((b"forwarded", line)), TRUST)
    assert (resolved.peer.address, resolved.peer.secure, resolved.peer.proxy) == (address, secure, PROXY)
    assert resolved.lines(b"host") == (host,)


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"])
def test_a_proxy_of_one_dialect_does_not_vouch_for_the_other__F23(name: bytes) -> None:
    planted = (b"forwarded", b"for=203.0.113.9;proto=https;host=evil.example")
    resolved = resolve(via_proxy(planted, (name, b"192.0.2.1")), TRUST)
    assert resolved.peer.address != "203.0.113.9"
    assert not resolved.peer.secure
    assert resolved.field(b"host") != b"evil.example"


# --- scheme, Host, certificate ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "secure"),
    [
        ([b"https"], True),
        ([b"HTTPS"], True),
        ([b"wss"], True),
        ([b"http"], False),
        ([b"https, http"], False),
        ([b"https", b"https"], False),
        ([b"https", b"http"], False),
        ([b"on"], False),
        ([b""], False),
        ([], False),
    ],
)
def test_tls_is_believed_where_it_is_said_once_and_plainly__C14(lines: list[bytes], secure: bool) -> None:
    request = via_proxy(*((b"x-forwarded-proto", line) for line in lines)).replaced(peer=Peer(PROXY, secure=True))
    assert resolve(request, TRUST).peer.secure is secure


@pytest.mark.parametrize(
    ("lines", "host"),
    [
        ([b"app.example.com"], b"app.example.com"),
        ([b"app.example.com:8443"], b"app.example.com:8443"),
        ([b"a", b"b"], b"auth.internal"),
        ([b"a, b"], b"auth.internal"),
        ([b"a@b"], b"auth.internal"),
        ([b""], b"auth.internal"),
        ([], b"auth.internal"),
    ],
)
def test_host_is_the_one_that_the_client_asked_for(lines: list[bytes], host: bytes) -> None:
    resolved = resolve(via_proxy(*((b"x-forwarded-host", line) for line in lines)), TRUST)
    assert resolved.lines(b"host") == (host,)


def test_the_proxys_certificate_is_not_the_clients() -> None:
    assert resolve(via_proxy(certificate=b"DER"), TRUST).peer.certificate is None


def test_a_request_is_resolved_once() -> None:
    resolved = resolve(via_proxy((b"x-forwarded-for", b"10.1.2.3")), TRUST)
    assert resolve(resolved, TRUST) is resolved


# --- the request that a proxy asks about -----------------------------------------------------------------------------

TOLD: Fields = (
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"app.example.com"),
)


@pytest.mark.parametrize(
    ("fields", "method", "target"),
    [
        pytest.param(
            ((b"x-forwarded-method", b"DELETE"), (b"x-forwarded-uri", b"/a/b?c")),
            "DELETE",
            b"/a/b?c",
            id="Traefik, Caddy",
        ),
        pytest.param(((b"x-original-method", b"PUT"), (b"x-original-uri", b"/a")), "PUT", b"/a", id="nginx"),
        pytest.param(
            ((b"x-original-method", b"GET"), (b"x-original-url", b"https://app.example.com/a?b")),
            "GET",
            b"/a?b",
            id="nginx, whole URL",
        ),
        pytest.param(
            (
                (b"x-forwarded-method", b"GET"),
                (b"x-original-method", b"GET"),
                (b"x-forwarded-uri", b"/a?b"),
                (b"x-original-url", b"https://APP.example.com:443/a?b"),
            ),
            "GET",
            b"/a?b",
            id="both, agreeing",
        ),
    ],
)
def test_a_trusted_proxy_tells_the_original_request__F23(fields: Fields, method: str, target: bytes) -> None:
    for request in (via_proxy(*TOLD, *fields), resolve(via_proxy(*TOLD, *fields), TRUST)):
        told = original(request, TRUST)
        assert isinstance(told, Request)
        assert (told.method, told.target) == (method, target)
        assert told.peer == Peer("192.0.2.1", secure=True, proxy=PROXY)
        assert told.lines(b"host") == (b"app.example.com",)


def test_a_url_alone_tells_scheme_and_host_too() -> None:
    told = original(
        via_proxy((b"x-original-method", b"GET"), (b"x-original-url", b"https://App.example.com:8443/a")), TRUST
    )
    assert isinstance(told, Request)
    assert told.peer.secure
    assert told.lines(b"host") == (b"app.example.com:8443",)


def test_a_proxy_that_tells_nothing_asks_about_itself() -> None:
    assert original(via_proxy(*TOLD), TRUST) is None


GET = (b"x-forwarded-method", b"GET")
A = (b"x-forwarded-uri", b"/a")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param((GET, A, A), "repeated-field", id="target twice"),
        pytest.param(
            (GET, A, (b"x-forwarded-uri", b"/public")), "repeated-field", id="the client's target beside ours"
        ),
        pytest.param((GET, GET, A), "repeated-field", id="method twice"),
        pytest.param(
            (GET, A, (b"x-forwarded-host", b"a"), (b"x-forwarded-host", b"b")), "repeated-field", id="host twice"
        ),
        pytest.param(
            (GET, A, (b"x-forwarded-proto", b"https"), (b"x-forwarded-proto", b"http")),
            "repeated-field",
            id="scheme twice",
        ),
        pytest.param((GET, A, (b"x-original-uri", b"/public")), "conflicting-fields", id="two targets"),
        pytest.param((GET, A, (b"x-original-url", b"http://x/public")), "conflicting-fields", id="two targets, a URL"),
        pytest.param((GET, A, (b"x-original-method", b"POST")), "conflicting-fields", id="two methods"),
        pytest.param(
            (GET, (b"x-forwarded-host", b"a"), (b"x-original-url", b"http://b/")), "conflicting-fields", id="two hosts"
        ),
        pytest.param(
            (GET, (b"x-forwarded-proto", b"http"), (b"x-original-url", b"https://b/")),
            "conflicting-fields",
            id="two schemes",
        ),
        pytest.param((A,), "no-method", id="a target alone"),
        pytest.param((GET,), "no-target", id="a method alone"),
        pytest.param(((b"x-forwarded-method", b"GET /x"), A), "bad-method", id="no token"),
        pytest.param(((b"x-forwarded-method", b""), A), "bad-method", id="empty method"),
        pytest.param((GET, (b"x-forwarded-uri", b"")), "bad-target", id="empty target"),
        pytest.param((GET, (b"x-forwarded-uri", b"admin")), "bad-target", id="relative target"),
        pytest.param((GET, (b"x-original-url", b"https://a@b/")), "bad-target", id="user information"),
        pytest.param((GET, (b"x-original-url", b"https://b/a#c")), "bad-target", id="fragment"),
        pytest.param((GET, A, (b"x-forwarded-host", b"a@b")), "bad-host", id="unreadable host"),
        pytest.param((GET, A, (b"x-forwarded-host", b"a, b")), "bad-host", id="two hosts in a line"),
    ],
)
def test_what_cannot_be_trusted_is_unreadable__F23(fields: Fields, reason: str) -> None:
    assert original(via_proxy(*fields), TRUST) == Unreadable(reason)
