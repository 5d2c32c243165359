"""Writes credentials of a file that was judged into a storage; users come before, for credentials hang on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from watchword.cli.interchange.credential_entries import CredentialEntry
from watchword.cli.interchange.judge import entries_of
from watchword.cli.interchange.source import Source
from watchword.core.credentials import RECOVERY_CODE, Credential
from watchword.core.principal import Instant
from watchword.crypto.sealing import key_id_of
from watchword.storage import Counts, Storage


@dataclass(frozen=True, slots=True)
class PutCredentials:
    """What was done. `unreadable` are sealed with a key that is not here: nobody can use them."""

    counts: Counts
    unreadable: int = 0


def put_credentials(
    source: Source, storage: Storage, key_ids: frozenset[str], now: Instant, advance: Callable[[], None]
) -> PutCredentials:
    """Make the credentials what is kept; `advance` is called for each. `key_ids` are the keys that seal them here.

    Refused are those whose user is unknown, or whose id is that of somebody else's.
    """
    unreadable = 0

    def credentials() -> Iterator[Credential]:
        nonlocal unreadable
        for entry in entries_of(source, "credential", CredentialEntry):
            unreadable += entry.kind != RECOVERY_CODE and key_id_of(entry.secret) not in key_ids
            yield credential_of(entry, now)
            advance()

    counts = storage.put_credentials(credentials())
    return PutCredentials(counts, unreadable)


def credential_of(entry: CredentialEntry, now: Instant) -> Credential:
    """The credential as the entry wants it."""
    return Credential(
        id=entry.id,
        subject=entry.user,
        kind=entry.kind,
        secret=entry.secret,
        label=entry.label,
        created_at=now if entry.created_at is None else entry.created_at,
        confirmed=entry.confirmed,
    )
