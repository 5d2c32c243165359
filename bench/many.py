"""Records in any number, each found again by its number: accounts, and sessions, API keys and families of theirs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from bench.data import fingerprint
from watchword.core.grants import ApiKey, Family
from watchword.core.records import Account, Session
from watchword.tokens.refresh import HANDLE_LENGTH, RefreshToken, family_id

DAY = 86_400.0
_STAMP = "bench"


def user(number: int) -> str:
    """The name of an account."""
    return f"user-{number}"


def handle(number: int) -> bytes:
    """By which the family of this number is found. API keys and sessions are found by `fingerprint`."""
    return hashlib.sha256(b"bench family %d" % number).digest()[:HANDLE_LENGTH]


def accounts(count: int) -> Iterator[Account]:
    """So many accounts."""
    now = time.time()
    for number in range(count):
        yield Account(name=user(number), stamp=_STAMP, roles=frozenset(("clerk",)), created_at=now)


def sessions(count: int, users: int, ttl: float = DAY) -> Iterator[Session]:
    """So many sessions, of these accounts in turn. They live for `ttl` seconds; where it is negative they are over."""
    now = time.time()
    for number in range(count):
        yield Session(
            id=f"bench-{number}",
            fingerprint=fingerprint(number),
            subject=user(number % users),
            stamp=_STAMP,
            created_at=now,
            auth_time=now,
            last_seen=now,
            expires_at=now + ttl,
            idle_timeout=DAY,
        )


def keys(count: int, users: int) -> Iterator[ApiKey]:
    """The same of API keys."""
    now = time.time()
    for number in range(count):
        yield ApiKey(
            id=f"bench-{number}",
            fingerprint=fingerprint(number),
            subject=user(number % users),
            name="bench",
            hint="abcd",
            created_at=now,
        )


def families(count: int, users: int, ttl: float = DAY) -> Iterator[Family]:
    """The same of families."""
    for number in range(count):
        yield family(RefreshToken(handle(number), bytes(20)), user(number % users), ttl)


def family(token: RefreshToken, subject: str, ttl: float = DAY) -> Family:
    """A family whose live token is this."""
    now = time.time()
    return Family(
        id=family_id(token.handle),
        handle=token.handle,
        fingerprint=token.fingerprint,
        subject=subject,
        stamp=_STAMP,
        created_at=now,
        auth_time=now,
        last_used=now,
        expires_at=now + ttl,
    )
