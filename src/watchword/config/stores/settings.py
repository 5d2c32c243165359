"""`[[store]]`: who may say that a password is somebody's."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

from watchword.config.plug_ins.table import PlugInTable
from watchword.config.reading import later
from watchword.config.section import Section
from watchword.config.stores.couchdb import CouchDBStoreSettings
from watchword.config.stores.htpasswd import HtpasswdSettings
from watchword.config.stores.http import HttpSettings
from watchword.config.stores.ldap import LdapSettings
from watchword.config.stores.sql_login import SqlLoginSettings
from watchword.config.stores.sql_table import SqlTableSettings
from watchword.config.values import Duration, Read, Unfit, choice

StoreKind: TypeAlias = Literal["builtin", "couchdb", "htpasswd", "http", "ldap", "sql_login", "sql_table"]

BUILT_IN_STORES: tuple[StoreKind, ...] = get_args(StoreKind)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


StoreName: TypeAlias = Annotated[str, Read("lower-case letters, digits and hyphens, at most 64", _name)]


class Store(Section):
    """Who may say that a password is somebody's. Stores are asked in the order in which they stand here; a name
    belongs to the first that knows it, and where one cannot be reached, those after it are not asked. Where no store
    is named, the accounts in the storage are asked. What a kind needs to know stands in a table of its name, such as
    `[store.ldap]`."""

    kind: Annotated[str, choice(*BUILT_IN_STORES, later=later.STORES, what="store", plug_ins="store")] = Field(
        default="builtin", examples=["builtin"]
    )
    """`builtin`: the accounts in the storage. `ldap`: a directory, such as OpenLDAP or Active Directory.
    `couchdb`: whoever may log in at a CouchDB. `htpasswd`: a password file of Apache's. `http`: a program of yours,
    which is asked. `sql_table`: a table of users that another application has. `sql_login`: a database server's own
    users. Or the name of a plug-in."""

    name: StoreName | None = Field(default=None, examples=["staff"])
    """What accounts remember it by; its kind where nothing is said. An account belongs to the store that proved it
    first, under this name: give the store another one, and nobody whom it proved before can come in."""

    recheck: Duration = Field(default="1m", validate_default=True, examples=["10s"])
    """For how long a password that was right is taken without asking the store again, so that a client that sends its
    own each time is quick. What is changed in the store counts no later than that for such clients. Not for `builtin`,
    whose changes count at once."""

    refresh: Duration = Field(default="5m", validate_default=True, examples=["1m"])
    """How often the store is asked, without any password, about everybody whom it has proved: roles are taken over, and
    whoever was removed, disabled or given another password there keeps no session and no token here. Only of stores
    that can tell: `ldap`, `sql_table` and `htpasswd`."""

    couchdb: CouchDBStoreSettings | None = Field(default=None, examples=[{"url": "https://couchdb.example.com:6984"}])
    """The CouchDB, for `couchdb`; see below."""

    htpasswd: HtpasswdSettings | None = Field(default=None, examples=[{"file": "/etc/apache2/users"}])
    """The password file, for `htpasswd`; see below."""

    http: HttpSettings | None = Field(default=None, examples=[{"url": "https://accounts.example.com/check"}])
    """Whom to ask, for `http`; see below."""

    ldap: LdapSettings | None = Field(
        default=None, examples=[{"urls": ["ldap://ldap.example.com"], "base": "ou=people,dc=example,dc=com"}]
    )
    """What `ldap` needs to know; see below."""

    sql_login: SqlLoginSettings | None = Field(default=None, examples=[{"url": "postgresql://db.example.com/site"}])
    """The database server, for `sql_login`; see below."""

    sql_table: SqlTableSettings | None = Field(
        default=None,
        examples=[
            {
                "url": "sqlite:////srv/site/users.sqlite3",
                "query": "SELECT login AS name, pass AS password_hash FROM users WHERE login = :name",
            }
        ],
    )
    """The database and what to ask it, for `sql_table`; see below."""

    settings: PlugInTable | None = Field(default=None, examples=[{"file": "people.json"}])
    """The keys of a plug-in."""

    @property
    def called(self) -> str:
        """Its name, whether it was given one or not."""
        return self.name or self.kind

    @property
    def is_outside(self) -> bool:
        """Whether the passwords are kept by somebody else."""
        return self.kind != "builtin"
