"""Writes what hangs on others, of a file that was judged, into a storage: credentials for third parties, and identities
that other providers prove. Users come before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from watchword.cli.interchange.identity_entries import IdentityEntry
from watchword.cli.interchange.judge import entries_of
from watchword.cli.interchange.put_credentials import PutCredentials
from watchword.cli.interchange.source import Source
from watchword.cli.interchange.third_party_entries import ThirdPartyEntry
from watchword.core.linked import LinkedIdentity
from watchword.core.principal import Instant
from watchword.core.third_party import ThirdPartyCredential
from watchword.crypto.sealing import key_id_of
from watchword.storage import Counts, Storage


def put_third_party(
    source: Source, storage: Storage, key_ids: frozenset[str], now: Instant, advance: Callable[[], None]
) -> PutCredentials:
    """Make the credentials what is kept; `advance` is called for each. `key_ids` are the keys that seal them here.

    Refused are those whose user is unknown.
    """
    unreadable = 0

    def credentials() -> Iterator[ThirdPartyCredential]:
        nonlocal unreadable
        for entry in entries_of(source, "third_party_credential", ThirdPartyEntry):
            unreadable += key_id_of(entry.sealed) not in key_ids
            yield third_party_of(entry, now)
            advance()

    counts = storage.third_party.put_all(credentials())
    return PutCredentials(counts, unreadable)


def put_identities(source: Source, storage: Storage, now: Instant, advance: Callable[[], None]) -> Counts:
    """Keep those identities that are not kept yet; `advance` is called for each.

    Refused are those that are somebody else's, or whose user is unknown.
    """

    def identities() -> Iterator[LinkedIdentity]:
        for entry in entries_of(source, "identity", IdentityEntry):
            created_at = now if entry.created_at is None else entry.created_at
            yield LinkedIdentity(issuer=entry.issuer, subject=entry.subject, account=entry.user, created_at=created_at)
            advance()

    return storage.linked.put_all(identities())


def third_party_of(entry: ThirdPartyEntry, now: Instant) -> ThirdPartyCredential:
    """The credential as the entry wants it."""
    return ThirdPartyCredential(
        subject=entry.user,
        provider=entry.provider,
        id=entry.id,
        sealed=entry.sealed,
        hint=entry.hint,
        state=entry.state,
        created_at=now if entry.created_at is None else entry.created_at,
        provider_status=entry.provider_status,
        checked_at=entry.checked_at,
        verified_at=entry.verified_at,
    )
