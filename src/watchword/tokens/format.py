"""How our tokens look: `ww_<kind>_<random>_<checksum>`.

The prefix says whose it is and what it is for; the random part is 32 bytes in base 62; the checksum, CRC-32 of all
that stands before the last underscore, tells a typing error, or a text that merely looks so, from a token without
asking anybody. It proves nothing. Letters, digits and underscores pass unharmed through URLs, header fields, cookies
and a double click.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from zlib import crc32

SESSION: Final = "s"
API_KEY: Final = "k"
AUTH_KEY: Final = "a"
AUTH_TOKEN: Final = "t"
REFRESH: Final = "r"
REFERENCE: Final = "o"  # an opaque access token
CLIENT_SECRET: Final = "c"
KINDS: Final = frozenset((SESSION, API_KEY, AUTH_KEY, AUTH_TOKEN, REFRESH, REFERENCE, CLIENT_SECRET))

PAYLOAD_LENGTH: Final = 32
"""In bytes: 256 bits, where ASVS 7.2.3 asks for 128."""
PATTERN: Final = r"ww_[ackorst]_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}"
"""Published, so that scanners can find tokens that leaked; the checksum settles what it finds."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_ALPHABET)}
_PAIRS = tuple(  # two digits at a time, because this runs for every check
    high + low for high in _ALPHABET for low in _ALPHABET
)
_MATCH = re.compile(PATTERN).fullmatch


def new_token(kind: str, entropy: bytes) -> str:
    """A token of this kind. `entropy` is 32 bytes from a cryptographic random generator."""
    return encode(kind, entropy)


def encode(kind: str, payload: bytes) -> str:
    """The token of this kind that carries 32 bytes."""
    if kind not in KINDS or len(payload) != PAYLOAD_LENGTH:
        raise ValueError(f"a token has one of the kinds {''.join(sorted(KINDS))} and {PAYLOAD_LENGTH} bytes")
    body = f"ww_{kind}_{base62(payload)}"
    return f"{body}_{_checksum(body)}"


def is_well_formed(token: str, kind: str | None = None) -> bool:
    """Whether the text is a token, of this kind where one is given. Total, and says nothing of who knows it."""
    # Most texts that are asked about are no tokens, and a look at their beginning is the cheapest.
    return (
        token.startswith("ww_")
        and _MATCH(token) is not None
        and token[-6:] == _checksum(token[:-7])
        and (kind is None or token[3] == kind)
    )


def kind_of(token: str) -> str | None:
    """The token's kind, or None where the text is no token."""
    return token[3] if is_well_formed(token) else None


def payload_of(token: str, kind: str) -> bytes | None:
    """The 32 bytes that `encode` put into a token of this kind; None where the text is none. Total."""
    if not is_well_formed(token, kind):
        return None
    number = 0
    for digit in token[5:-7]:
        number = number * 62 + _VALUES[digit]
    # 43 digits can spell more than 32 bytes hold; no token of ours does.
    return number.to_bytes(PAYLOAD_LENGTH, "big") if number.bit_length() <= 8 * PAYLOAD_LENGTH else None


def base62(data: bytes) -> str:
    """The bytes as one number in base 62, in a width that depends on their length alone."""
    number, width = int.from_bytes(data, "big"), _width(len(data))
    pairs: list[str] = []
    for _ in range(0, width, 2):
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))[-width:] if width else ""


@cache
def _width(length: int) -> int:
    """How many digits the largest number of so many bytes has."""
    width = 0
    while 62**width < 256**length:
        width += 1
    return width


def _checksum(body: str) -> str:
    """CRC-32 in six characters."""
    rest, low = divmod(crc32(body.encode("ascii")), 3844)
    high, middle = divmod(rest, 3844)
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]
