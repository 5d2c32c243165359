"""Refresh families, and the reference tokens that come with them."""

from __future__ import annotations

from collections.abc import Callable

from watchword.core.grants import Client, Family, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import (
    EndFamilies,
    FamilyStart,
    FindFamily,
    ListFamilies,
    NotRedeemed,
    Redeemed,
    SpendRefresh,
    StartFamily,
)
from watchword.core.records import Account
from watchword.storage.grant_rules import may_start_family
from watchword.storage.memory.changes import note
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.memory.tokens import end_token
from watchword.storage.noted import Kind
from watchword.storage.refresh_rules import redeemed
from watchword.storage.rules import beyond


def find_family(state: State, question: FindFamily) -> Family | None:
    id = state.handles.get(question.handle)
    return None if id is None else state.families[id]


def list_families(state: State, question: ListFamilies) -> tuple[Family, ...]:
    alive = [family for family in _of(state, question.subject) if family.expires_at > question.now]
    if question.after is None:
        alive.sort(key=lambda family: (family.created_at, family.id), reverse=True)
    else:
        alive = sorted((f for f in alive if f.id > question.after), key=lambda family: family.id)
    return tuple(alive[: question.limit])


def start_family(state: State, question: StartFamily) -> FamilyStart:
    family = question.family
    if not _may_keep(state, family):
        return FamilyStart.CHANGED
    if question.most is not None:
        others = [other for other in _of(state, family.subject) if other.expires_at > family.created_at]
        if len(others) >= question.most and not question.evict:
            return FamilyStart.TOO_MANY
        _end(state, beyond(others, question.most - 1))
    _keep(state, family)
    return FamilyStart.KEPT


def spend_refresh(state: State, question: SpendRefresh) -> Redeemed:
    family = find_family(state, FindFamily(question.handle))
    if family is None:
        return NotRedeemed("unknown")
    account, client = state.accounts.get(family.subject), state.clients.get(family.client_id)
    answer, left = redeemed(family, account, client, question)
    if left is not None:
        state.families[family.id] = left
    elif isinstance(answer, NotRedeemed):  # it was over already: nobody revoked it
        _remove(state, family)
    else:
        _end(state, [family])
    return answer


def end_families(state: State, question: EndFamilies) -> int:
    families = [state.families[id] for id in dict.fromkeys(question.ids) if id in state.families]
    return _end(state, [f for f in families if question.subject is None or f.subject == question.subject])


def end_families_of_account(state: State, before: Account, after: Account | None) -> None:
    """With the reference tokens. The account is noted by who changes it, and tells caches of them all.

    Under a new stamp self-contained tokens are out of date for good. Without one they could be good again one day, so
    it is told that their families ended.
    """
    for family in _of(state, before.name):
        _remove(state, family)
        if after is None or after.stamp == before.stamp:
            note(state, Kind.FAMILY, family.id)
    for token in list(state.tokens.values()):
        if token.subject == before.name and token.stamp == before.stamp:
            end_token(state, token, told=True)


def end_grants_of_client(state: State, client: Client, dies: Callable[[Scopes | None], bool]) -> None:
    """Families and reference tokens whose scopes are such. The client is noted by who changes it."""
    for family in _of(state, None):
        if family.client_id == client.id and dies(family.scopes):
            _remove(state, family)
            note(state, Kind.FAMILY, family.id)
    for token in list(state.tokens.values()):
        if token.client_id == client.id and dies(token.scopes):
            end_token(state, token, told=True)


def put_family(state: State, family: Family) -> str:
    """Import one."""
    if family.handle in state.handles:
        return "unchanged" if state.handles[family.handle] == family.id else "refused"
    if not _may_keep(state, family):
        return "refused"
    _keep(state, family)
    return "created"


def remove_expired(state: State, now: Instant, limit: int) -> int:
    over = sorted((family.expires_at, family.id) for family in state.families.values())
    over = [(at, id) for at, id in over if at <= now][:limit]
    for _, id in over:
        _remove(state, state.families[id])
    return len(over)


def _of(state: State, subject: str | None) -> list[Family]:
    return [family for family in state.families.values() if subject is None or family.subject == subject]


def _may_keep(state: State, family: Family) -> bool:
    if family.id in state.families or family.handle in state.handles:
        return False
    return may_start_family(family, state.accounts.get(family.subject), state.clients.get(family.client_id))


def _keep(state: State, family: Family) -> None:
    refuse_unstorable(family)
    state.families[family.id] = family
    state.handles[family.handle] = family.id


def _end(state: State, families: list[Family]) -> int:
    for family in families:
        _remove(state, family)
        note(state, Kind.FAMILY, family.id)
        for token in [token for token in state.tokens.values() if token.family == family.id]:
            end_token(state, token)
    return len(families)


def _remove(state: State, family: Family) -> None:
    del state.families[family.id]
    del state.handles[family.handle]
