"""Which database, and how safely it is reached: read from a URL, and never put together as text again."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from watchword.crypto.secret import Secret
from watchword.http.forwarded import is_loopback

Kind: TypeAlias = Literal["sqlite", "postgresql", "mysql"]
Tls: TypeAlias = Literal["off", "verify-ca", "verify-full"]

PORTS = {"postgresql": 5432, "mysql": 3306}
DRIVERS = {"postgresql": ("pg8000", "postgres"), "mysql": ("pymysql", "mysql")}
"""What speaks with each kind of server, and the extra that brings it."""

_KINDS: dict[str, Kind] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
_SOCKETS = {"postgresql": "host", "mysql": "unix_socket"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where a database is. `name` is a file's path for SQLite. `socket` is that of a server on this machine.

    `tls`: what the server's certificate must be, in the words of PostgreSQL: issued by one of the `authorities` (a file
    of certificates; the machine's own list without one), and with `verify-full` for its own name. `off`: none is asked
    for, and nothing is encrypted.
    """

    kind: Kind
    name: str
    host: str = ""
    port: int = 0
    socket: str | None = None
    user: str | None = None
    password: Secret | None = field(default=None, repr=False)
    tls: Tls = "off"
    authorities: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether nothing that is said to it leaves this machine."""
        return self.kind == "sqlite" or self.socket is not None or self.host == "localhost" or is_loopback(self.host)

    def context(self) -> ssl.SSLContext | None:
        """How TLS is spoken with it; None: not at all.

        Raises:
            OSError: where the file of authorities cannot be used.
        """
        if self.tls == "off":
            return None
        context = ssl.create_default_context(cafile=self.authorities)
        context.check_hostname = self.tls == "verify-full"
        return context


def database_of(url: str) -> Database:
    """The database that a URL names, as SQLAlchemy writes them.

    Raises:
        ValueError: with a sentence that goes on after the setting's name, and shows nothing of the URL: it may hold a
            password.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(f"is no URL of a database; write {_FORMS}") from None
    kind = _KINDS.get(parts.drivername.partition("+")[0])
    if kind is None:
        raise ValueError(f"names no kind of database that is known here; write {_FORMS}")
    if parts.password is not None:
        raise ValueError(
            "holds a password, which does not stand in the configuration in clear; leave it out, and write "
            "password_file or password_variable"
        )
    database, query = parts.database or "", dict(parts.query)
    if not url.isprintable() or not database.isprintable():
        raise ValueError(f"holds control characters; write {_FORMS}")
    if kind == "sqlite":
        if not Path(database).is_absolute() or parts.username or parts.host or query:
            raise ValueError('names no file by its whole path; write "sqlite:////srv/site/users.sqlite3"')
        return Database(kind=kind, name=database)
    socket = query.pop(_SOCKETS[kind], None)
    if query:
        raise ValueError(
            f"has parameters behind the question mark; leave out {sorted(query)[0]}: how TLS is spoken is said by "
            "ca_file and tls"
        )
    if not database or bool(parts.host) == bool(socket) or not (socket is None or _is_path(socket)):
        raise ValueError(f"does not name one server and one database; write {_FORMS}")
    if isinstance(socket, str) and kind == "postgresql":
        socket = f"{socket.rstrip('/')}/.s.PGSQL.{parts.port or PORTS[kind]}"
    return Database(
        kind=kind,
        name=database,
        host=parts.host or "",
        port=parts.port or PORTS[kind],
        socket=socket if isinstance(socket, str) else None,
        user=parts.username,
    )


_FORMS = '"postgresql://reader@db.example.com/site", "mysql://reader@db.example.com/site" or "sqlite:////srv/site.db"'


def _is_path(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/")
