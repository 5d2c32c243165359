"""Where somebody goes on after a log-in: a path of this very origin, and nothing that a user agent reads otherwise."""

from __future__ import annotations

import re

LONGEST_RETURN_PATH = 512
"""In characters: it travels in a cookie."""

# path-absolute [ "?" query ] [ "#" fragment ] of RFC 3986 section 3.3, less its `;`, which some readers cut paths at.
# `//` and `/\` would be another host, and user agents drop tabs and line breaks before they look (URL standard, 4.4).
_CHARACTERS = r"[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2}"
_RETURN_PATH = re.compile(rf"/(?!/)(?:{_CHARACTERS}|/)*+(?:\?(?:{_CHARACTERS}|[/?])*+)?(?:\#(?:{_CHARACTERS}|[/?])*+)?")

# Decoded once more by somebody, they would be another host or another path.
_DECEPTIVE = re.compile(r"//|/\.{1,2}(?:/|\Z)|%(?:2[EeFf5]|5[Cc]|0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])")


def return_path(text: str) -> str | None:
    """The text where it is such a path; None for everything else (F32)."""
    if len(text) > LONGEST_RETURN_PATH or not _RETURN_PATH.fullmatch(text):
        return None
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    return None if _DECEPTIVE.search(path) else text


def with_parameter(path: str, name: str, value: str) -> str:
    """Such a path with one more parameter in its query. Both texts are our own."""
    rest, hash, fragment = path.partition("#")
    return f"{rest}{'&' if '?' in rest else '?'}{name}={value}{hash}{fragment}"
