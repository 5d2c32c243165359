"""What is asked about passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.core.principal import Instant
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.http.digest import DigestResponse


@dataclass(frozen=True, slots=True)
class PasswordRight:
    """The password belongs to this account, and the account may be used."""

    account: Account


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
