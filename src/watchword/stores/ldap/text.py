"""Text in filters (RFC 4515) and distinguished names (RFC 4514): written so that it is only a value, and read."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

NormalDn: TypeAlias = tuple[tuple[tuple[str, str], ...], ...]
"""The parts of a distinguished name from the leaf to the root, each its attributes with their values, in one form."""

_PLAIN = re.compile(r"[A-Za-z0-9._@-]+")


def in_filter(value: str) -> str:
    """A value as it may stand in a filter: whatever is neither letter nor digit as octets (RFC 4515 section 3)."""
    return "".join(c if _PLAIN.fullmatch(c) else "".join(f"\\{octet:02x}" for octet in c.encode()) for c in value)


def in_dn(value: str) -> str:
    """A value as it may stand in a distinguished name: likewise (RFC 4514 section 2.4)."""
    return in_filter(value)


# RFC 4514 section 3: attributeType EQUALS attributeValue. A value is a string with escapes, or hexadecimal BER.
_TYPE = r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*"
_VALUE = r'(?:\\(?:[0-9A-Fa-f]{2}|[ "#+,;<=>\\])|[^\\,;+"<>\x00])*'
_PAIR = re.compile(rf"\s*({_TYPE})\s*=\s*({_VALUE})")
_ESCAPES = re.compile(r'(?:\\[0-9A-Fa-f]{2})+|\\[ "#+,;<=>\\]')


def parts_of(dn: str) -> list[list[tuple[str, str]]]:
    """The parts of a distinguished name from the leaf to the root, each its attributes with their values as they are.

    Raises:
        ValueError: where it is none.
    """
    parts: list[list[tuple[str, str]]] = [[]]
    at = 0
    while True:
        pair = _PAIR.match(dn, at)
        if pair is None:
            raise ValueError("is no distinguished name (RFC 4514)")
        parts[-1].append((pair[1], _unescaped(pair[2])))
        at = pair.end()
        if at == len(dn):
            return parts
        if dn[at] in ",;":
            parts.append([])
        elif dn[at] != "+":
            raise ValueError("is no distinguished name (RFC 4514)")
        at += 1


def normal_dn(dn: str) -> NormalDn:
    """The name in a form that is the same however it was spelt: case, spaces and escapes aside.

    Raises:
        ValueError: where it is none.
    """
    return tuple(tuple(sorted((kind.lower(), normal(value)) for kind, value in part)) for part in parts_of(dn))


def is_below(dn: str, base: str) -> bool:
    """Whether an entry of this name is below the base, or is it. Everything is below an empty one."""
    try:
        name, end = normal_dn(dn), normal_dn(base) if base else ()
    except ValueError:
        return False
    return name[len(name) - len(end) :] == end


def normal(value: str) -> str:
    """A value as directories compare it (caseIgnoreMatch, RFC 4517 section 4.2.11)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _unescaped(value: str) -> str:
    """Raises ValueError where the octets are no UTF-8."""
    trimmed = value.rstrip(" ")
    if trimmed.endswith("\\") and len(trimmed) < len(value):
        trimmed += " "  # it was escaped, and belongs to the value
    return _ESCAPES.sub(_unescape, trimmed)


def _unescape(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 2:
        return text[1]
    return bytes.fromhex(text.replace("\\", "")).decode()
