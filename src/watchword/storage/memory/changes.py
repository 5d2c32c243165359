"""The list of changes, from which caches and verifiers are told."""

from __future__ import annotations

import time
from itertools import islice

from watchword.core.principal import Instant
from watchword.core.revocations import Revocations
from watchword.storage.memory.state import State
from watchword.storage.noted import (
    FOR_VERIFIERS,
    MOST,
    PAGE,
    PRUNED_AT_ONCE,
    Kind,
    Noted,
    Told,
    for_caches,
    for_verifiers,
)
from watchword.storage.port import Changes


def note(state: State, kind: Kind, key: bytes | str, at: Instant = 0.0) -> None:
    """Something changed: now, or to be remembered from the later instant `at` on."""
    seq = state.changes[-1].seq + 1
    key = key.encode() if isinstance(key, str) else key
    state.changes.append(Noted(seq, kind, key, max(at, time.time())))


def note_if_known(state: State, kind: Kind, key: str) -> None:
    """Something is new: nobody need know, but for those who were told of one of that name that is gone."""
    if any(row.kind == kind and row.key == key.encode() for row in state.changes):
        note(state, kind, key)


def changes_since(state: State, seq: int) -> Changes:
    news = _after(state, seq)
    latest = state.changes[-1].seq
    if news is None or len(news) > MOST:
        return Changes(seq=latest, everything=True)
    return for_caches(news, latest)


def revocations_since(state: State, seq: int) -> Revocations:
    news = _after(state, seq)
    until = state.changes[-1].seq
    whole = news is None
    concerning = [row for row in state.changes if whole or row.seq > seq]
    concerning = [row for row in concerning if row.kind in FOR_VERIFIERS]
    if not whole and len(concerning) > PAGE:
        concerning = concerning[:PAGE]
        until = concerning[-1].seq
    return Revocations(
        since=seq, until=until, entries=for_verifiers(_told(state, row) for row in concerning), whole=whole
    )


def prune(state: State, before: Instant) -> None:
    """Forget what was noted before this instant, but never the last row."""
    for _ in range(PRUNED_AT_ONCE):
        if len(state.changes) == 1 or state.changes[0].at >= before:
            break
        state.changes.popleft()


def _after(state: State, seq: int) -> list[Noted] | None:
    """The rows after `seq`, or None where that row is none of these."""
    first, last = state.changes[0].seq, state.changes[-1].seq
    if not first <= seq <= last:
        return None
    return list(islice(reversed(state.changes), last - seq))[::-1]


def _told(state: State, row: Noted) -> Told:
    key = row.key.decode()
    if row.kind == Kind.ACCOUNT:
        return Told(row.kind, key, row.at, state.accounts.get(key))
    return Told(row.kind, key, row.at, state.clients.get(key) if row.kind == Kind.CLIENT else None)
