"""Refresh tokens (RFC 6749 section 1.5): what they carry, and how a lost answer can be given again.

A refresh token finds its family by a handle and proves itself by a secret. Once redeemed it is spent; the token that
came in its place is kept beside it, sealed so that nobody but who holds the spent one can open it: the server cannot,
and neither can who steals its database.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watchword.core.policy import place_of
from watchword.crypto import secret
from watchword.crypto.secret import Secret
from watchword.tokens.format import PAYLOAD_LENGTH, REFRESH, base62, encode, payload_of

HANDLE_LENGTH = 12
_SECRET_LENGTH = PAYLOAD_LENGTH - HANDLE_LENGTH
_NONCE_LENGTH = 12
_VERSION = b"\x01"
_PURPOSE = b"watchword refresh successor v1"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, taken apart: the family's handle, and the secret of this one token (160 random bits)."""

    handle: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The token as its client holds it."""
        return encode(REFRESH, self.handle + self.secret)

    @property
    def fingerprint(self) -> bytes:
        """What is kept of it."""
        return secret.fingerprint(self.text.encode("ascii"))


def read_refresh_token(text: str) -> RefreshToken | None:
    """The token that the text is, or None where it is none of ours. Total."""
    payload = payload_of(text, REFRESH)
    return None if payload is None else RefreshToken(payload[:HANDLE_LENGTH], payload[HANDLE_LENGTH:])


def new_refresh_token(entropy: Callable[[int], bytes], handle: bytes | None = None) -> RefreshToken:
    """A new token: the first of a new family, or the next one of the family with this handle."""
    return RefreshToken(entropy(HANDLE_LENGTH) if handle is None else handle, entropy(_SECRET_LENGTH))


def family_id(handle: bytes) -> str:
    """The family's public id: it can be shown, and tells nothing of its handle."""
    return base62(sha256(b"watchword refresh family id v1" + handle).digest()[:16])


def sealed(successor: RefreshToken, presented: RefreshToken, entropy: Callable[[int], bytes]) -> bytes:
    """The successor, readable for who holds the presented token."""
    nonce = entropy(_NONCE_LENGTH)
    return _VERSION + nonce + AESGCM(_key(presented)).encrypt(nonce, successor.handle + successor.secret, _PURPOSE)


def live_token(presented: RefreshToken, chain: Sequence[bytes]) -> RefreshToken | None:
    """The last of the tokens that the chain leads to: each link opens with the token before.

    None where a link does not open, which only damaged records can bring about.
    """
    token = presented
    for link in chain:
        opened = _opened(link, token)
        if opened is None:
            return None
        token = opened
    return token


def client_digest(key: Secret, *, client_id: str, user_agent: str, address: str) -> bytes:
    """What tells one client from others, for as long as an answer may have been lost.

    Keyed, so that nobody who reads the database can try out who it was. Of an IPv6 address only the /64 counts.
    """
    parts = (client_id, user_agent, place_of(address))
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    return hmac.digest(key.reveal(), b"watchword refresh client v1" + message, "sha256")


def _opened(link: bytes, token: RefreshToken) -> RefreshToken | None:
    version, nonce, sealed_text = link[:1], link[1 : 1 + _NONCE_LENGTH], link[1 + _NONCE_LENGTH :]
    if version != _VERSION:
        return None
    try:
        payload = AESGCM(_key(token)).decrypt(nonce, sealed_text, _PURPOSE)
    except (InvalidTag, ValueError):
        return None
    if len(payload) != PAYLOAD_LENGTH:
        return None
    return RefreshToken(payload[:HANDLE_LENGTH], payload[HANDLE_LENGTH:])


def _key(token: RefreshToken) -> bytes:
    # RFC 5869; the token is random, so no salt is needed (section 3.1).
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(token.handle + token.secret)
