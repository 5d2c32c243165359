"""The people whom every credential store under test knows, and what such a store comes with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.relay import Relay
from watchword.stores import CredentialStore, OutsideStore

PATIENCE: Final = 10.0
"""For how many seconds, at most, a store under test may wait for what is behind it: as long as any may."""
IMPATIENCE: Final = 0.5
"""The same of a store that is there to be kept waiting."""


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
    behind the store, and `impatient` is another store there; both are None where there is no server."""

    store: CredentialStore | OutsideStore
    set_password: Callable[[Person, str], None]
    wire: Relay | None = None
    impatient: CredentialStore | OutsideStore | None = None
