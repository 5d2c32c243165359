"""What may prove an account beside its password, as computation: every storage follows these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from watchword.core.credentials import RECOVERY_CODE, SECOND_FACTORS, Credential
from watchword.core.questions import AddCredentials, ChangeAccount, ConfirmSecondFactor, EndCredentials
from watchword.core.records import Account
from watchword.storage.rules import changed_account


def subject_of(question: AddCredentials) -> str:
    """Whose they are.

    Raises:
        ValueError: where they are not all of one account, or none.
    """
    (subject,) = {credential.subject for credential in question.credentials}
    return subject


def may_add(question: AddCredentials, account: Account | None, kept: Sequence[Credential]) -> bool:
    """Only for an account that may be used, and only so many of each kind."""
    if account is None or account.disabled:
        return False
    added = Counter(credential.kind for credential in question.credentials)
    before = Counter() if question.replacing else Counter(credential.kind for credential in kept)
    return all(before[kind] + count <= question.most for kind, count in added.items())


def confirmed_account(
    question: ConfirmSecondFactor, account: Account | None, kept: Iterable[Credential]
) -> Account | None:
    """The account as it needs a second factor; None where there is nothing to confirm."""
    waiting = any(
        credential.id == question.id and credential.kind in SECOND_FACTORS and not credential.confirmed
        for credential in kept
    )
    if account is None or account.disabled or not waiting:
        return None
    restamped = changed_account(account, ChangeAccount(account.name, stamp=question.stamp))
    return None if restamped is None else replace(restamped, second_factor=True)


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of an account's credentials: those that were meant, those that end with them, and what it needs."""

    meant: tuple[Credential, ...]
    with_them: tuple[Credential, ...] = ()
    needs_none: bool = False


def ending(question: EndCredentials, kept: Sequence[Credential]) -> Ending:
    meant = tuple(credential for credential in kept if _is_meant(credential, question))
    left = [credential for credential in kept if credential not in meant]
    whole = question.id is None and (question.kind is None or question.kind in SECOND_FACTORS)
    concerned = whole or any(credential.kind in SECOND_FACTORS for credential in meant)
    if not concerned or any(map(is_second_factor, left)):
        return Ending(meant)
    codes = tuple(credential for credential in left if credential.kind == RECOVERY_CODE)
    return Ending(meant, codes, needs_none=True)


def imported_credential(before: Credential, given: Credential) -> Credential:
    """What an import makes of one that exists already."""
    return replace(given, created_at=before.created_at, confirmed=given.confirmed or before.confirmed)


def is_second_factor(credential: Credential) -> bool:
    """Does it count as one? Recovery codes only stand in for one."""
    return credential.kind in SECOND_FACTORS and credential.confirmed


def oldest_first(credentials: Iterable[Credential]) -> tuple[Credential, ...]:
    return tuple(sorted(credentials, key=lambda credential: (credential.created_at, credential.id)))


def _is_meant(credential: Credential, question: EndCredentials) -> bool:
    return question.kind in (None, credential.kind) and question.id in (None, credential.id)
