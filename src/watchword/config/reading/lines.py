"""On which line of a TOML file each setting stands, for the sentences about it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Location: TypeAlias = tuple[str | int, ...]

_LONGEST_STATEMENT = 500
"""In lines. Behind a longer one no line is known: finding its end takes time with the square of its length."""


def line_of(location: Location, lines: Mapping[Location, int]) -> int | None:
    """The line of a setting, or of the nearest thing around it that has a line of its own."""
    while location:
        if location in lines:
            return lines[location]
        location = location[:-1]
    return None


def lines_of(text: str) -> dict[Location, int]:
    """The line of every table and key of a document that has been read already, counted from 1.

    Entries of lists and keys of inline tables have none of their own.
    """
    lines: dict[Location, int] = {}
    table: Location = ()
    arrays: dict[Location, int] = {}  # arrays of tables, with the index of their present entry
    for number, statement, content in _statements(text):
        if statement.startswith("["):
            table = _path(content, arrays, opens_entry=statement.startswith("[["))
            path = table
        else:
            path = table + _path(content, {}, opens_entry=False)
        for end in range(1, len(path) + 1):
            lines.setdefault(path[:end], number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each header, and each key with its value: as few lines in a row as are TOML by themselves."""
    statement, first = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        statement, first = (f"{statement}\n{line}", first) if statement else (line, number)
        try:
            content = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            if number - first > _LONGEST_STATEMENT:
                return
            continue
        if content:
            yield first, statement.lstrip(" \t"), content
        statement = ""


def _path(content: dict[str, Any], arrays: dict[Location, int], *, opens_entry: bool) -> Location:
    """The one key that a statement names: `[[a.b]]` is a, its present entry, b, a new entry."""
    path: Location = ()
    while len(content) == 1:
        ((key, inner),) = content.items()
        path = (*path, key)
        if opens_entry and isinstance(inner, list):
            arrays[path] = arrays.get(path, -1) + 1
            return (*path, arrays[path])
        if path in arrays:
            path = (*path, arrays[path])
        if not isinstance(inner, dict):
            break
        content = inner
    return path
