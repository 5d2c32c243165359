"""Credential stores: who may say whose password this is. Here is what each of them must be able to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from watchword.core.records import Account
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class Denied:
    """The password proves nobody. `reason` is for operators: clients are never told which part was wrong.

    `knows`: the store knows whose name it is, so that no other is asked for the same. A store that cannot tell an
    unknown name from a wrong password says that it does not.
    """

    reason: str
    knows: bool = True


class CredentialStore(Protocol):
    """Judges a user name and a password, in the same time whoever it is and whatever is wrong (S0.14, F30)."""

    def check(self, name: str, password: Secret) -> Account | Denied:
        """The account whose password this is, as it is known here now.

        It may block and takes as long as a password hash: it is called in a slot, never on an event loop.

        Raises:
            AnswerFailed: where it cannot be reached. That never means "no".
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody whom an outside store knows, as it tells now.

    `name` is the one form in which the store itself writes the name, however it was spelt. `version` changes with the
    password, as far as the store can tell, and is empty where it cannot; nothing of the password follows from it.
    """

    name: str
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    version: str = field(default="", repr=False)
    formerly: str = field(default="", repr=False)
    """The version before, where the store itself has just renewed the hash of the same password."""


class OutsideStore(Protocol):
    """Judges passwords that somebody else keeps: a directory, another application's table, a file."""

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """Whose password this is. It blocks for a bounded time, in a slot, and never on an event loop.

        Raises:
            AnswerFailed: where the store cannot be reached, or answers what cannot be understood.
        """
        ...


@runtime_checkable
class LooksUp(Protocol):
    """An outside store that can also tell of somebody whose password it is not given."""

    def find(self, name: str) -> Identity | Denied:
        """Who has this name now; Denied where nobody has, or may not be used.

        Raises:
            AnswerFailed: where the store cannot be reached, or answers what cannot be understood.
        """
        ...
