"""When a password alone proves too little, and the port of what judges the second factor."""

from __future__ import annotations

from collections.abc import Set
from typing import Final, Protocol

from watchword.core.ask import Steps
from watchword.core.linked import LinkedLogIn
from watchword.core.outcome import Outcome
from watchword.core.principal import Instant, Principal
from watchword.crypto.secret import Secret

PASSWORD: Final = "pwd"
ONE_TIME: Final = "otp"
SEVERAL: Final = "mfa"
"""Authentication method references (RFC 8176): by a password, by a one-time password, by several factors."""
FEDERATED: Final = "fed"
"""By the word of somebody else's identity provider. The registry has no name for it; this one is in use."""

TIME_FOR_SECOND_STEP: Final = 300.0
"""In seconds: for how long a log-in that wants nothing but its second factor can be finished."""

STRONGER: Final = "mfa"
"""The authentication context class (`acr`) of a log-in with a second factor, where nothing else is configured."""


def rests_on_password(amr: Set[str], *, log_in: bool) -> bool:
    """Whether a proof with these methods rests on a password alone. `log_in`: it is that of a log-in that goes on.

    Keys, certificates and signatures are proofs of their own. An identity provider's word counts as a password, unless
    it is trusted to have seen more; and a log-in of which no method is known as the weakest there is (ASVS 6.8.4).
    """
    return SEVERAL not in amr and (PASSWORD in amr or FEDERATED in amr or (log_in and not amr))


class SecondFactors(Protocol):
    """What judges codes. Each method that gives steps raises `AnswerFailed` where it cannot be found out.

    `acr` is the authentication context class of who has given a second factor.
    """

    @property
    def acr(self) -> str: ...

    def raised(self, principal: Principal, code: Secret, now: Instant) -> Steps[Outcome]:
        """What whoever was proven to be this principal proves with this code besides."""
        ...

    def half_log_in(self, principal: Principal, now: Instant, linked: LinkedLogIn | None = None) -> str:
        """The token (`mfa_token`) of a log-in that wants nothing but the second factor: good for nothing else.

        `linked` is there where an identity provider's word stood in for the password.
        """
        ...

    def linked_log_in_of(self, token: str) -> LinkedLogIn | None:
        """By which identity provider this half-finished log-in began, if by any."""
        ...

    def subject_of(self, token: str) -> str | None:
        """Whose half-finished log-in this is, if it is one. It may be over."""
        ...

    def finished(self, token: str, code: Secret, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
        """What the token of a half-finished log-in proves with this code: Stale where it has to begin anew."""
        ...
