"""Sealing what is kept but has to be known again: AES-256-GCM under one of several keys, bound to its place.

A sealed value is a version byte, the length of the key's id and the id, a nonce, and the ciphertext with its tag.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from watchword.crypto.secret import Secret

_VERSION = 1
_NONCE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals with the newest key, opens with any. `keys` are ids (at most 255 bytes) with 32-byte keys, oldest first."""

    keys: Sequence[tuple[str, Secret]]

    def seal(self, plain: bytes, place: bytes, entropy: Callable[[int], bytes]) -> bytes:
        """The value, readable for nobody without the key, and in no other place than this one.

        `place` names where it is kept, such as the record's kind and id; a value moved elsewhere does not open.
        """
        key_id, key = self.keys[-1]
        name = key_id.encode()
        head = bytes((_VERSION, len(name))) + name
        nonce = entropy(_NONCE_LENGTH)
        return head + nonce + AESGCM(key.reveal()).encrypt(nonce, plain, head + place)

    def open(self, sealed: bytes, place: bytes) -> bytes | None:
        """What was sealed for this place; None where it was not, was changed, or its key is gone. Total."""
        if len(sealed) < 2 or sealed[0] != _VERSION:
            return None
        end = 2 + sealed[1]
        head, nonce, rest = sealed[:end], sealed[end : end + _NONCE_LENGTH], sealed[end + _NONCE_LENGTH :]
        if len(nonce) != _NONCE_LENGTH:
            return None
        for key_id, key in self.keys:
            if key_id.encode() == head[2:]:
                try:
                    return AESGCM(key.reveal()).decrypt(nonce, rest, head + place)
                except InvalidTag:
                    return None
        return None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value is sealed with the newest key, so that it need not be sealed anew."""
        name = self.keys[-1][0].encode()
        return sealed[:2] == bytes((_VERSION, len(name))) and sealed[2 : 2 + len(name)] == name


def key_id_of(sealed: bytes) -> str | None:
    """The id of the key that the value names as the one it is sealed with, if any. Nothing is verified. Total."""
    if len(sealed) < 2 or sealed[0] != _VERSION or len(sealed) < 2 + sealed[1]:
        return None
    try:
        return sealed[2 : 2 + sealed[1]].decode()
    except UnicodeDecodeError:
        return None
