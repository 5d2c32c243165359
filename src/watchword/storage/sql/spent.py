"""The spent refresh tokens of a family as one value: a version, then for each its instant, lengths and parts."""

from __future__ import annotations

import struct

from watchword.core.grants import Spent

VERSION = b"\x01"

_HEAD = struct.Struct(">dHHH")


def packed(spent: tuple[Spent, ...]) -> bytes:
    parts = [VERSION]
    for each in spent:
        parts.append(_HEAD.pack(each.at, len(each.fingerprint), len(each.client), len(each.sealed)))
        parts += (each.fingerprint, each.client, each.sealed)
    return b"".join(parts)


def unpacked(packed: bytes) -> tuple[Spent, ...]:
    """Raises ValueError where it is of another version or damaged."""
    if packed[:1] != VERSION:
        raise ValueError("spent tokens of an unknown version")
    spent: list[Spent] = []
    at = 1
    while at < len(packed):
        if at + _HEAD.size > len(packed):
            raise ValueError("spent tokens were cut off")
        instant, *lengths = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        parts: list[bytes] = []
        for length in lengths:
            parts.append(packed[at : at + length])
            at += length
        spent.append(Spent(fingerprint=parts[0], client=parts[1], at=instant, sealed=parts[2]))
    if at != len(packed):
        raise ValueError("spent tokens were cut off")
    return tuple(spent)
