"""Base64url without padding (RFC 7515 section 2): one spelling for each sequence of bytes."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from watchword.crypto.jose.refused import JoseRefused

_TO_URL = bytes.maketrans(b"+/", b"-_")
# What is no letter of the alphabet must not become one: "!" is in neither.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
# The last letters that leave no bits over, by how many letters stand behind the last group of four.
_LAST = {0: frozenset(range(256)), 2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_PADDING = (b"", b"", b"==", b"=")


def encode(data: bytes) -> str:
    """The bytes in base64url."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str | bytes) -> bytes:
    """The bytes that the text spells.

    Raises:
        JoseRefused: malformed, unless it is the spelling that `encode` gives: no padding, no white space, no other
            alphabet, no bits left over. Otherwise one signed token could be sent in many spellings.
    """
    try:
        spelled = text.encode("ascii") if isinstance(text, str) else text
        if not spelled:
            return b""
        over = len(spelled) % 4
        if spelled[-1] in _LAST[over]:
            return a2b_base64(spelled.translate(_FROM_URL) + _PADDING[over], strict_mode=True)
    except (ValueError, KeyError):
        pass
    raise JoseRefused("malformed")
