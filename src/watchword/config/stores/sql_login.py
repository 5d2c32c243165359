"""`[store.sql_login]`: a database server that knows its users' passwords itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watchword.config.stores.sql_database import Select, SqlDatabase
from watchword.config.values import Once, Text
from watchword.stores import OutsideStore

FORBIDDEN = (
    "postgres",
    "root",
    "mysql",
    "mariadb.sys",
    "mysql.sys",
    "mysql.session",
    "mysql.infoschema",
    "debian-sys-maint",
    "admin",
    "administrator",
    "replication",
    "replicator",
    "repl",
    "pgbouncer",
    "rdsadmin",
    "cloudsqladmin",
    "azure_superuser",
)


class SqlLoginSettings(SqlDatabase):
    """A PostgreSQL, MySQL or MariaDB server whose own users people are: it is asked to let them in, and the connection
    is closed at once. The URL has no user, and no Unix socket, over which a server may know a program in place of a
    password. TLS is always spoken with a server that is not on this machine."""

    forbidden: Annotated[tuple[Text, ...], Once] = Field(default=FORBIDDEN, examples=[["postgres", "root", "backup"]])
    """Users whose passwords are not even tried, in any spelling. What is written here stands in place of the default.
    Whoever may do anything (a superuser) or copy everything (replication) never comes in, whatever stands here."""

    roles_query: Select | None = Field(
        default=None,
        examples=[
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid "
            "JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = :name"
        ],
    )
    """What is asked as the person, for the roles of `:name`: one in each row, in the only column."""

    def made(self) -> OutsideStore:
        """The store. It opens no connection yet."""
        from watchword.stores.sql.server_users import SqlLoginStore

        return SqlLoginStore(
            self.reached(), forbidden=self.forbidden, roles_query=self.roles_query, timeout=self.timeout
        )
