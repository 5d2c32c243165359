"""The nonces of Digest (RFC 7616 section 3.3): each tells when it was made and proves to be ours, and none is stored.

A nonce is a version byte, the time in milliseconds, random bytes and a MAC over these and the realm, in base64url. So
every node that shares the keys knows the nonces of all. What was already asked with one is another question
(`SpendOnce`).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchword.core.principal import Instant
from watchword.crypto.secret import Secret, equal

_VERSION = b"\x01"
_TIME, _RANDOM, _MAC = 6, 9, 16  # bytes
_LENGTH = 4 * (1 + _TIME + _RANDOM + _MAC) // 3 + 1  # characters, without padding
_AHEAD = 120.0
"""How far another node's clock may be ahead of ours, in seconds. What is further ahead was made before the clock was
set back, and may be over for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonces:
    """Makes nonces with the newest of the server's keys (oldest first), and knows those of every key.

    A nonce lives for `ttl` seconds. `clock` tells the time, `entropy(n)` gives n random bytes.
    """

    keys: Sequence[Secret]
    ttl: float
    clock: Callable[[], Instant]
    entropy: Callable[[int], bytes]

    def new(self, realm: str) -> str:
        """A nonce that nobody was given before."""
        made = _VERSION + round(self.clock() * 1000).to_bytes(_TIME, "big") + self.entropy(_RANDOM)
        return urlsafe_b64encode(made + _mac(self.keys[-1], realm, made)).rstrip(b"=").decode("ascii")

    def ends_at(self, nonce: bytes, realm: str) -> Instant | None:
        """When the nonce ends, or ended; None where it is none of ours for this realm. Total."""
        decoded = _decoded(nonce)
        if decoded is None:
            return None
        made, mac = decoded[:-_MAC], decoded[-_MAC:]
        ours = False
        for key in self.keys:
            ours |= equal(mac, _mac(key, realm, made))
        return int.from_bytes(made[1 : 1 + _TIME], "big") / 1000 + self.ttl if ours else None

    def is_good(self, ends_at: Instant, now: Instant) -> bool:
        """Whether a nonce with this end may be used now."""
        return now < ends_at <= now + self.ttl + _AHEAD

    def is_ageing(self, nonce: bytes, realm: str) -> bool:
        """Whether more than half of its life is over, so that its client should be handed the next."""
        ends_at = self.ends_at(nonce, realm)
        return ends_at is not None and ends_at - self.clock() < self.ttl / 2


def _decoded(nonce: bytes) -> bytes | None:
    if len(nonce) != _LENGTH:
        return None
    try:
        decoded = urlsafe_b64decode(nonce + b"=" * (-len(nonce) % 4))
    except ValueError:
        return None
    # The decoder skips what it does not know, and one nonce in two spellings would count twice.
    spelled = urlsafe_b64encode(decoded).rstrip(b"=")
    return decoded if spelled == nonce and decoded.startswith(_VERSION) else None


def _mac(key: Secret, realm: str, made: bytes) -> bytes:
    # What is made has one length, so that nothing of the realm can be taken for it.
    return hmac.digest(key.reveal(), b"watchword digest nonce v1" + made + realm.encode(), "sha256")[:_MAC]
