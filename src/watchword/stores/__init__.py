"""Credential stores: who may say whose password this is. Here is what each of them must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from watchword.core.records import Account
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class Denied:
    """The password proves nobody. `reason` is for operators: clients are never told which part was wrong."""

    reason: str


class CredentialStore(Protocol):
    """Judges a user name and a password, in the same time whoever it is and whatever is wrong (S0.14, F30)."""

    def check(self, name: str, password: Secret) -> Account | Denied:
        """The account whose password this is, as it is known here now.

        It may block and takes as long as a password hash: it is called in a slot, never on an event loop.

        Raises:
            AnswerFailed: where it cannot be reached. That never means "no".
        """
        ...
