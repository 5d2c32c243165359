"""The path that is authorised must be the path that is served (F22; RFC 9112 section 3.2, RFC 3986 section 3.3).

Servers disagree about dot segments, encoded slashes, backslashes, empty segments and what was encoded twice. A path
that any of them could read otherwise is not normalised here but refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

from watchword.http.authority import read_authority


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A target that could be read in more than one way. `reason` is a code for operators."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absolute:
    """A target in absolute-form: scheme, host with port, and the rest in origin-form."""

    secure: bool
    authority: str
    target: bytes


# Most paths: segments of unreserved characters, none empty but the last, none of them dots alone.
_PLAIN = re.compile(rb"/|(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9_.~-]++)++/?")

_INCOMPLETE_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED_DELIMITER = re.compile(rb"%(?:2[Ff]|5[Cc]|3[Bb])")
_NOT_IN_PATH = re.compile(rb"[\x00-\x20\x7f#?\\]")
_STILL_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# absolute-form = scheme "://" authority path-abempty [ "?" query ]
_ABSOLUTE = re.compile(rb"(https?)://([^/?#]*+)([^#]*+)", re.IGNORECASE | re.DOTALL)


def read_path(raw: bytes) -> str | Ambiguous:
    """The path of a target, percent-decoded once, or why servers could disagree about it.

    | reason            | example                                                    |
    |-------------------|------------------------------------------------------------|
    | not-a-path        | `*`, `admin`, empty                                        |
    | character         | a raw space, control character, `#`, `?` or `\\`           |
    | incomplete-escape | `%`, `%4`, `%u002f`                                        |
    | encoded-delimiter | `%2f`, `%5c`, `%3b`                                        |
    | not-utf-8         | `%ff`, `%c0%ae` (overlong)                                 |
    | encoded-twice     | `%252e`, `%25%32%65`                                       |
    | control-character | `%00`, `%0d`, `%c2%85`                                     |
    | look-alike        | characters that compatibility normalisation makes a slash  |
    | dot-segment       | `/./`, `/..`, `/%2e%2e/`, `/..;x/`, fullwidth dots         |
    | empty-segment     | `//`, `/;x/`                                               |

    Path parameters stay in; see `without_parameters`.
    """
    if _PLAIN.fullmatch(raw):
        return raw.decode("ascii")
    if not raw.startswith(b"/"):
        return Ambiguous("not-a-path")
    if _NOT_IN_PATH.search(raw):
        return Ambiguous("character")
    if _INCOMPLETE_ESCAPE.search(raw):
        return Ambiguous("incomplete-escape")
    if _ENCODED_DELIMITER.search(raw):
        return Ambiguous("encoded-delimiter")
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return Ambiguous("not-utf-8")
    if _STILL_ENCODED.search(path):
        return Ambiguous("encoded-twice")
    if _CONTROL.search(path):
        return Ambiguous("control-character")
    return _with_clear_segments(path)


def _with_clear_segments(path: str) -> str | Ambiguous:
    """Judged as the most lenient server would read it: without parameters, each character in compatibility form."""
    folded = path if path.isascii() else "".join(normalize("NFKC", character) for character in path)
    if folded.count("/") != path.count("/") or "\\" in folded or folded.count(";") != path.count(";"):
        return Ambiguous("look-alike")
    segments = folded.split("/")[1:]
    for index, segment in enumerate(segments):
        name = segment.partition(";")[0]
        if name in (".", ".."):
            return Ambiguous("dot-segment")
        if not name and (segment or index < len(segments) - 1):
            return Ambiguous("empty-segment")
    return path


def without_parameters(path: str) -> str:
    """The path without the parameters of its segments, as servlet containers match it: `/a;v=1/b` is `/a/b`.

    Other servers take the same bytes for a resource of another name: where both may stand behind us, both readings
    must be allowed.
    """
    if ";" not in path:
        return path
    return "/".join(segment.partition(";")[0] for segment in path.split("/"))


def origin_form(target: bytes, host: bytes | None = None) -> bytes | Ambiguous:
    """A request target as `/path?query`: absolute-form is reduced to that.

    `host` is the Host field. An absolute-form for another host is ambiguous: RFC 9112 section 3.2.2 says that Host
    is to be ignored then, and not everybody does. So is whatever is neither form (`*`, the authority of CONNECT).
    """
    if target.startswith(b"/"):
        return target
    absolute = read_absolute(target)
    if isinstance(absolute, Ambiguous):
        return absolute
    if host is not None and read_authority(host, secure=absolute.secure) != absolute.authority:
        return Ambiguous("authority")
    return absolute.target


def read_absolute(target: bytes) -> Absolute | Ambiguous:
    """An absolute-form target, or why it is none: not-a-path, authority."""
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        return Ambiguous("not-a-path")
    secure = match[1].lower() == b"https"
    authority = read_authority(match[2], secure=secure)
    if authority is None:
        return Ambiguous("authority")
    rest: bytes = match[3]
    return Absolute(secure, authority, rest if rest.startswith(b"/") else b"/" + rest)
