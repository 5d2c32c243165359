"""JSON that all readers would read the same (RFC 7493), with sentences for people who wrote something else."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, NoReturn, cast

if TYPE_CHECKING:
    from watchword.core.records import Json

DEEPEST = 32
"""Arrays and objects inside each other."""


class NoJson(ValueError):
    """The text has no one meaning as JSON. The message goes on after its place; it quotes no value (F33)."""


def read_json(content: bytes) -> Json:
    """The value.

    Raises:
        NoJson: where it is no JSON, or says something twice.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise NoJson("is not UTF-8; save the file in that encoding") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise NoJson(f"is no JSON: {error.msg} ({place})") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and _is_nested_deeper(value, DEEPEST):
        raise _too_deep()
    if "\\ud" in text.lower():
        _refuse_half_characters(value)
    return cast("Json", value)


def _too_deep() -> NoJson:
    return NoJson(f"has more than {DEEPEST} arrays and objects inside each other; write fewer")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        count = Counter(name for name, _ in pairs)
        twice = count.most_common(1)[0][0]
        raise NoJson(f"has the member {twice[:100]!a} twice in one object; write it once")
    return value


def _constant(text: str) -> NoReturn:
    raise NoJson(f"has {text}, which is no number of JSON; write a number or null")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NoJson("has a number that is too large; write a smaller one")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise NoJson("has a number that is too large; write a smaller one")
    return int(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer)


def _is_nested_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(_is_nested_deeper(item, levels - 1) for item in inner))


def _refuse_half_characters(value: object) -> None:
    """Half a surrogate pair, which only an escape can spell, is no character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NoJson(r"has half a character (\ud800 to \udfff without its other half); write both halves") from None
