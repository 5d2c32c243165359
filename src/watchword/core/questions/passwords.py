"""What is asked about passwords."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from watchword.core.ask import Question
from watchword.core.outcome import Accepted
from watchword.core.principal import Authentication, Instant
from watchword.core.records import Account, principal_of
from watchword.core.second_factor import PASSWORD
from watchword.crypto.secret import Secret
from watchword.http.digest import DigestResponse


@dataclass(frozen=True, slots=True)
class PasswordRight:
    """The password belongs to this account, and the account may be used."""

    account: Account
    _accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )

    def accepted(self, mechanism: str, realm: str, now: Instant) -> Accepted:
        """The outcome, built once a second: clients that send their password each time send it many times a second."""
        outcome = self._accepted.get((mechanism, realm))
        if outcome is None or not 0.0 <= now - outcome.principal.authentication.auth_time < 1.0:
            authentication = Authentication(mechanism=mechanism, amr=_PASSWORD, auth_time=now)
            outcome = Accepted(principal_of(self.account, realm, authentication))
            self._accepted[mechanism, realm] = outcome
        return outcome


_PASSWORD = frozenset((PASSWORD,))


@dataclass(frozen=True, slots=True)
class PasswordWrong:
    """Unknown user, wrong password, disabled or locked. `reason` says which, for operators only."""

    reason: str


@dataclass(frozen=True, slots=True)
class PasswordHeld:
    """Not evaluated: too many failures for this account, from this address or in all. `retry_after` in seconds."""

    retry_after: int


PasswordAnswer: TypeAlias = PasswordRight | PasswordWrong | PasswordHeld


@dataclass(frozen=True, slots=True)
class CheckPassword(Question[PasswordAnswer]):
    """Is this the account's password? Counts against the limits; `address` is the client's."""

    name: str
    password: Secret
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class CheckDigest(Question[PasswordAnswer]):
    """Was the response to a challenge of this realm made with the account's password? Counts against the limits."""

    name: str
    realm: str
    claim: DigestResponse
    method: str
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class NoteProven(Question[None]):
    """Note that whoever has this name was proven from this address, which the limits know as theirs from now on.

    What was counted there under that name begins anew.
    """

    name: str
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class HashPassword(Question[str]):
    """The password as a PHC string, under the parameters in force."""

    password: Secret


Breach: TypeAlias = Literal["common", "breached"]
"""Where a password was found: among those that everybody tries first, or in the configured list of breached ones."""


@dataclass(frozen=True, slots=True)
class FindBreach(Question[Breach | None]):
    """Does the world know this password, which is to be somebody's from now on? It is in the form that is hashed."""

    password: Secret
