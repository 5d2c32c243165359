"""What may be granted, and what of it dies, as computation: every storage follows these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from watchword.core.grants import FIRST_PARTY, ApiKey, Client, Family, ReferenceToken, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import ChangeClient, RotateKey
from watchword.core.records import Account

EXPIRED_KEYS_KEPT_FOR = 30 * 86_400.0
"""Seconds for which the owner of an expired API key still sees it."""


def may_start_family(family: Family, account: Account | None, client: Client | None) -> bool:
    """Under the present stamp of an account that may be used, and for a client that may have these scopes."""
    return _usable(account, family.stamp) and _may_have(family.client_id, family.scopes, client)


def may_keep_token(
    token: ReferenceToken, family: Family | None, account: Account | None, client: Client | None
) -> bool:
    """As for families; `family` is the one that the token names."""
    if not _may_have(token.client_id, token.scopes, client):
        return False
    if acts_for_itself(token, client):
        return token.family is None
    if token.family is not None and (
        family is None or (family.subject, family.client_id) != (token.subject, token.client_id)
    ):
        return False
    return _usable(account, token.stamp)


def acts_for_itself(token: ReferenceToken, client: Client | None) -> bool:
    """Is it the client's own token? An account may be called like it, but stamps are random: it has another."""
    return client is not None and (token.subject, token.stamp) == (client.id, client.stamp)


def changed_client(client: Client, question: ChangeClient) -> Client:
    """The client as the question wants it."""
    return replace(
        client,
        stamp=client.stamp if question.stamp is None else question.stamp,
        secret_hash=client.secret_hash if question.secret_hash is None else question.secret_hash,
        jwks=client.jwks if question.jwks is None else question.jwks,
        redirect_uris=client.redirect_uris if question.redirect_uris is None else question.redirect_uris,
        grants=client.grants if question.grants is None else question.grants,
        scopes=client.scopes if question.scopes is None else question.scopes,
        roles=client.roles if question.roles is None else question.roles,
        disabled=client.disabled if question.disabled is None else question.disabled,
    )


def dying_with(before: Client, after: Client | None) -> Callable[[Scopes | None], bool] | None:
    """Which grants of the client end with this change, told by their scopes; None where none can."""
    if after is None or after.disabled or after.stamp != before.stamp:
        return lambda scopes: True
    if before.scopes <= after.scopes:
        return None
    return lambda scopes: scopes is None or not scopes <= after.scopes


def is_live(key: ApiKey, now: Instant) -> bool:
    return key.expires_at is None or key.expires_at > now


def rotated_key(key: ApiKey, question: RotateKey) -> tuple[ApiKey, ApiKey] | None:
    """The key as it lives on, and its successor; None where it was rotated before."""
    if key.subject != question.subject or key.superseded_by is not None:
        return None
    until = question.until if key.expires_at is None else min(key.expires_at, question.until)
    successor = replace(question.successor, subject=key.subject, name=key.name, scopes=key.scopes)
    return replace(key, expires_at=until, superseded_by=successor.id), successor


def _usable(account: Account | None, stamp: str) -> bool:
    return account is not None and not account.disabled and account.stamp == stamp


def _may_have(client_id: str, scopes: Scopes | None, client: Client | None) -> bool:
    if client_id == FIRST_PARTY:
        return True
    return client is not None and not client.disabled and (scopes or frozenset()) <= client.scopes
