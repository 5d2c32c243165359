"""The signature by which a trusted proxy proves whom it tells of: HMAC-SHA256 over the request and the identity.

The field's value is `v1.<seconds since 1970>.<nonce>.<signature in hexadecimal>`. What is signed are these lines, each
ended by the next one's line feed, which none of them can hold:

    watchword proxy identity v1
    <seconds since 1970>
    <nonce>
    <method>
    <request target, as sent>
    <identity, as sent>
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from watchword.crypto.secret import Secret

SKEW: Final = 300.0
"""How many seconds a signature may be old, or ahead of our clock."""

_CONTEXT = b"watchword proxy identity v1"
_SIGNATURE = re.compile(rb"v1\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]{16,64})\.([0-9A-Fa-f]{64})")


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was sent: nothing of it is proven yet."""

    at: int
    nonce: bytes
    mac: bytes = field(repr=False)


def read_signature(value: bytes) -> Signature | None:
    """The signature in a field's value; None where there is none of this form."""
    match = _SIGNATURE.fullmatch(value)
    return None if match is None else Signature(int(match[1]), match[2], bytes.fromhex(match[3].decode("ascii")))


def signature_of(method: str, target: bytes, identity: bytes, at: int, nonce: bytes, key: Secret) -> bytes:
    """The signature that belongs to this request and identity."""
    lines = _CONTEXT, b"%d" % at, nonce, method.encode(), target, identity
    return hmac.new(key.reveal(), b"\n".join(lines), hashlib.sha256).digest()
