"""Where a request goes: a URL read in one way only (RFC 3986), so that no two programs can differ about its host.

What somebody might read otherwise is refused, not interpreted: user information, a fragment, backslashes, white space,
percent-encoded hosts, addresses in any spelling but the usual one, names that are not ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, TypeAlias

from watchword.http.syntax import Unreadable

LONGEST: Final = 8192
"""Characters of a URL."""
_LONGEST_NAME: Final = 253
"""Characters of a host's name (RFC 1035 section 2.3.4), without the trailing dot."""

Host: TypeAlias = str | IPv4Address | IPv6Address
"""A name in lower case, or an address."""
Origin: TypeAlias = tuple[str, Host, int]
"""Scheme, host and port."""

# scheme "://" host [ ":" port ] path-abempty [ "?" query ], of which the host is looked at below.
_URL = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?+"
    r"(?P<path>(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*+)*+)"
    r"(?:\?(?P<query>(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*+))?+"
)
# Host names of RFC 1123, and the underscore, which container networks have in names. A-labels (RFC 5890) are such.
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*+[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What browsers take for the end of an address: of 127.1, 2130706433, 0x7f.1 (the URL standard's "ends in a number").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that was read. `target` is path and query, as they are sent."""

    scheme: str
    host: Host
    port: int
    target: str = field(repr=False)

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def origin(self) -> Origin:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """As it stands in Host (RFC 9110 section 7.2): without the scheme's default port."""
        host = f"[{self.host}]" if isinstance(self.host, IPv6Address) else str(self.host)
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def read_destination(url: str) -> Destination | Unreadable:
    """Where the URL leads. Total."""
    match = None if len(url) > LONGEST else _URL.fullmatch(url)
    if match is None:
        return Unreadable("no-url")
    scheme = match["scheme"].lower()
    host = read_host(match["host"])
    if isinstance(host, Unreadable):
        return host
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if port > 65535:
        return Unreadable("no-url")
    path, query = match["path"], match["query"]
    if any(_DOTS.fullmatch(segment) for segment in path.split("/")):
        return Unreadable("dot-segment")  # a server would resolve them to another path
    return Destination(scheme, host, port, (path or "/") + ("" if query is None else f"?{query}"))


def read_host(text: str) -> Host | Unreadable:
    """A host as it stands in a URL, or an address of IPv6 without its brackets. Total."""
    if len(text) > _LONGEST_NAME or not text.isascii() or "%" in text:
        return Unreadable("bad-host")
    name = text.lower()
    try:
        if ":" in name:
            return IPv6Address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
        if _NUMBER.fullmatch(name.rpartition(".")[2]):
            return IPv4Address(name)
    except AddressValueError:
        return Unreadable("bad-host")
    return name if _NAME.fullmatch(name) else Unreadable("bad-host")


def is_this_machine(host: Host) -> bool:
    """Is it a name that means this machine wherever it is looked up (RFC 6761 section 6.3)?"""
    return isinstance(host, str) and (host == "localhost" or host.endswith(".localhost"))
