"""All that the reference storage keeps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, fields

from watchword.core.credentials import Credential
from watchword.core.grants import ApiKey, Client, Family, ReferenceToken
from watchword.core.linked import LinkedIdentity
from watchword.core.principal import Instant
from watchword.core.records import Account, Session
from watchword.core.third_party import ThirdPartyCredential
from watchword.storage.noted import Kind, Noted
from watchword.storage.port import FailureCount


@dataclass(slots=True)
class State:
    """Records by what finds them. Whoever reads or writes it holds the storage's lock."""

    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    generations: dict[str, int] = field(default_factory=dict[str, int])
    """The last that an account's auth tokens used."""

    sessions: dict[bytes, Session] = field(default_factory=dict[bytes, Session])
    session_ids: set[str] = field(default_factory=set[str])

    credentials: dict[str, tuple[Credential, ...]] = field(default_factory=dict[str, tuple[Credential, ...]])
    """Those of each account that has any, oldest first."""
    credential_subjects: dict[str, str] = field(default_factory=dict[str, str])
    """Whose they are, by id."""

    third_party: dict[tuple[str, str], ThirdPartyCredential] = field(
        default_factory=dict[tuple[str, str], ThirdPartyCredential]
    )
    """By account and provider."""
    linked: dict[tuple[str, str], LinkedIdentity] = field(default_factory=dict[tuple[str, str], LinkedIdentity])
    """By issuer and subject."""

    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    spent: dict[tuple[str, bytes], Instant] = field(default_factory=dict[tuple[str, bytes], Instant])
    """Until when values are remembered that may be used once, by purpose and value."""

    families: dict[str, Family] = field(default_factory=dict[str, Family])
    handles: dict[bytes, str] = field(default_factory=dict[bytes, str])

    tokens: dict[bytes, ReferenceToken] = field(default_factory=dict[bytes, ReferenceToken])
    token_ids: dict[str, bytes] = field(default_factory=dict[str, bytes])

    keys: dict[bytes, ApiKey] = field(default_factory=dict[bytes, ApiKey])
    key_ids: dict[str, bytes] = field(default_factory=dict[str, bytes])

    failures: dict[str, tuple[FailureCount, Instant]] = field(default_factory=dict[str, tuple[FailureCount, Instant]])
    """Each with the end of its window."""
    places: dict[str, dict[str, Instant]] = field(default_factory=dict[str, dict[str, Instant]])

    changes: deque[Noted] = field(default_factory=lambda: deque([Noted(1, Kind.ALL_SESSIONS, b"", 0.0)]))
    """Numbered without gaps. There is always one, so that who read the list knows a row by which to go on."""


def refuse_unstorable(
    record: Account
    | Session
    | Client
    | Family
    | ReferenceToken
    | ApiKey
    | Credential
    | ThirdPartyCredential
    | LinkedIdentity,
) -> None:
    """Raises ValueError where a text of the record cannot be encoded as UTF-8."""
    for each in fields(record):
        value = getattr(record, each.name)
        if isinstance(value, str):
            value.encode()
