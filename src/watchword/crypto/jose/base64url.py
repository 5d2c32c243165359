"""Base64url without padding (RFC 7515 section 2): one spelling for each sequence of bytes."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from watchword.crypto.jose.refused import JoseRefused

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """The bytes in base64url."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes that the text spells.

    Raises:
        JoseRefused: malformed, unless it is the spelling that `encode` gives: no padding, no white space, no other
            alphabet, no bits left over. Otherwise one signed token could be sent in many spellings.
    """
    try:
        spelled = text.encode("ascii")
        decoded = a2b_base64(spelled.translate(_FROM_URL) + b"==="[: -len(spelled) % 4])
    except ValueError:
        raise JoseRefused("malformed") from None
    # The decoder skips what it does not know, so compare with what it should have been.
    if b2a_base64(decoded, newline=False).translate(_TO_URL).rstrip(b"=") != spelled:
        raise JoseRefused("malformed")
    return decoded
