"""What is noted of changes, and what caches and verifiers are told of it: every storage notes the same.

A change is noted in the step that makes it. Caches are told which records to read anew; verifiers of self-contained
tokens are told what holds now of everything that such a token could say.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from watchword.core.grants import Client, state_of, state_of_client
from watchword.core.principal import Instant
from watchword.core.records import Account
from watchword.core.revocations import Revocation, Revoked
from watchword.storage.port import Changes

MOST = 10_000
"""A cache that missed more than this forgets everything: it is quicker."""

PAGE = 1_000
"""How many entries a verifier is told at a time, where it is told what is new."""

KEPT_FOR = 3600.0
"""Seconds; a cache that heard nothing for longer forgets everything, and no revoked token may live longer."""

PRUNED_AT_ONCE = 10_000


class Kind(StrEnum):
    """What changed, and what stands beside it as its key."""

    SESSION = "session"  # ended, or holds other data: its fingerprint
    ACCOUNT = "account"  # what tokens say of it: its name
    OF_ACCOUNT = "of-account"  # something else of it, or its sessions ended: its name
    CLIENT = "client"  # its id
    KEY = "key"  # an API key: its fingerprint
    REFERENCE = "reference"  # a reference token ended: its fingerprint
    FAMILY = "family"  # ended before its time: its id
    TOKEN = "token"  # an access token was revoked: its id
    ALL_SESSIONS = "all"  # every session may have ended


class Noted(NamedTuple):
    """One row of the list of changes."""

    seq: int
    kind: str
    key: bytes
    at: Instant


class Told(NamedTuple):
    """What concerns verifiers, with the account or client of that name where there is one now."""

    kind: str
    key: str
    at: Instant
    now: Account | Client | None


FOR_VERIFIERS = (Kind.ACCOUNT, Kind.CLIENT, Kind.FAMILY, Kind.TOKEN)


def for_caches(news: Iterable[Noted], seq: int) -> Changes:
    """What a cache is to forget; `seq` is the number of the last row."""
    keys: dict[str, list[bytes]] = {kind: [] for kind in Kind}
    for row in news:
        keys[row.kind].append(row.key)
    if keys[Kind.ALL_SESSIONS]:
        return Changes(seq=seq, everything=True)
    return Changes(
        seq=seq,
        sessions=tuple(keys[Kind.SESSION]),
        keys=tuple(keys[Kind.KEY]),
        tokens=tuple(keys[Kind.REFERENCE]),
        accounts=tuple(key.decode() for key in keys[Kind.ACCOUNT] + keys[Kind.OF_ACCOUNT]),
        clients=tuple(key.decode() for key in keys[Kind.CLIENT]),
    )


def for_verifiers(news: Iterable[Told]) -> tuple[Revocation, ...]:
    """One entry for each account and client, as it is now, and for each family and token."""
    latest = {(told.kind, told.key): told for told in news}
    return tuple(map(_revocation, latest.values()))


def _revocation(told: Told) -> Revocation:
    what = Revoked(told.kind)
    match told.now:
        case Account(disabled=False) as account:
            return Revocation(at=told.at, what=what, key=told.key, state=state_of(account))
        case Client(disabled=False) as client:
            return Revocation(at=told.at, what=what, key=told.key, state=state_of_client(client), scopes=client.scopes)
        case _:
            return Revocation(at=told.at, what=what, key=told.key)
