"""Reference tokens, and revoked access tokens."""

from __future__ import annotations

from watchword.core.grants import ReferenceToken
from watchword.core.principal import Instant
from watchword.core.questions import FoundToken, KeepToken, RevokeToken
from watchword.storage.grant_rules import acts_for_itself, may_keep_token
from watchword.storage.memory.changes import note
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind
from watchword.storage.rules import storable


def find_token(state: State, fingerprint: bytes) -> FoundToken | None:
    token = state.tokens.get(fingerprint)
    if token is None:
        return None
    client = state.clients.get(token.client_id)
    return FoundToken(token, client, None if acts_for_itself(token, client) else state.accounts[token.subject])


def keep_token(state: State, question: KeepToken) -> bool:
    token = question.token
    if token.fingerprint in state.tokens or token.id in state.token_ids:
        return False
    family = None if token.family is None else state.families.get(token.family)
    if not may_keep_token(token, family, state.accounts.get(token.subject), state.clients.get(token.client_id)):
        return False
    refuse_unstorable(token)
    state.tokens[token.fingerprint] = token
    state.token_ids[token.id] = token.fingerprint
    return True


def revoke_token(state: State, question: RevokeToken) -> None:
    """It is remembered from when it expires on, so that it is for longer than it could live."""
    if not storable(question.id):
        return
    note(state, Kind.TOKEN, question.id, at=question.expires_at)
    fingerprint = state.token_ids.get(question.id)
    if fingerprint is not None:
        end_token(state, state.tokens[fingerprint])


def end_token(state: State, token: ReferenceToken, *, told: bool = False) -> None:
    """`told`: caches hear of it by what it hangs on."""
    del state.tokens[token.fingerprint]
    del state.token_ids[token.id]
    if not told:
        note(state, Kind.REFERENCE, token.fingerprint)


def remove_expired_tokens(state: State, now: Instant, limit: int) -> int:
    over = sorted((token.expires_at, token.fingerprint) for token in state.tokens.values())
    over = [(at, fingerprint) for at, fingerprint in over if at <= now][:limit]
    for _, fingerprint in over:
        end_token(state, state.tokens[fingerprint])
    return len(over)
