"""Judging a user name and a password: one rule for every door that takes one (Basic, log-in forms)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.names import looked_up_name
from watchword.core.outcome import Accepted, Outcome, Rejected, Throttled
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import CheckPassword, PasswordHeld, PasswordRight, PasswordWrong
from watchword.core.records import principal_of
from watchword.core.second_factor import PASSWORD
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class Password:
    """What the person claims: a user name and its password, and the code of a second factor where one came along."""

    name: str
    password: Secret
    code: Secret | None = None


def judge_password(credentials: Password, now: Instant, *, mechanism: str, realm: str, address: str) -> Steps[Outcome]:
    """What a user name and a password prove. `address` is the client's, for the limits."""
    answer = yield from ask(CheckPassword(looked_up_name(credentials.name), credentials.password, address, now))
    match answer:
        case PasswordRight(account):
            authentication = Authentication(mechanism=mechanism, amr=_PASSWORD, auth_time=now)
            return Accepted(principal_of(account, realm, authentication))
        case PasswordWrong(reason):
            return Rejected(reason)
        case PasswordHeld(retry_after):
            return Throttled(retry_after)


_PASSWORD = frozenset((PASSWORD,))
