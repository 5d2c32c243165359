"""What changes mean, as computation: every storage follows these, so that they agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

from watchword.core.grants import Family
from watchword.core.principal import Instant
from watchword.core.questions import ChangeAccount, IssueAuthToken
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.storage.port import FailureCount

Aged = TypeVar("Aged", Session, Family)


def changed_account(account: Account, question: ChangeAccount) -> Account | None:
    """The account as the question wants it, or None where hash or stamp is not the one that was checked."""
    if question.expected_hash is not None and question.expected_hash != account.password_hash:
        return None
    if question.expected_stamp is not None and question.expected_stamp != account.stamp:
        return None
    changed = replace(
        account,
        password_hash=account.password_hash if question.password_hash is None else question.password_hash,
        stamp=account.stamp if question.stamp is None else question.stamp,
        roles=account.roles if question.roles is None else question.roles,
        permissions=account.permissions if question.permissions is None else question.permissions,
        disabled=account.disabled if question.disabled is None else question.disabled,
        attributes=account.attributes if question.attributes is None else dict(question.attributes),
    )
    changed = _disabled_for_good(account, changed, said=question.disabled)
    return replace(changed, auth_token=None) if credentials_die(account, changed) else changed


def imported_account(account: Account, generation: int, given: Account) -> Account:
    """What an import makes of an account that exists already. `generation` is the last its auth tokens used."""
    offered = given.auth_token
    if given.disabled:
        token = None
    elif offered is not None and offered.generation > generation:
        token = offered
    else:
        token = None if credentials_die(account, given) else account.auth_token
    return replace(
        given,
        created_at=account.created_at,
        attributes=dict(given.attributes),
        auth_token=token,
        second_factor=given.second_factor or account.second_factor,
    )


def _disabled_for_good(before: Account, after: Account, *, said: bool | None) -> Account:
    """The account after a change. Disabling it gives it another stamp: what it had proven with stays dead if it is
    enabled again, a self-contained token that nobody keeps among them. To disable it once more does so, too: a link
    that would enable an account that still waits for its owner is dead then."""
    if not after.disabled or (before.disabled and not said) or after.stamp != before.stamp:
        return after
    return replace(after, stamp=sha256(b"watchword disabled v1" + before.stamp.encode()).hexdigest()[:36])


def credentials_die(before: Account, after: Account) -> bool:
    """Do the sessions, the auth token, the families and reference tokens of the account end with this change?"""
    return after.disabled or after.stamp != before.stamp


def may_start(account: Account | None, session: Session) -> bool:
    """A session starts only under an account that may be used, and under its present stamp."""
    return account is not None and not account.disabled and account.stamp == session.stamp


def beyond(records: Iterable[Aged], most: int) -> list[Aged]:
    """The oldest of them, so that `most` stay."""
    newest_first = sorted(records, key=lambda record: (record.created_at, record.id), reverse=True)
    return newest_first[max(0, most) :]


def issued_token(generation: int, alive: AuthTokenInputs | None, question: IssueAuthToken) -> AuthTokenInputs:
    """The live token (slid, where the question says so) or the next one. `generation` is the last that was used."""
    if alive is None or alive.valid_until <= question.now:
        return AuthTokenInputs(
            generation=generation + 1, issued_at=question.now, valid_until=question.now + question.ttl
        )
    return replace(alive, valid_until=question.now + question.ttl) if question.slide else alive


def one_more_failure(before: FailureCount | None, now: Instant, window: float) -> FailureCount:
    """Where the clock went backwards the window begins at the earlier time, so that no count outlives it."""
    if before is None or before.first_at + window <= now:
        return FailureCount(count=1, first_at=now, last_at=now)
    return FailureCount(count=before.count + 1, first_at=min(before.first_at, now), last_at=now)


def storable(text: str) -> bool:
    """Can a storage hold it? Not lone surrogates: what is called so does not exist."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
