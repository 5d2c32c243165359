"""A path as logs may show it: what could be a credential is masked (F33; S2.8)."""

from __future__ import annotations

import re

_MASK = b"****"

# The delimiters of a path parameter and of a query, encoded as often as anybody likes.
_SEMICOLON = re.compile(rb";|%(?:25)*+3b", re.IGNORECASE)
_EQUALS = re.compile(rb"=|%(?:25)*+3d", re.IGNORECASE)
_QUESTION_MARK = re.compile(rb"%(?:25)*+3f", re.IGNORECASE)

# userinfo = *( unreserved / pct-encoded / sub-delims / ":" ), in a target in absolute-form
_USER_INFO = re.compile(rb"([^/?]*+//)[^/@]*+@")


def shown_path(path: bytes) -> str:
    """The path of a request target without the values of its parameters, whether we read them or not. Total.

    Somebody's session may be there, and what was sent to us by mistake is somebody's, too.
    """
    if b";" in path or b"%" in path:
        path = _before(_QUESTION_MARK, b"/".join(map(_without_values, path.split(b"/"))))
    if b"@" in path and (user_info := _USER_INFO.match(path)) is not None:
        path = user_info[1] + _MASK + path[user_info.end() - 1 :]
    return path.decode("latin-1")


def _without_values(segment: bytes) -> bytes:
    semicolon = _SEMICOLON.search(segment)
    return segment if semicolon is None else _before(_EQUALS, segment, semicolon.end())


def _before(sign: re.Pattern[bytes], text: bytes, start: int = 0) -> bytes:
    """The text up to the sign, and a mask in place of all that follows."""
    found = sign.search(text, start)
    return text if found is None else text[: found.end()] + _MASK
