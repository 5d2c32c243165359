"""An account's second factors: added, confirmed, removed, and the recovery codes that stand in for one (ASVS 6.5).

An authenticator counts once its owner has shown a code of it. From then on the password alone proves too little, and
what it had proven before is dead, but for the session that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.credentials import RECOVERY_CODE, TOTP, Credential
from watchword.core.principal import Instant
from watchword.core.questions import AddCredentials, ConfirmSecondFactor, EndCredentials, FindCredentials
from watchword.crypto.otp import Algorithm, Generator
from watchword.crypto.secret import Secret
from watchword.flows.accounts import new_stamp
from watchword.flows.session_backend import Presented, Proof, SessionBackend
from watchword.tokens.recovery_code import new_recovery_codes, recovery_credential
from watchword.tokens.second_factor import BY_CODE, CodeJudge, read_text, spent_code
from watchword.tokens.totp import new_authenticator

MOST: Final = 10
"""Authenticators that one account may have."""
TIME_TO_CONFIRM: Final = 900.0
"""In seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorPolicy:
    """What new authenticators are like. `issuer` is whose account it is, as authenticators show it.

    Whoever has one of the roles `required_for` needs a second factor.
    """

    judge: CodeJudge
    issuer: str
    algorithm: Algorithm = "SHA1"
    digits: int = 6
    required_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator that waits to be confirmed, and what it is to be set up with: shown once."""

    credential: Credential
    generator: Generator


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The authenticator counts. `recovery_codes` are there where the account had no second factor before, and `token`
    where the session that asked goes on under another one."""

    recovery_codes: tuple[str, ...] | None = field(repr=False)
    token: str | None = field(default=None, repr=False)


class NotConfirmed(Enum):
    """Why an authenticator was not confirmed."""

    UNKNOWN = "there is no such authenticator, or it waited too long"
    ALREADY = "it was confirmed before"
    WRONG_CODE = "it does not show this code now, or the code was used"


def second_factors(subject: str) -> Steps[tuple[Credential, ...]]:
    """The account's authenticators and recovery codes, as they are kept now."""
    found = yield from ask(FindCredentials(subject, fresh=True))
    return tuple(each for each in found if each.kind in (TOTP, RECOVERY_CODE))


def start_enrolment(
    subject: str, label: str, *, policy: SecondFactorPolicy, entropy: Callable[[int], bytes], now: Instant
) -> Steps[Enrolment | None]:
    """A new authenticator, to be confirmed; others that wait to be are forgotten. None where there are too many."""
    for waiting in (yield from second_factors(subject)):
        if waiting.kind == TOTP and not waiting.confirmed:
            yield from ask(EndCredentials(subject, kind=TOTP, id=waiting.id))
    credential, generator = new_authenticator(
        subject,
        label,
        sealing=policy.judge.sealing,
        entropy=entropy,
        now=now,
        algorithm=policy.algorithm,
        digits=policy.digits,
    )
    added = yield from ask(AddCredentials((credential,), most=MOST))
    return Enrolment(credential, generator) if added else None


def confirm(
    subject: str,
    id: str,
    code: Secret,
    *,
    policy: SecondFactorPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    backend: SessionBackend,
    asking: Presented | None = None,
) -> Steps[Confirmed | NotConfirmed]:
    """Make the authenticator count, for whoever shows a code of it. `asking` is the session that asks: it lives on, and
    has its proof raised."""
    kept = yield from second_factors(subject)
    credential = next((each for each in kept if each.kind == TOTP and each.id == id), None)
    if credential is None or (not credential.confirmed and credential.created_at + TIME_TO_CONFIRM <= now):
        return NotConfirmed.UNKNOWN
    if credential.confirmed:
        return NotConfirmed.ALREADY
    if (yield from spent_code((credential,), read_text(code), now, policy.judge.sealing)) is not None:
        return NotConfirmed.WRONG_CODE
    change = ConfirmSecondFactor(
        subject,
        id,
        stamp=new_stamp(entropy),
        keep=None if asking is None else asking.session.fingerprint,
        amr=BY_CODE if asking is None else asking.session.amr | BY_CODE,
        acr=policy.judge.acr,
    )
    if not (yield from ask(change)):
        return NotConfirmed.UNKNOWN
    token = None
    if asking is not None:
        with suppress(AnswerFailed):  # the session ends then; the codes are shown anyway
            token = yield from backend.keep(asking, now, proof=Proof(change.amr, change.acr))
    if _has_confirmed(kept):
        return Confirmed(None, token)
    # Only now: whoever confirms at the same time must not be shown codes that another set has replaced.
    return Confirmed((yield from renew_recovery_codes(subject, entropy=entropy, now=now)), token)


def renew_recovery_codes(
    subject: str, *, entropy: Callable[[int], bytes], now: Instant
) -> Steps[tuple[str, ...] | None]:
    """A new set of recovery codes in the place of the old one; None where the account is gone."""
    codes = new_recovery_codes(entropy)
    records = tuple(recovery_credential(code, subject, now) for code in codes)
    return codes if (yield from ask(AddCredentials(records, replacing=True))) else None


def remove(subject: str, id: str | None = None) -> Steps[int]:
    """End this authenticator, or all: how many there were. With the last one that counts, recovery codes end too."""
    return (yield from ask(EndCredentials(subject, kind=TOTP, id=id)))


def _has_confirmed(credentials: Sequence[Credential]) -> bool:
    return any(each.kind == TOTP and each.confirmed for each in credentials)
