"""The token of CouchDB's proxy authentication: the HMAC of a user's name, in hexadecimal (S2.28).

It covers the name alone. Whoever has seen one may go on using it for ever and with any roles, until CouchDB's secret
is another: nobody but the proxy and CouchDB may ever get to see it. `tokens/couchdb_identity.py` has a safer one.

CouchDB's `[chttpd_auth] hash_algorithms` says which hashes it takes: `sha256, sha` since version 3.3. Before, it is
SHA-1 alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from watchword.crypto.secret import Secret, equal

Hash: TypeAlias = Literal["sha1", "sha256"]


@dataclass(frozen=True, slots=True)
class ProxySecrets:
    """CouchDB's secrets, oldest first, and the hashes that it takes: tokens are made with the last secret and the first
    hash, and all are good."""

    secrets: Sequence[Secret]
    hashes: Sequence[Hash] = ("sha256",)

    def mint(self, user: bytes) -> bytes:
        """The token by which a proxy may speak for the user of this name."""
        return proxy_token(user, self.secrets[-1], self.hashes[0])

    def proves(self, token: bytes, user: bytes) -> bool:
        """Whether the token is one for this name."""
        return any(equal(token, proxy_token(user, one, hash)) for one in self.secrets for hash in self.hashes)


def proxy_token(user: bytes, secret: Secret, hash: Hash = "sha256") -> bytes:
    """The token by which whoever has CouchDB's `secret` may speak for the user of this name."""
    return hmac.new(secret.reveal(), user, hash).hexdigest().encode("ascii")
