"""Two parts of the storage port: what is kept of credentials for third parties, and of identities that others prove.

What the port says of every storage holds here too: one method for each question, each one atomic step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from watchword.core.linked import LinkedIdentity
from watchword.core.questions import (
    AddLinkedIdentity,
    EndLinkedIdentities,
    EndLinkedSessions,
    EndThirdPartyCredentials,
    FindLinkedIdentity,
    FindThirdPartyCredential,
    ListLinkedIdentities,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    Put,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.records import Session
from watchword.core.third_party import ThirdPartyCredential
from watchword.storage.counts import Counts


class ThirdPartyRecords(Protocol):
    """The credentials for third parties. They go with their account."""

    def find(self, question: FindThirdPartyCredential) -> ThirdPartyCredential | None: ...
    def list(self, question: ListThirdPartyCredentials) -> tuple[ThirdPartyCredential, ...]: ...
    def put(self, question: PutThirdPartyCredential) -> Put: ...
    def note_check(self, question: NoteThirdPartyCheck) -> bool: ...
    def reseal(self, question: ResealThirdPartyCredential) -> bool: ...
    def end(self, question: EndThirdPartyCredentials) -> int: ...

    def put_all(self, credentials: Iterable[ThirdPartyCredential]) -> Counts:
        """Make these what is kept, in batches; doing it again changes nothing. Refused are those without an account."""
        ...

    def all(self) -> Iterator[ThirdPartyCredential]:
        """Of every account, by account and provider."""
        ...


class LinkedRecords(Protocol):
    """The identities that belong to accounts. They go with their account."""

    def find(self, question: FindLinkedIdentity) -> LinkedIdentity | None: ...
    def list(self, question: ListLinkedIdentities) -> tuple[LinkedIdentity, ...]: ...
    def add(self, question: AddLinkedIdentity) -> bool: ...
    def end(self, question: EndLinkedIdentities) -> int: ...
    def end_sessions(self, question: EndLinkedSessions) -> int | None: ...

    def put_all(self, identities: Iterable[LinkedIdentity]) -> Counts:
        """Keep those that are not kept yet, in batches. Refused are those that are somebody else's, or without an
        account."""
        ...

    def all(self) -> Iterator[LinkedIdentity]:
        """Of every account, by issuer and subject."""
        ...


# --- what both follow, whatever they keep it in


def noted_check(before: ThirdPartyCredential, question: NoteThirdPartyCheck) -> ThirdPartyCredential:
    """The credential once it is noted what its provider said; unchanged where more recent news are noted."""
    if before.checked_at is not None and before.checked_at > question.checked_at:
        return before
    return replace(
        before,
        state=question.state,
        provider_status=question.provider_status,
        checked_at=question.checked_at,
        verified_at=question.checked_at if question.state == "verified" else before.verified_at,
    )


def owned(identity: LinkedIdentity, account: str) -> LinkedIdentity:
    """An identity that a new account is made for.

    Raises:
        ValueError: where it is to belong to another.
    """
    if identity.account != account:
        raise ValueError("the identity belongs to another account than the one that is made")
    return identity


def is_meant(identity: LinkedIdentity, question: EndLinkedIdentities) -> bool:
    """Whether this identity of the account is one of those that end."""
    return question.issuer in (None, identity.issuer) and question.subject in (None, identity.subject)


def refuse_unnamed(question: EndLinkedSessions) -> None:
    """Raises ValueError where neither the provider's session nor the account is named."""
    if question.sid is None and question.account is None:
        raise ValueError("the provider's session, the account, or both are named")


def began_so(session: Session, question: EndLinkedSessions) -> bool:
    """Whether the session is one of those that end."""
    linked = session.linked
    return (
        linked is not None
        and linked.issuer == question.issuer
        and question.sid in (None, linked.sid)
        and question.account in (None, session.subject)
    )
