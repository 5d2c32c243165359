"""`[store.sql_table]`: a table of users that another application has."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from watchword.config.places import File
from watchword.config.proxy_header.settings import VariableName
from watchword.config.stores.sql_database import Select, SqlDatabase, Update
from watchword.config.values import Switch, choice
from watchword.config.values.secret_file import password_in_file
from watchword.crypto.password import Hashing
from watchword.crypto.secret import Secret
from watchword.stores import OutsideStore
from watchword.stores.asking.slots import Slots
from watchword.stores.sql.hashes import FORMATS, Format, Salting


class SqlTableSettings(SqlDatabase):
    """A table of users that another application has, in SQLite (`sqlite:////srv/site/users.sqlite3`), PostgreSQL, MySQL
    or MariaDB. No table is made, and nothing is written unless `update` says so."""

    password_file: File | None = Field(default=None, examples=["site-db.password"])
    """A file with the password of the URL's user, readable for nobody but its owner: one line. Neither this nor
    `password_variable` where the server asks for none, as through a Unix socket."""

    password_variable: VariableName | None = Field(default=None, examples=["SITE_DB_PASSWORD"])
    """The environment variable that holds that password, in place of a file."""

    allow_cleartext: Switch = Field(default=False, examples=[True])
    """Whether `tls = "off"` is taken for a server that is not on this machine: then hashes go over the network for
    whoever listens, and the password of the URL's user with them."""

    query: Select = Field(
        examples=["SELECT login AS name, pass AS password_hash, banned AS disabled FROM users WHERE login = :name"]
    )
    """What is asked about somebody who gives a `:name`. Columns are known by their names, so write `AS`: `name` (how
    the table writes it) and `password_hash`; and if you like `salt`, `roles` (with commas, as JSON, or an array),
    `disabled`, `version` (something that changes with the password, such as the time; the hash otherwise) and
    `attribute_...` for attributes of accounts. Nobody comes in where it gives several rows."""

    roles_query: Select | None = Field(default=None, examples=["SELECT role FROM user_roles WHERE login = :name"])
    """What is asked besides: one role in each row, in the only column. `:name` is the name that `query` gave."""

    other_names: Switch = Field(default=False, examples=[True])
    """Whether `query` may give somebody of another name than was typed, such as where people log in with an e-mail
    address. Otherwise it must be the same but for case, accents, width and spaces, which many databases pass over."""

    format: Annotated[Format, choice(*FORMATS)] = Field(default="auto", examples=["hex-sha1"])
    """What `password_hash` holds. `auto`: hashes that say themselves what they are, such as Argon2id, bcrypt, scrypt,
    PBKDF2 as Django, Flask and Passlib write it, crypt and LDAP's. `hex-...`: these, and bare digests in hexadecimal
    digits, which do not. Those need `allow_fast_hashes`."""

    salt: Annotated[Salting, choice("before", "after")] = Field(default="before", examples=["after"])
    """Where the text of the column `salt` was put when a bare digest was made: before the password or after it."""

    allow_fast_hashes: Switch = Field(default=False, examples=[True])
    """Whether a `format` of bare digests is taken. Whoever gets to see that table finds most of its passwords, since a
    graphics card tries thousands of millions of such digests in a second, and without salts finds the same password of
    many people at once. Have them exchanged at log-in (`update`), or by the application."""

    update: Update | None = Field(
        default=None, examples=["UPDATE users SET pass = :password_hash WHERE login = :name AND pass = :old_hash"]
    )
    """What exchanges a hash of an older kind for an Argon2id one at log-in, where the application understands these.
    `:name` is the name that `query` gave. It must meet one row, and what it wrote is read and checked before it
    counts. Nothing is ever written where this is left out."""

    def password(self) -> Secret | None:
        """The password of the URL's user.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        if self.password_file is not None:
            return password_in_file(self.password_file)
        if self.password_variable is None:
            return None
        told = os.environ.get(self.password_variable, "")
        if not told or "\0" in told:
            raise ValueError("holds no password")
        return Secret(told)

    def made(self, slots: Slots, hashing: Hashing) -> OutsideStore:
        """The store. It opens no connection yet."""
        from watchword.stores.sql.hashes import HashColumn
        from watchword.stores.sql.user_table import SqlTableStore, Statements

        return SqlTableStore(
            replace(self.reached(), password=self.password()),
            Statements(query=self.query, roles=self.roles_query, update=self.update),
            slots=slots,
            hashing=hashing,
            column=HashColumn(self.format, self.salt),
            other_names=self.other_names,
            timeout=self.timeout,
        )
