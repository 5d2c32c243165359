"""Places: hosts, proxies, origins, databases, files and paths, as they may be configured."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote, unquote

from pydantic import AfterValidator

from watchword.config.problems import shown
from watchword.config.values import Read, Unfit
from watchword.http.forwarded import UNIX, trusted_proxies
from watchword.http.origin import origin_of
from watchword.http.target import read_path

# RFC 1123 section 2.1, with the underscore that container networks use
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Whether this is an IP address, without brackets."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


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
    if origin_of(origin) != origin or (slash and not _ROUTE.fullmatch(slash + path)):
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


def _database(value: object) -> str:
    # Never shown: the URL of a database may hold a password.
    if not isinstance(value, str):
        raise Unfit
    if value.startswith(("postgresql:", "postgresql+", "postgres:")):
        raise ValueError('this version cannot store in PostgreSQL yet; write "sqlite:///watchword.db"')
    path = unquote(value.removeprefix("sqlite:///"))
    if value == "memory:" or path == ":memory:":
        raise ValueError(
            'what is kept in memory is lost on restart, and each worker has its own; write "sqlite:///watchword.db"'
        )
    if (
        not value.startswith("sqlite:///")
        or path.endswith("/")
        or not path
        or not path.isprintable()
        or set("?#") & set(value)
    ):
        raise ValueError(
            'must be the URL of an SQLite file; write "sqlite:///watchword.db" for one in the data folder, '
            '"sqlite:////srv/watchword.db" for any other'
        )
    return value


_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _path_pattern(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not value.startswith("/"):
        raise ValueError(f"{shown(value)} does not begin with a slash; write {shown('/' + value)}")
    if set("?#%;\\") & set(value):
        raise ValueError(
            f"{shown(value)} holds one of ? # % ; and backslash, which no path has once it is decoded; "
            'write the decoded path alone, such as "/patients/{id}"'
        )
    *segments, last = value[1:].split("/")
    if not last and segments:
        raise ValueError(
            f"{shown(value)} would fit nothing but the path with this last slash; "
            f"write {shown(value + '*')} for everything below, {shown(value.rstrip('/') or '/')} for it alone"
        )
    if last != "*":
        segments.append(last)
    names = [match[1] for segment in segments if (match := _PARAMETER.fullmatch(segment))]
    if any("*" in segment for segment in segments):
        raise ValueError(
            f"in {shown(value)} an asterisk is neither alone nor last; "
            'write {name} for one segment, and a last "/*" for everything below'
        )
    if any(set("{}") & set(segment) and not _PARAMETER.fullmatch(segment) for segment in segments):
        raise ValueError(
            f"in {shown(value)} braces do not enclose one segment's name; write {{name}} between two slashes"
        )
    if len(set(names)) != len(names):
        raise ValueError(f"in {shown(value)} two segments have one name; write another name for each")
    literal = "/" + "/".join(_PARAMETER.sub("name", segment) for segment in segments)
    if not isinstance(read_path(quote(literal, safe="/").encode()), str):
        raise ValueError(f"servers disagree about what {shown(value)} means; write it without dot and empty segments")
    return value


_ROUTE = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def _route(value: object) -> str:
    if not isinstance(value, str) or not _ROUTE.fullmatch(value):
        raise Unfit
    return value


def _page(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    elsewhere = re.fullmatch(r"(https://[^/]+)(/.*)?", value)
    path = (elsewhere[2] or "/") if elsewhere else value
    if not _PAGE_PATH.fullmatch(path) or (elsewhere and origin_of(elsewhere[1]) != elsewhere[1]):
        raise ValueError(
            f"{shown(value)} is no page to send people to; "
            'write a path of this server, such as "/ui/login", or an https URL, such as "https://auth.example.com/ui/login"'
        )
    return value


# Neither another host (`//host`, and `/\host`, which browsers read so) nor anything that a field value cannot hold.
_PAGE_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")


def _file(value: object, folder: Path) -> Path:
    if not isinstance(value, str | Path) or not str(value) or not str(value).isprintable():
        raise Unfit
    return folder / value


ListenHost: TypeAlias = Annotated[str, Read("an address or a host name", _listen_host)]
RequestHost: TypeAlias = Annotated[str, Read("a host name without port", _request_host)]
Proxy: TypeAlias = Annotated[str, Read('an address, a network or "unix"', _proxy)]
Proxies: TypeAlias = Annotated[tuple[Proxy, ...], AfterValidator(_not_everyone)]
PublicUrl: TypeAlias = Annotated[str, Read("an origin", _public_url)]
Issuer: TypeAlias = Annotated[str, Read("an issuer", _issuer)]
Origin: TypeAlias = Annotated[str, Read("an origin", _foreign_origin)]
Database: TypeAlias = Annotated[str, Read("the URL of a database", _database)]
PathPattern: TypeAlias = Annotated[
    str, Read("a path, with {name} for one segment and a last * for all below", _path_pattern)
]
Route: TypeAlias = Annotated[str, Read("a path of letters, digits, hyphens and slashes", _route)]
Page: TypeAlias = Annotated[str, Read("a path of this server, or an https URL", _page)]
File: TypeAlias = Annotated[Path, Read("the name of a file", _file, relative=True)]
