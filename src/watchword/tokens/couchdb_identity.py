"""A token for CouchDB's three fields that expires, is meant for one audience, and covers the roles (S2.28).

CouchDB's own covers the name alone, for ever. This one is `v1.<expiry, in seconds since 1970>.<MAC in hexadecimal>`:
HMAC-SHA256 under a key that is used for nothing else, over these lines, none of which can hold a line feed:

    watchword couchdb identity v1
    <expiry>
    <audience>
    <user, as sent>
    <roles, as sent>

CouchDB does not know it: it is for servers in front of CouchDB that check it with the same keys. Nothing is remembered
of one that was used: a copy is good until it expires, a minute as a rule, for the same user, roles and audience.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from watchword.core.outcome import Rejected
from watchword.core.principal import Instant
from watchword.crypto.secret import Secret, equal
from watchword.tokens.keys import Key, KeyRing

PURPOSE: Final = "couchdb-identity"
"""Of the server's keys."""

SKEW: Final = 5.0
"""By how many seconds the clocks of both sides may differ."""

_CONTEXT = b"watchword couchdb identity v1"
# token = "v1." expiry "." MAC, expiry = %x31-39 0*10DIGIT, MAC = 64HEXDIG (lower-case)
_TOKEN = re.compile(rb"v1\.([1-9][0-9]{0,10})\.([0-9a-f]{64})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

_UNPROVEN: Final = Rejected("bad-proxy-signature")
_OUTDATED: Final = Rejected("outdated-proxy-signature")


@dataclass(frozen=True, slots=True)
class CouchDbIdentities:
    """Makes and judges tokens. `keys` are oldest first: the newest makes, and all of them are good.

    `audience` is whom they are meant for. None lives longer than `ttl` seconds, whoever made it.
    """

    keys: Sequence[Secret]
    audience: str
    ttl: int = 60

    def mint(self, user: bytes, roles: bytes, now: Instant) -> bytes:
        """The token that proves this user with these roles, as they are sent, from now on.

        Raises:
            ValueError: where one of them could not be a field's value.
        """
        if not user or _CONTROL.search(user) or _CONTROL.search(roles):
            raise ValueError("neither a user nor roles have control characters")
        expiry = b"%d" % (int(now) + self.ttl)
        return b"v1.%b.%b" % (expiry, self._mac(self.keys[-1], expiry, user, roles))

    def why_unproven(self, token: bytes, user: bytes, roles: bytes, now: Instant) -> Rejected | None:
        """Why the token does not prove this user with these roles, as they were sent; None where it does."""
        match = _TOKEN.fullmatch(token)
        if match is None or not user or _CONTROL.search(user) or _CONTROL.search(roles):
            return _UNPROVEN
        if not any(equal(match[2], self._mac(key, match[1], user, roles)) for key in self.keys):
            return _UNPROVEN
        left = int(match[1]) - now
        return None if -SKEW < left <= self.ttl + SKEW else _OUTDATED

    def _mac(self, key: Secret, expiry: bytes, user: bytes, roles: bytes) -> bytes:
        lines = _CONTEXT, expiry, self.audience.encode(), user, roles
        return hmac.new(key.reveal(), b"\n".join(lines), hashlib.sha256).hexdigest().encode("ascii")


def with_new_identity_key(ring: KeyRing, *, key_id: str, secret: Secret, now: Instant) -> KeyRing:
    """The ring with a new key, which makes tokens from now on, and the one before it, which is still good.

    Those before are dropped: what they made has expired long ago. `secret` is 32 random bytes.
    """
    for old in ring.all(PURPOSE)[:-1]:
        ring = ring.without(old.id)
    return ring.with_key(Key(id=key_id, purpose=PURPOSE, secret=secret, created_at=now))
