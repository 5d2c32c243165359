"""A URL is read in one way, which is everybody's, or not at all."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from watchword.http.syntax import Unreadable
from watchword.outgoing.destination import LONGEST, Destination, is_this_machine, read_destination, read_host

READ = {
    "https://api.example": ("https", "api.example", 443, "/", "api.example"),
    "HTTPS://API.Example/A": ("https", "api.example", 443, "/A", "api.example"),
    "http://api.example:80/": ("http", "api.example", 80, "/", "api.example"),
    "https://api.example:80/": ("https", "api.example", 80, "/", "api.example:80"),
    "https://api.example:8443/v1/me?a=b&c=%20d": (
        "https",
        "api.example",
        8443,
        "/v1/me?a=b&c=%20d",
        "api.example:8443",
    ),
    "https://api.example?a": ("https", "api.example", 443, "/?a", "api.example"),
    "https://api.example/?": ("https", "api.example", 443, "/?", "api.example"),
    "https://a_b.example/": ("https", "a_b.example", 443, "/", "a_b.example"),
    "https://xn--bcher-kva.example/": ("https", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
    "https://192.0.2.7/": ("https", "192.0.2.7", 443, "/", "192.0.2.7"),
    "https://[2001:DB8:0::1]:8443/": ("https", "2001:db8::1", 8443, "/", "[2001:db8::1]:8443"),
    "https://[::ffff:127.0.0.1]/": ("https", "::ffff:7f00:1", 443, "/", "[::ffff:7f00:1]"),
    "https://api.example//a//": ("https", "api.example", 443, "//a//", "api.example"),
    "https://api.example/.well-known/x..y/...": ("https", "api.example", 443, "/.well-known/x..y/...", "api.example"),
    "https://1.2.3.4.example/": ("https", "1.2.3.4.example", 443, "/", "1.2.3.4.example"),
}


@pytest.mark.parametrize("url", READ)
def test_a_url_is_read__S1_4(url: str) -> None:
    read = read_destination(url)
    assert isinstance(read, Destination)
    assert (read.scheme, str(read.host), read.port, read.target, read.authority) == READ[url]


REFUSED = {
    "decimal": "http://2130706433/",
    "octal": "http://0177.0.0.1/",
    "leading-zeros": "http://127.000.000.001/",
    "hex": "http://0x7f000001/",
    "hex-parts": "http://0x7f.0x0.0x0.0x1/",
    "hex-part-of-nothing": "http://1.0x/",
    "short": "http://127.1/",
    "shorter": "http://127.0.1/",
    "zero": "http://0/",
    "too-large-a-part": "http://127.0.0.256/",
    "five-parts": "http://1.2.3.4.5/",
    "name-that-ends-in-a-number": "http://example.1/",
    "user": "http://good@127.0.0.1/",
    "user-and-password": "http://good:80@127.0.0.1/",
    "user-with-encoded-at": "http://good%40127.0.0.1/",
    "fragment": "http://127.0.0.1#@good/",
    "fragment-behind": "https://good.example/#a",
    "backslash-before-at": "http://good\\@127.0.0.1/",
    "backslashes": "http:\\\\127.0.0.1\\",
    "backslash-in-path": "https://good.example/a\\b",
    "tab": "http://127.0.0.1\t/",
    "tab-in-scheme": "ht\ttps://good.example/",
    "newline": "https://good.example/\n",
    "newline-in-host": "https://good\n.example/",
    "request-in-path": "https://good.example/ HTTP/1.1\r\nHost: other",
    "encoded-host": "http://%31%32%37.0.0.1/",
    "encoded-dots": "http://127%2e0%2e0%2e1/",
    "encoded-nul": "http://good.example%00.other.example/",
    "nul": "http://127.0.0.1\0.good.example/",
    "ideographic-full-stop": "http://127。0。0。1/",
    "full-width": "http://１２７.0.0.1/",
    "circled-digits": "http://①②⑦.⓪.⓪.①/",
    "circled-letters": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "soft-hyphen": "http://local\u00adhost/",
    "u-label": "https://bücher.example/",
    "trailing-dot": "http://localhost./",
    "trailing-dot-of-an-address": "http://127.0.0.1./",
    "two-dots": "http://a..b/",
    "no-host": "http:///path",
    "no-host-but-a-port": "http://:80/",
    "zone": "http://[fe80::1%25eth0]/",
    "zone-as-it-is": "http://[fe80::1%eth0]/",
    "address-of-the-future": "http://[v1.a]/",
    "brackets-around-ipv4": "http://[127.0.0.1]/",
    "two-brackets": "http://[::1][::2]/",
    "behind-brackets": "http://[::1].good.example/",
    "ipv6-without-brackets": "http://::1/",
    "port-of-nothing": "http://good.example:/",
    "port-zero": "http://good.example:0/",
    "port-with-zeros": "http://good.example:080/",
    "port-too-large": "http://good.example:65536/",
    "port-of-six-digits": "http://good.example:123456/",
    "two-ports": "http://good.example:80:80/",
    "port-of-another-script": "http://good.example:٨٠/",
    "space-before": " https://good.example/",
    "space-behind": "https://good.example/ ",
    "space-in-path": "https://good.example/a b",
    "no-scheme": "//127.0.0.1/",
    "other-scheme": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "ftp": "ftp://good.example/",
    "jar": "jar:http://127.0.0.1!/",
    "one-slash": "http:/127.0.0.1/",
    "three-slashes": "http:///127.0.0.1/",
    "nothing": "",
    "percent-of-nothing": "https://good.example/%",
    "percent-of-letters": "https://good.example/%zz",
    "dot-segments": "https://good.example/v1/../admin",
    "dot-segment": "https://good.example/./admin",
    "dot-segments-at-the-end": "https://good.example/v1/..",
    "encoded-dot-segments": "https://good.example/v1/%2e%2E/admin",
    "half-encoded-dot-segments": "https://good.example/v1/.%2e/admin",
    "label-of-64": f"https://{'a' * 64}.example/",
    "name-of-254": f"https://{'.'.join(['a' * 62] * 4)}.ab/",
    "hyphen-first": "https://-a.example/",
    "hyphen-last": "https://a-.example/",
    "curly": "https://good.example/{a}",
    "pipe": "https://good.example/a|b",
    "quote": 'https://good.example/"',
    "not-ascii-in-path": "https://good.example/ä",
    "too-long": "https://good.example/" + "a" * LONGEST,
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_could_be_read_in_two_ways_is_not_read__S1_4(kind: str) -> None:
    assert isinstance(read_destination(REFUSED[kind]), Unreadable)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "a.localhost", "a.b.LocalHost"])
def test_names_of_this_machine_are_known_without_a_look_up__S1_4(name: str) -> None:
    host = read_host(name)
    assert not isinstance(host, Unreadable)
    assert is_this_machine(host)


@pytest.mark.parametrize("name", ["localhost.example", "mylocalhost", "127.0.0.1"])
def test_other_hosts_are_looked_at_by_their_addresses(name: str) -> None:
    host = read_host(name)
    assert not isinstance(host, Unreadable)
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    "text", ["\u212aelvin.example", "fe80::1%eth0", "[::1", "::1]", "[localhost]", "a" * 254, "1" * 5000]
)
def test_what_is_no_host_is_none_outside_of_a_url_either__S1_4(text: str) -> None:
    assert isinstance(read_host(text), Unreadable)


def test_a_path_is_never_shown() -> None:
    assert "secret" not in repr(read_destination("https://api.example/secret?key=secret"))


# --- whatever comes --------------------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *(
            "http",
            "https",
            "HTTP",
            "://",
            ":",
            "/",
            "//",
            "\\",
            "@",
            "#",
            "?",
            "%",
            "%2e",
            "%00",
            "&",
            "=",
            ";",
            ".",
            "..",
        ),
        *("[", "]", "::1", "::ffff:", "fe80::1", "%25lo", "127.0.0.1", "2130706433", "0177", "0x7f", "1", "localhost"),
        *(
            "good.example",
            "a_b",
            "xn--bcher-kva",
            "bücher",
            "。",
            "①",
            "-",
            "\t",
            "\r\n",
            "\0",
            " ",
            "80",
            "443",
            "65536",
        ),
    ]
)
_HOSTS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.ip_addresses(v=6).map(lambda address: f"[{address.exploded.upper()}]"),
    st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9-]{0,8}[a-z])?(\.[a-z][a-z0-9-]{0,8}[a-z]){0,3}", fullmatch=True),
)
_URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    _HOSTS,
    st.just("") | st.integers(0, 70_000).map(":{}".format),
    st.from_regex(
        r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2}){0,8}){0,4}(\?[A-Za-z0-9/?@:&=.%-]{0,8})?", fullmatch=True
    ),
)


@given(st.text() | st.lists(_PIECES, max_size=12).map("".join) | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_reading_is_total_and_whatever_is_read_is_read_alike_by_others__S1_4(url: str) -> None:
    check_against_others(url)


@given(_URLS)
def test_what_looks_like_a_url_is_read_alike_by_others__S1_4(url: str) -> None:
    check_against_others(url)


def check_against_others(url: str) -> None:
    """Two parsers that nobody here wrote find the same host and the same port."""
    read = read_destination(url)
    if isinstance(read, Unreadable):
        return
    default = {"https": 443, "http": 80}[read.scheme]
    theirs = parse_url(url)
    assert (theirs.scheme, same(theirs.host or ""), theirs.port or default) == (read.scheme, str(read.host), read.port)
    assert theirs.auth is None
    others = httpx.URL(url)
    assert (others.scheme, same(others.host), others.port or default) == (read.scheme, str(read.host), read.port)
    assert not others.userinfo
    assert others.raw_path.decode("ascii") == read.target


def same(host: str) -> str:
    """Addresses in one spelling."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return host
