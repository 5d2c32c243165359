"""Judging a user name and a password: one rule for every door that takes one (Basic, log-in forms)."""

from __future__ import annotations

from typing import NamedTuple

from watchword.core.ask import Steps
from watchword.core.names import looked_up_name
from watchword.core.outcome import Outcome, Rejected, Throttled
from watchword.core.principal import Instant
from watchword.core.questions import CheckPassword, PasswordAnswer, PasswordRight, PasswordWrong
from watchword.crypto.secret import Secret


class Password(NamedTuple):
    """What the person claims: a user name and its password, and the code of a second factor where one came along.

    A tuple, because with Basic one is made for every check.
    """

    name: str
    password: Secret
    code: Secret | None = None


def judge_password(credentials: Password, now: Instant, *, mechanism: str, realm: str, address: str) -> Steps[Outcome]:
    """What a user name and a password prove. `address` is the client's, for the limits.

    With Basic this runs for every request, so it asks by `yield` itself and shares the outcomes.
    """
    answer: PasswordAnswer = yield CheckPassword(looked_up_name(credentials.name), credentials.password, address, now)
    if isinstance(answer, PasswordRight):
        return answer.accepted(mechanism, realm, now)
    if isinstance(answer, PasswordWrong):
        return Rejected(answer.reason)
    return Throttled(answer.retry_after)
