"""JSON from strangers (RFC 8259), as interoperable as I-JSON (RFC 7493) demands: with one meaning only, or none."""

from __future__ import annotations

import json
import math
import re
from typing import TypeAlias, cast

from watchword.http.syntax import Unreadable

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DEEPEST = 32
"""Arrays and objects inside each other."""

NESTED_DEEPER = Unreadable("nested-deeper")
NOT_JSON = Unreadable("not-json")


def read_json_text(content: bytes) -> Json | Unreadable:
    """The value, where all readers of JSON would read the same one. Total.

    Unreadable are a member that comes twice, half a surrogate pair, a number beyond doubles or of more than 20 digits,
    deeper nesting than `DEEPEST`, and what is no JSON in UTF-8.
    """
    if _nested_deeper(content):
        return NESTED_DEEPER
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_integer,
        )
        json.dumps(value, ensure_ascii=False).encode()  # finds half surrogate pairs, which \u can spell
    except (ValueError, RecursionError):
        # A UnicodeDecodeError is a ValueError too. Their messages would repeat what was sent.
        return NOT_JSON
    return cast(Json, value)


# Strings hide brackets, so they are matched too; one that never ends hides the rest, and is no JSON.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


def _nested_deeper(content: bytes) -> bool:
    depth = 0
    for match in _BRACKETS.finditer(content):
        first = content[match.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > DEEPEST:
            return True
    return False


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member comes twice")
    return value


def _no_number(text: str) -> float:
    raise ValueError("not a number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("beyond what a double holds")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("beyond what anybody counts")
    return int(text)
