"""Places: databases, files, paths and pages, as they may be configured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote, unquote

from watchword.config.problems import shown
from watchword.config.values import Read, Unfit
from watchword.http.origin import origin_of
from watchword.http.target import read_path


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


ROUTE = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def _route(value: object) -> str:
    if not isinstance(value, str) or not ROUTE.fullmatch(value):
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


Database: TypeAlias = Annotated[str, Read("the URL of a database", _database)]
PathPattern: TypeAlias = Annotated[
    str, Read("a path, with {name} for one segment and a last * for all below", _path_pattern)
]
Route: TypeAlias = Annotated[str, Read("a path of letters, digits, hyphens and slashes", _route)]
Page: TypeAlias = Annotated[str, Read("a path of this server, or an https URL", _page)]
File: TypeAlias = Annotated[Path, Read("the name of a file", _file, relative=True)]
