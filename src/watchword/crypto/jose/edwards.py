"""Whether bytes are a sound public key for EdDSA (RFC 8032 sections 5.1.3 and 5.2.3).

OpenSSL looks at the length alone. A point of small order would verify signatures that nobody made: for the neutral
element, `S * B` beside `S` signs every message.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Curve:
    """x^2 = (y^2 - 1) / (d * y^2 + c) modulo p."""

    length: int
    p: int
    d: int
    c: int


_P25519 = 2**255 - 19
_CURVES = {
    "Ed25519": _Curve(32, _P25519, -121665 * pow(121666, -1, _P25519) % _P25519, 1),
    "Ed448": _Curve(57, 2**448 - 2**224 - 1, -39081, -1),
}


def is_sound(curve: str, encoded: bytes) -> bool:
    """Whether the bytes are the one encoding of a point on the curve, and the point is not of small order."""
    parameters = _CURVES[curve]
    p, d, c = parameters.p, parameters.d, parameters.c
    if len(encoded) != parameters.length:
        return False
    y = int.from_bytes(encoded, "little") & ~(1 << (8 * parameters.length - 1))  # the topmost bit is the sign of x
    if y >= p or y in (0, 1, p - 1):  # orders 4, 1 and 2
        return False
    square = y * y % p
    if curve == "Ed25519" and (d * square * square + 2 * square - 1) % p == 0:  # its double has order 4
        return False
    # u / v is a square where u * v is one (Euler's criterion).
    return pow((square - 1) * (d * square + c) % p, (p - 1) // 2, p) == 1
