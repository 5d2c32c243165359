"""JSON objects from strangers (RFC 8259, RFC 7493): bounded, in UTF-8, and each member at most once."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import NoReturn, TypeAlias

from watchword.crypto.jose.refused import JoseRefused

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MOST_NESTING = 8
"""Levels of objects and arrays. A parser that recurses must not be led deeper."""


def read_object(document: str | bytes, *, most: int) -> dict[str, Json]:
    """The JSON object that the document is. `most` is in bytes.

    Raises:
        JoseRefused: oversize or malformed. Malformed is also a member that comes twice (RFC 7515 section 4 lets a
            parser refuse it; two parsers might each believe another one), a number beyond a float's range, `NaN`,
            and half a surrogate pair, even where it is escaped.
    """
    if len(document) > most:
        raise JoseRefused("oversize")
    try:
        encoded = document.encode() if isinstance(document, str) else document
        if len(encoded) > most:
            raise JoseRefused("oversize")
        text = encoded.decode()
        if _too_deep(text):
            raise JoseRefused("malformed")
        value: Json
        value, end = _DECODER.raw_decode(text) if text[:1] == "{" else (None, 0)
        if end != len(text):  # there is white space around it, or something else
            value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise JoseRefused("malformed") from None
    if not isinstance(value, dict):
        raise JoseRefused("malformed")
    return value


def write_object(members: dict[str, Json]) -> bytes:
    """The object as JSON, without white space."""
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


# The second alternative ends an open string with the text, so that nothing is scanned twice.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def _too_deep(text: str) -> bool:
    if text.count("{") + text.count("[") <= MOST_NESTING:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "{[" else -1
        if depth > MOST_NESTING:
            return True
    return False


def _each_once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JoseRefused("malformed")
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise JoseRefused("malformed")
    return number


def _no_constant(name: str) -> NoReturn:
    raise JoseRefused("malformed")


_DECODER = json.JSONDecoder(object_pairs_hook=_each_once, parse_float=_finite, parse_constant=_no_constant)
