"""API keys."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.grants import ApiKey
from watchword.core.principal import Instant
from watchword.core.questions import AddKey, EndKeys, FoundKey, ListKeys, RotateKey, TouchKey
from watchword.storage.grant_rules import EXPIRED_KEYS_KEPT_FOR, is_live, rotated_key
from watchword.storage.memory.changes import note
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind


def find_key(state: State, fingerprint: bytes) -> FoundKey | None:
    key = state.keys.get(fingerprint)
    return None if key is None else FoundKey(key, state.accounts[key.subject])


def list_keys(state: State, question: ListKeys) -> tuple[ApiKey, ...]:
    keys = sorted(_of(state, question.subject), key=lambda key: (key.created_at, key.id), reverse=True)
    return tuple(keys[: question.limit])


def add_key(state: State, question: AddKey) -> bool:
    key = question.key
    account = state.accounts.get(key.subject)
    if account is None or account.disabled or not _is_new(state, key):
        return False
    if sum(is_live(other, key.created_at) for other in _of(state, key.subject)) >= question.most:
        return False
    _keep(state, key)
    return True


def rotate_key(state: State, question: RotateKey) -> ApiKey | None:
    account = state.accounts.get(question.subject)
    fingerprint = state.key_ids.get(question.id)
    if fingerprint is None or account is None or account.disabled or not _is_new(state, question.successor):
        return None
    rotated = rotated_key(state.keys[fingerprint], question)
    if rotated is None:
        return None
    old, successor = rotated
    _keep(state, successor)
    state.keys[fingerprint] = old
    note(state, Kind.KEY, fingerprint)
    return successor


def touch_key(state: State, question: TouchKey) -> None:
    key = state.keys.get(question.fingerprint)
    if key is not None and (key.last_used is None or question.now > key.last_used):
        state.keys[question.fingerprint] = replace(key, last_used=question.now)


def end_keys(state: State, question: EndKeys) -> int:
    keys = [state.keys[state.key_ids[id]] for id in dict.fromkeys(question.ids) if id in state.key_ids]
    keys = [key for key in keys if question.subject is None or key.subject == question.subject]
    for key in keys:
        _end(state, key)
    return len(keys)


def end_keys_of_account(state: State, name: str) -> None:
    """The account is noted by who deletes it."""
    for key in _of(state, name):
        _remove(state, key)


def put_key(state: State, key: ApiKey) -> str:
    """Import one."""
    if key.fingerprint in state.keys:
        return "unchanged"
    if key.subject not in state.accounts or not _is_new(state, key):
        return "refused"
    _keep(state, key)
    return "created"


def remove_long_expired(state: State, now: Instant, limit: int) -> int:
    over = sorted((key.expires_at, key.id, key) for key in state.keys.values() if key.expires_at is not None)
    gone = [key for at, _, key in over if at <= now - EXPIRED_KEYS_KEPT_FOR][:limit]
    for key in gone:
        _end(state, key)
    return len(gone)


def _of(state: State, subject: str | None) -> list[ApiKey]:
    return [key for key in state.keys.values() if subject is None or key.subject == subject]


def _is_new(state: State, key: ApiKey) -> bool:
    return key.fingerprint not in state.keys and key.id not in state.key_ids


def _keep(state: State, key: ApiKey) -> None:
    refuse_unstorable(key)
    state.keys[key.fingerprint] = key
    state.key_ids[key.id] = key.fingerprint


def _end(state: State, key: ApiKey) -> None:
    _remove(state, key)
    note(state, Kind.KEY, key.fingerprint)


def _remove(state: State, key: ApiKey) -> None:
    del state.keys[key.fingerprint]
    del state.key_ids[key.id]
