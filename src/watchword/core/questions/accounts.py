"""What is asked about accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchword.core.ask import Question
from watchword.core.linked import LinkedIdentity
from watchword.core.records import Account


@dataclass(frozen=True, slots=True)
class Page:
    """One page of accounts, ordered by name. `next_cursor` is None on the last."""

    accounts: tuple[Account, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FindAccount(Question[Account | None]):
    """By canonical name."""

    name: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindAccountsBy(Question[tuple[Account, ...]]):
    """Those with exactly this value of an attribute, by name, `most` at most: two tell that it is not only one's."""

    attribute: str
    value: str
    most: int = 2


@dataclass(frozen=True, slots=True)
class ListAccounts(Question[Page]):
    """Accounts after `cursor` by name, whose name contains `search`; those of one outside store where `store` names
    it."""

    search: str = ""
    cursor: str = ""
    limit: int = 100
    store: str | None = None


@dataclass(frozen=True, slots=True)
class AddAccount(Question[bool]):
    """Keep a new account. False, and nothing is kept, where the name is taken.

    `identity` is linked to it in the same step; False as well where that is linked already.
    """

    account: Account
    identity: LinkedIdentity | None = None


@dataclass(frozen=True, slots=True)
class ChangeAccount(Question[Account | None]):
    """Change what is not None; the changed account, or None where there is none of that name.

    A new `password_hash` comes with a new `stamp`: every session and auth token of the account is dead then, but
    for the session with fingerprint `keep`, which is carried over to the new stamp in the same step. Where only
    the hash is upgraded (same password, better parameters) `stamp` stays None. `expected_hash` and `expected_stamp`
    make the change depend on hash and stamp still being those that were checked.
    """

    name: str
    password_hash: str | None = field(default=None, repr=False)
    stamp: str | None = None
    roles: frozenset[str] | None = None
    permissions: frozenset[str] | None = None
    disabled: bool | None = None
    attributes: Mapping[str, str] | None = None
    keep: bytes | None = None
    expected_hash: str | None = field(default=None, repr=False)
    expected_stamp: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DeleteAccount(Question[bool]):
    """Delete the account with all that hangs on it. False where there was none."""

    name: str
