"""Judging the code of a second factor: one rule for every door that takes one.

What a code is follows from how it looks: six to eight digits come from an authenticator, 24 letters and digits are a
recovery code. A wrong one is counted against its account before it is looked at, so that nobody gains by trying many at
once. The right recovery code is never held up: it cannot be guessed, so nobody can keep its owner out by guessing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.credentials import RECOVERY_CODE, TOTP, Credential
from watchword.core.linked import LinkedLogIn
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale, Throttled
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import (
    AttemptHeld,
    AttemptTaken,
    FindAccount,
    FindCredentials,
    Finish,
    FinishLogIn,
    LogInExhausted,
    SettleAttempt,
    SpendAttempt,
    SpendCredential,
)
from watchword.core.records import Account, principal_of
from watchword.core.second_factor import ONE_TIME, SEVERAL, STRONGER
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret, equal
from watchword.tokens.half_log_in import HalfLogIn, half_log_in, read_half_log_in
from watchword.tokens.recovery_code import kept_secret, read_recovery_code
from watchword.tokens.totp import REMEMBERED, generator_of, matching_step, spend_step

BY_CODE: Final = frozenset((ONE_TIME, SEVERAL))
"""The methods that a code adds to a proof (RFC 8176). A recovery code is a one-time password too, as in RFC 4949."""

CODE_REASONS: Final = ("wrong-code", "used-code", "wrong-recovery-code", "used-recovery-code")
"""Why a code is refused by whose password was right."""


@dataclass(frozen=True, slots=True)
class HalfProven:
    """What continues a log-in: the token that its password gave, and a code."""

    token: str = field(repr=False)
    code: Secret


@dataclass(frozen=True, slots=True)
class StepUp:
    """What raises the proof of somebody who is logged in: the principal, and a code."""

    principal: Principal
    code: Secret


SecondStep: TypeAlias = HalfProven | StepUp


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeJudge:
    """Judges codes; see `core.second_factor.SecondFactors`. `sealing` opens seeds, and seals half-finished log-ins."""

    sealing: Sealing
    entropy: Callable[[int], bytes]
    acr: str = STRONGER

    def raised(self, principal: Principal, code: Secret, now: Instant) -> Steps[Outcome]:
        account = yield from ask(FindAccount(principal.subject, fresh=True))
        if account is None or account.disabled or account.stamp != principal.stamp:
            return Rejected("account-changed")
        refused = yield from self._refusal(account.name, code, now)
        if refused is not None:
            return refused
        return self._accepted(account, principal.authentication, principal.realm, now)

    def half_log_in(self, principal: Principal, now: Instant, linked: LinkedLogIn | None = None) -> str:
        return half_log_in(principal, now, self.sealing, self.entropy, linked)

    def linked_log_in_of(self, token: str) -> LinkedLogIn | None:
        half = read_half_log_in(token, self.sealing)
        return None if half is None else half.linked

    def subject_of(self, token: str) -> str | None:
        half = read_half_log_in(token, self.sealing)
        return None if half is None else half.subject

    def finished(self, token: str, code: Secret, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
        half = read_half_log_in(token, self.sealing)
        if half is None:
            return Stale("unknown-log-in")
        if half.expires_at <= now:
            return Stale("log-in-expired")
        account = yield from ask(FindAccount(half.subject, fresh=True))
        if account is None or account.disabled or account.stamp != half.stamp:
            return Stale("account-changed")
        refused = yield from self._refusal(account.name, code, now, half)
        if refused is not None:
            return refused
        return self._accepted(account, Authentication(mechanism=mechanism, amr=half.amr), realm, now)

    def _accepted(self, account: Account, proof: Authentication, realm: str, now: Instant) -> Accepted:
        raised = replace(
            proof, amr=proof.amr | BY_CODE, acr=self.acr, auth_time=now, session=None, second_factor_due=False
        )
        return Accepted(principal_of(account, realm, raised))

    def _refusal(
        self, subject: str, code: Secret, now: Instant, half: HalfLogIn | None = None
    ) -> Steps[Outcome | None]:
        """Why the code does not do; None where it does, and code and log-in are used up then."""
        text = read_text(code)
        recovery = read_recovery_code(text)
        credentials = yield from ask(FindCredentials(subject, fresh=True))
        if recovery is not None and _has(credentials, kept_secret(recovery)):
            # The log-in first: what is finished already must not cost a code.
            if half is not None and (over := (yield from _finished(half, now))) is not None:
                return over
            if not (yield from ask(SpendCredential(subject, RECOVERY_CODE, kept_secret(recovery)))):
                return Rejected("used-recovery-code")
            yield from _settled(subject, now, recovered=True)
            return None
        match (yield from ask(SpendAttempt(subject, now, None if half is None else half.id))):
            case AttemptHeld(retry_after):
                return Throttled(retry_after)
            case LogInExhausted():
                return Stale("log-in-exhausted")
            case AttemptTaken():
                pass
        reason: str | None = "wrong-recovery-code"
        if recovery is None:
            reason = yield from spent_code(_confirmed(credentials), text, now, self.sealing)
        if reason is not None:
            yield from ask(SettleAttempt(subject, now, right=False))
            return Rejected(reason)
        yield from _settled(subject, now)
        return None if half is None else (yield from _finished(half, now))


def spent_code(credentials: tuple[Credential, ...], text: str, now: Instant, sealing: Sealing) -> Steps[str | None]:
    """Use up the code of one of these authenticators. Why that cannot be, or None where it was done."""
    if not credentials:
        return "no-second-factor"
    reason = "wrong-code"
    for credential in credentials:
        generator = generator_of(credential, sealing)
        if generator is None:
            reason = "unreadable-second-factor"
            continue
        step = matching_step(generator, text, now)
        if step is not None:
            if (yield from spend_step(credential, step, now)):
                return None
            reason = "used-code"
    return reason


def read_text(code: Secret) -> str:
    """The code as it was typed, without the blanks that authenticators show between its digits."""
    return _BLANKS.sub("", code.reveal_text())


_BLANKS = re.compile(r"\s+")
_OVER: Final = {Finish.DONE: None, Finish.TWICE: Stale("log-in-finished"), Finish.ENDED: Stale("log-in-ended")}


def _has(credentials: tuple[Credential, ...], recovery: bytes) -> bool:
    return any(each.kind == RECOVERY_CODE and equal(each.secret, recovery) for each in credentials)


def _finished(half: HalfLogIn, now: Instant) -> Steps[Stale | None]:
    """Use up the log-in; why that cannot be, or None where it was done."""
    finish = FinishLogIn(
        id=half.id, subject=half.subject, linked=half.linked, expires_at=half.expires_at, until=now + REMEMBERED
    )
    return _OVER[(yield from ask(finish))]


def _confirmed(credentials: tuple[Credential, ...]) -> tuple[Credential, ...]:
    return tuple(each for each in credentials if each.kind == TOTP and each.confirmed)


def _settled(subject: str, now: Instant, *, recovered: bool = False) -> Steps[None]:
    with suppress(AnswerFailed):  # who was right is let in; that it was not noted only holds up a later mistake
        yield from ask(SettleAttempt(subject, now, right=True, recovered=recovered))
