"""Writes clients and API keys of a file that was judged into a storage; users come before, for keys hang on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from watchword.cli.interchange.client_entries import ClientEntry
from watchword.cli.interchange.judge import entries_of
from watchword.cli.interchange.key_entries import KeyEntry
from watchword.cli.interchange.source import Source
from watchword.core.grants import ApiKey, Client
from watchword.core.principal import Instant
from watchword.core.questions import FindClient
from watchword.crypto.password import SALT_LENGTH, Hashing, check_password, hash_password
from watchword.crypto.secret import Secret, fingerprint
from watchword.flows.accounts import new_stamp
from watchword.flows.api_keys import DEFAULT_NAME
from watchword.storage import Counts, Storage
from watchword.tokens.client_secret import has_digest, is_digest
from watchword.tokens.format import base62

SHORTEST_DIGESTED = 32
"""In characters. A shorter secret could be guessed, so it is kept as a password is, slow to check."""


def put_clients(
    source: Source, storage: Storage, hashing: Hashing, now: Instant, advance: Callable[[], None]
) -> Counts:
    """Make the clients what is kept; `advance` is called for each."""

    def clients() -> Iterator[Client]:
        for entry in entries_of(source, "client", ClientEntry):
            yield merged_client(entry, storage.find_client(FindClient(entry.id)), hashing, now)
            advance()

    return storage.put_clients(clients())


def put_keys(source: Source, storage: Storage, now: Instant, advance: Callable[[], None]) -> Counts:
    """Keep those API keys that are not kept yet; `advance` is called for each.

    Refused are those that have expired, and those whose user is unknown.
    """
    dead = 0

    def keys() -> Iterator[ApiKey]:
        nonlocal dead
        for entry in entries_of(source, "key", KeyEntry):
            if entry.expires_at is not None and entry.expires_at <= now:
                dead += 1
            else:
                yield key_of(entry, now)
            advance()

    counts = storage.put_keys(keys())
    return replace(counts, refused=counts.refused + dead)


def merged_client(entry: ClientEntry, existing: Client | None, hashing: Hashing, now: Instant) -> Client:
    """The client as the entry wants it; what the entry does not speak of stays as it is.

    A client that is disabled by this gets another stamp: nothing comes back when it is enabled again.
    """
    created_at = now if entry.created_at is None else entry.created_at
    before = existing or Client(id=entry.id, stamp=new_stamp(os.urandom), created_at=created_at)
    falls = entry.disabled is True and not before.disabled
    return replace(
        before,
        stamp=entry.stamp or (new_stamp(os.urandom) if falls else before.stamp),
        secret_hash=_kept(entry, before.secret_hash, hashing),
        jwks=before.jwks if entry.jwks is None else entry.jwks,
        redirect_uris=before.redirect_uris if entry.redirect_uris is None else entry.redirect_uris,
        grants=before.grants if entry.grants is None else entry.grants,
        scopes=before.scopes if entry.scopes is None else entry.scopes,
        roles=before.roles if entry.roles is None else entry.roles,
        disabled=before.disabled if entry.disabled is None else entry.disabled,
    )


def key_of(entry: KeyEntry, now: Instant) -> ApiKey:
    """The API key as the entry wants it."""
    return ApiKey(
        id=entry.id or _public_id(entry.fingerprint),
        fingerprint=entry.fingerprint,
        subject=entry.user,
        name=entry.name or DEFAULT_NAME,
        hint=entry.hint,
        created_at=now if entry.created_at is None else entry.created_at,
        expires_at=entry.expires_at,
        last_used=entry.last_used,
        scopes=entry.scopes,
        superseded_by=entry.superseded_by,
    )


def _kept(entry: ClientEntry, kept: str | None, hashing: Hashing) -> str | None:
    if entry.secret is None:
        return entry.secret_hash or (None if entry.no_secret else kept)
    if kept is not None and _is_of(entry.secret, kept):
        return kept
    if len(entry.secret.reveal()) >= SHORTEST_DIGESTED:
        return f"sha256:{fingerprint(entry.secret.reveal()).hex()}"
    return hash_password(entry.secret, hashing, os.urandom(SALT_LENGTH))


def _is_of(secret: Secret, kept: str) -> bool:
    return has_digest(secret, kept) if is_digest(kept) else check_password(secret, kept)


def _public_id(fingerprint: bytes) -> str:
    """An id that can be shown, and that the same key always gets."""
    return base62(hashlib.sha256(b"watchword imported key id v1" + fingerprint).digest()[:16])
