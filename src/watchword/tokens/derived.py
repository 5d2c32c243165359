"""Auth tokens: passwords for a while, which every node can compute and none has to store.

A token is an HMAC, under one of the server's keys, of what identifies one issue of it. So nodes that share keys and
records show and check the same token without talking to each other; a stolen database yields none. It dies when the
account's stamp changes (a new password), when its generation grows (revoked), or when its key is retired.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from watchword.core.records import Account
from watchword.crypto.secret import Secret, equal
from watchword.tokens.format import AUTH_TOKEN, encode, is_well_formed

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
    if not is_well_formed(token, AUTH_TOKEN):
        return False
    presented = token.encode("ascii")
    found = False
    for key in keys:
        expected = derive_auth_token(key, account)
        found |= expected is not None and equal(presented, expected.encode("ascii"))
    return found


def _unambiguous(*parts: str) -> bytes:
    """Each part preceded by its length, so that no two lists of parts give the same bytes."""
    encoded = (part.encode("utf-8", "surrogatepass") for part in parts)
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
