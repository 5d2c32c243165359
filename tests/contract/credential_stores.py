"""The credential stores that the contract holds for, each with the people below in the real thing behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.contract import couchdb_store, htpasswd_store, http_stores, ldap_store, plug_in_store, sql_stores
from tests.contract.people import ANN, BOB, OBRIEN, PATIENCE, PEOPLE, ZOE, Kept, Person
from tests.stores.door import QUICK, SALT
from watchword.core.questions import AddAccount, ChangeAccount
from watchword.core.records import Account
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores.builtin import BuiltinStore

__all__ = ["ANN", "BOB", "OBRIEN", "PATIENCE", "PEOPLE", "STORES", "ZOE", "Kept", "Member", "Person"]


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
    "couchdb": Member(
        opened=couchdb_store.opened,
        tells_unknown=False,
        tells_change=False,
        looks_up=False,
        absent={"bob": "CouchDB's users cannot be disabled"},
    ),
    "htpasswd": Member(
        opened=htpasswd_store.opened,
        wired=False,
        absent={"bob": "a password file disables nobody but by taking the line away"},
    ),
    "http": Member(opened=http_stores.telling, looks_up=False),
    "http-terse": Member(
        opened=http_stores.terse, tells_unknown=False, tells_roles=False, tells_change=False, looks_up=False
    ),
    "ldap": Member(opened=ldap_store.searched),
    "ldap-direct-bind": Member(opened=ldap_store.bound_directly, tells_unknown=False, looks_up=False),
    "plug-in": Member(opened=plug_in_store.opened, wired=False),
    "sql_table-sqlite": Member(opened=sql_stores.table_in_sqlite, wired=False),
    "sql_table-postgresql": Member(opened=sql_stores.table_in_postgresql),
    "sql_table-mariadb": Member(opened=sql_stores.table_in_mariadb),
    "sql_login-postgresql": Member(
        opened=sql_stores.users_of_postgresql, tells_unknown=False, tells_change=False, looks_up=False
    ),
    "sql_login-mariadb": Member(
        opened=sql_stores.users_of_mariadb, tells_unknown=False, tells_change=False, looks_up=False
    ),
}
"""Every store is in this list."""
