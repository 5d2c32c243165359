"""Auth tokens: passwords for a while, which every node can compute and none has to store.

A token is an HMAC, under one of the server's keys, of what identifies one issue of it. So nodes that share keys and
records show and check the same token without talking to each other; a stolen database yields none. It dies when the
account's stamp changes (a new password), when its generation grows (revoked), or when its key is retired.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from watchword.core.records import Account
from watchword.crypto.secret import Secret, fingerprint
from watchword.tokens.format import AUTH_TOKEN, encode

VERSION = "watchword auth token v1"


def derive_auth_token(key: Secret, account: Account) -> str | None:
    """The account's live auth token under this key, or None where none is alive.

    `valid_until` has no part in it: it may slide while the token stays the same.
    """
    inputs = account.auth_token
    if inputs is None:
        return None
    issued_at_ms = round(inputs.issued_at * 1000)
    message = _unambiguous(VERSION, account.name, account.stamp, str(inputs.generation), str(issued_at_ms))
    return encode(AUTH_TOKEN, hmac.digest(key.reveal(), message, "sha256"))


def matches(token: str, keys: Sequence[Secret], account: Account) -> bool:
    """Whether this is the account's live auth token, under any of the keys (oldest first).

    Whether it has expired, and whether the account is disabled, is for the caller to judge. The time taken depends
    on the number of keys and on nothing else that is secret.
    """
    return is_one_of(token, live_fingerprints(keys, account))


def live_fingerprints(keys: Sequence[Secret], account: Account) -> tuple[bytes, ...]:
    """The fingerprints of the account's live auth token, under each of the keys; none where none is alive."""
    tokens = (derive_auth_token(key, account) for key in keys)
    return tuple(fingerprint(token.encode("ascii")) for token in tokens if token is not None)


def is_one_of(token: str, fingerprints: Sequence[bytes]) -> bool:
    """Whether the text is the token of one of these fingerprints. All are compared, each in constant time (F31)."""
    presented = fingerprint(token.encode("utf-8", "surrogatepass"))
    found = False
    for expected in fingerprints:
        found |= hmac.compare_digest(presented, expected)
    return found


def _unambiguous(*parts: str) -> bytes:
    """Each part preceded by its length, so that no two lists of parts give the same bytes."""
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
