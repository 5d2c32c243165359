"""Structured field values as JSON, in the form of the HTTP working group's own vectors."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Sequence
from decimal import Decimal

from watchword.http.structured_fields import (
    Bare,
    Date,
    DisplayString,
    InnerList,
    Member,
    Token,
    parse_dictionary,
    parse_item,
    parse_list,
)
from watchword.http.syntax import Unreadable

TYPES = ("item", "list", "dictionary")


def parsed(kind: str, lines: Sequence[bytes]) -> object:
    """The field's value; `Unreadable` where it has none."""
    if kind == "item":
        item = parse_item(lines)
        return item if isinstance(item, Unreadable) else _member(item)
    if kind == "list":
        members = parse_list(lines)
        return members if isinstance(members, Unreadable) else [_member(member) for member in members]
    pairs = parse_dictionary(lines)
    return pairs if isinstance(pairs, Unreadable) else [[key, _member(member)] for key, member in pairs.items()]


def _member(member: Member) -> list[object]:
    params = [[name, _bare(value)] for name, value in member.params]
    if isinstance(member, InnerList):
        return [[_member(item) for item in member.items], params]
    return [_bare(member.value), params]


def _bare(value: Bare) -> object:
    match value:
        case Token():
            return {"__type": "token", "value": str(value)}
        case DisplayString():
            return {"__type": "displaystring", "value": str(value)}
        case Date():
            return {"__type": "date", "value": int(value)}
        case bytes():
            return {"__type": "binary", "value": b32encode(value).decode()}
        case Decimal():
            return float(value)
        case _:
            return value
