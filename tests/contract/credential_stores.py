"""The credential stores that the contract holds for, each with the people below in the real thing behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.relay import Relay
from tests.stores.door import QUICK, SALT
from watchword.core.questions import AddAccount, ChangeAccount
from watchword.core.records import Account
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores import CredentialStore, OutsideStore
from watchword.stores.builtin import BuiltinStore

PATIENCE: Final = 2.0
"""For how many seconds, at most, a store under test may wait for what is behind it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom every store under test knows. `name` is how the store itself writes it."""

    name: str
    password: str = field(repr=False)
    roles: frozenset[str] = frozenset()
    disabled: bool = False


ANN: Final = Person("ann", "correct horse battery", frozenset(("clerk", "reader")))
BOB: Final = Person("bob", "hunter2 hunter2", disabled=True)
ZOE: Final = Person("zo\u00eb", "p\u00e4ssw\u00f6rd \u20ac 100%")
OBRIEN: Final = Person("o'brien", "quotes ' and \" and \\ too")
PEOPLE: Final = (ANN, BOB, ZOE, OBRIEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A store under test, at work. `set_password` changes one where the passwords are kept; `wire` lies before what is
    behind the store, and is None where there is no server."""

    store: CredentialStore | OutsideStore
    set_password: Callable[[Person, str], None]
    wire: Relay | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A store that the contract holds for. What it cannot do is said here, and nowhere else.

    `wired`: there is a server behind it. `tells_unknown`: an unknown name from a wrong password; `looks_up` somebody
    without a password. `absent` are people whom what is behind it cannot hold, each with the reason.
    """

    opened: Callable[[], AbstractContextManager[Kept]]
    wired: bool = True
    tells_unknown: bool = True
    tells_roles: bool = True
    tells_change: bool = True
    looks_up: bool = True
    absent: Mapping[str, str] = field(default_factory=dict[str, str])


@contextmanager
def builtin() -> Iterator[Kept]:
    """Our own accounts."""
    storage = MemoryStorage()
    for person in PEOPLE:
        account = Account(
            name=person.name,
            stamp=f"stamp of {person.name}",
            password_hash=hash_password(Secret(person.password), QUICK, SALT),
            roles=person.roles,
            disabled=person.disabled,
        )
        assert storage.add_account(AddAccount(account))

    def set_password(person: Person, password: str) -> None:
        change = ChangeAccount(person.name, password_hash=hash_password(Secret(password), QUICK, SALT), stamp=password)
        assert storage.change_account(change) is not None

    yield Kept(store=BuiltinStore(storage, QUICK), set_password=set_password)


STORES: Final[Mapping[str, Member]] = {
    "builtin": Member(opened=builtin, wired=False, tells_change=False, looks_up=False),
}
"""Every store is in this list."""
