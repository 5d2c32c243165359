"""Hosts, proxies and origins, as they may be configured."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from watchword.config.places import ROUTE
from watchword.config.problems import shown
from watchword.config.values import Read, Unfit
from watchword.http.forwarded import UNIX, trusted_proxies
from watchword.http.origin import origin_of

# RFC 1123 section 2.1, with the underscore that container networks use
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Whether this is an IP address, without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def host_of(origin: str) -> str:
    """The host of a serialized origin, an IPv6 address without its brackets."""
    authority = origin.partition("://")[2]
    return authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]


def _listen_host(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if value == "*":
        raise ValueError(
            '"*" is no address to listen on; write "0.0.0.0" for every IPv4 address, or "::" for every one'
        )
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if not (is_address(bare) or _HOST.fullmatch(bare)):
        raise ValueError(
            f'{shown(value)} is neither an address nor a host name; write "127.0.0.1", and the port in server.port'
        )
    return bare


def _request_host(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if origin_of(f"http://{value}") != f"http://{value.lower()}" or re.search(r":[0-9]*\Z", value):
        raise ValueError(
            f'{shown(value)} is no host; write it without scheme, port and path, such as "api.example.com"'
        )
    return value.lower()


def _proxy(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if value == UNIX:
        return value
    if value.lower() in ("*", "all", "any", "everyone", "everybody"):
        raise ValueError(_EVERYONE.format(shown(value)))
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(
            f"{shown(value)} is neither an address nor a network, and host names are not looked up; "
            'write the proxy\'s address, such as "10.0.0.5", or "unix" for a Unix socket'
        ) from None
    if network.prefixlen == 0:
        raise ValueError(_EVERYONE.format(shown(value)))
    if not _is_network(value):
        raise ValueError(f"{shown(value)} has bits of a host behind the network's; write {shown(str(network))}")
    return value


_EVERYONE = '{} would let every client say who and where it is; write the addresses of your proxies, such as "10.0.0.5"'


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _not_everyone(values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        trusted_proxies(values)
    except ValueError:
        raise ValueError(_EVERYONE.format("together they are everybody, which")) from None
    return values


def _public_url(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    return _origin(value, "is no address that clients could use")


def _issuer(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    scheme, separator, rest = value.partition("://")
    authority, slash, path = rest.partition("/")
    origin = scheme + separator + authority
    if origin_of(origin) != origin or (slash and not ROUTE.fullmatch(slash + path)):
        raise ValueError(
            f"{shown(value)} is no issuer (scheme and host, in lower case, and a path without a last slash, if any; "
            'RFC 8414 section 2); write "https://auth.example.com"'
        )
    return value


def _foreign_origin(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if value == "*":
        raise ValueError(
            '"*" cannot go together with credentials, and would let every page use them if it could; '
            'write the origins of your pages, such as "https://app.example.com"'
        )
    return _origin(value, "is no serialized origin")


def _origin(value: str, wrong: str) -> str:
    origin = origin_of(value)
    if origin != value:
        raise ValueError(
            f"{shown(value)} {wrong} (scheme, host, and port if it is not the scheme's own, in lower case); "
            f"write {shown(origin or 'https://auth.example.com')}"
        )
    return value


ListenHost: TypeAlias = Annotated[str, Read("an address or a host name", _listen_host)]
RequestHost: TypeAlias = Annotated[str, Read("a host name without port", _request_host)]
Proxy: TypeAlias = Annotated[str, Read('an address, a network or "unix"', _proxy)]
Proxies: TypeAlias = Annotated[tuple[Proxy, ...], AfterValidator(_not_everyone)]
PublicUrl: TypeAlias = Annotated[str, Read("an origin", _public_url)]
Issuer: TypeAlias = Annotated[str, Read("an issuer", _issuer)]
Origin: TypeAlias = Annotated[str, Read("an origin", _foreign_origin)]
