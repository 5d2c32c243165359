"""A real PostgreSQL and a real MariaDB on free loopback ports, each in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pymysql
import pytest
from pg8000 import dbapi

from tests.certificates import Authority
from tests.conftest import on_path, recorded
from tests.ports import free_port

OWNER_PASSWORD = "the owner's"
PATIENCE = 60.0

_NOBODY = "nobody"
"""Who runs them where the tests are root's: neither server would as root."""

_PG_HBA = """
host site careless 127.0.0.1/32 trust
host site barred 127.0.0.1/32 reject
host open all 127.0.0.1/32 trust
host plain all 127.0.0.1/32 password
host hashed all 127.0.0.1/32 md5
host site,lonely,owner all 127.0.0.1/32 scram-sha-256
"""
_INITDB = ("--no-sync", "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C")
_MARIADB = (
    "--no-defaults",
    "--performance-schema=OFF",
    "--innodb-fast-shutdown=2",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
    "--innodb-temp-data-file-path=ibtmp1:4M:autoextend",
)
_MARIADB_SQL = Path("/usr/share/mysql")


@dataclass(slots=True)
class SqlServer:
    """A running database server. `execute` runs statements as its owner, in the database `site`."""

    kind: str
    port: int
    folder: Path
    execute: Callable[[Sequence[str]], None]
    _command: Sequence[str]
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def authority(self) -> Path:
        """The certificate of who vouches for it."""
        return self.folder / "authority.pem"

    @property
    def url(self) -> str:
        """Of the database `site`, without a user."""
        return f"{self.kind}://127.0.0.1:{self.port}/site"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, user=_user()
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute(())
                return
            except (pymysql.Error, dbapi.Error, OSError):
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end, "it takes no connections"
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, by its process id."""
        if self._process is not None:
            # SIGINT is PostgreSQL's "fast": it does not wait for those who are connected.
            self._process.send_signal(2 if self.kind == "postgresql" else 15)
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def postgresql(*, tls: bool = True) -> Iterator[SqlServer]:
    """A PostgreSQL with an empty database `site`."""
    programs = Path(_program("postgres")).resolve().parent
    with _folder("postgresql-") as folder:
        data, port = folder / "data", free_port()
        (folder / "password").write_text(OWNER_PASSWORD)
        (folder / "password").chmod(0o644)
        _run(
            (programs / "initdb", "-D", data, "-U", "owner", "--pwfile", folder / "password", *_INITDB),
            folder,
        )
        with (data / "pg_hba.conf").open("w") as rules:
            rules.write("host all owner 127.0.0.1/32 scram-sha-256\n" + _PG_HBA)

        def execute(statements: Sequence[str], database: str = "site") -> None:
            with closing(
                dbapi.connect(
                    user="owner", password=OWNER_PASSWORD, host="127.0.0.1", port=port, database=database, timeout=60
                )
            ) as connection:
                connection.autocommit = True
                for statement in statements:
                    connection.cursor().execute(statement)

        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=40"]
        settings += [
            f"ssl={'on' if tls else 'off'}",
            f"ssl_cert_file={folder / 'server.pem'}",
            f"ssl_key_file={folder / 'server.key'}",
        ]
        command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
        command += [word for setting in settings for word in ("-c", setting)]
        running = SqlServer("postgresql", port, folder, lambda _: execute((), "postgres"), command)
        running.start()
        running.execute = execute
        try:
            execute(["CREATE DATABASE site"], "postgres")
            yield running
        finally:
            running.stop()


@contextmanager
def mariadb(*options: str) -> Iterator[SqlServer]:
    """A MariaDB with an empty database `site`."""
    program = _program("mariadbd")
    with _folder("mariadb-") as folder:
        port, socket_file = free_port(), str(folder / "socket")
        base = [program, *_MARIADB, f"--datadir={folder / 'data'}"]
        tables = "".join(
            (_MARIADB_SQL / name).read_text("utf-8")
            for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql")
        )
        begin = "set @auth_root_socket=NULL;\nset @current_hostname='localhost';\ncreate database mysql;\nuse mysql;\n"
        _run([*base, "--bootstrap", "--skip-networking"], folder, begin + tables + "create database site;\n")

        def execute(statements: Sequence[str]) -> None:
            if not Path(socket_file).exists():  # the driver would leave a socket open
                raise FileNotFoundError(socket_file)
            with closing(
                pymysql.connect(
                    user="root", unix_socket=socket_file, database="site", charset="utf8mb4", autocommit=True
                )
            ) as connection:
                for statement in statements:
                    with connection.cursor() as cursor:
                        cursor.execute(statement)

        command = [*base, f"--socket={socket_file}", f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--ssl-cert={folder / 'server.pem'}", f"--ssl-key={folder / 'server.key'}"]
        command += [f"--pid-file={folder / 'pid'}", *options]
        running = SqlServer("mysql", port, folder, execute, command)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def _program(name: str) -> str:
    """Its path; the test is skipped where this machine cannot have it."""
    row = recorded().get(name, {})
    path = row.get("path") or on_path(name)
    if path is None:
        pytest.skip(f"{name}: {row.get('left_out', 'is not on this machine')}")
    return path


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    """A folder for whoever runs the server, with an empty `data` in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        (folder / "data").mkdir(0o700)
        authority = Authority("Test databases")
        (folder / "authority.pem").write_text(authority.pem)
        pair = authority.for_this_machine().write(folder, "server")
        if _user() is not None:
            folder.chmod(0o755)
            for path in (folder, folder / "data", *pair):
                shutil.chown(path, _NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[object], folder: Path, given: str = "") -> None:
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = subprocess.run(
        [str(word) for word in command],
        input=given,
        text=True,
        encoding="utf-8",
        capture_output=True,
        cwd=folder,
        user=_user(),
        env=environ,
    )
    assert done.returncode == 0, done.stderr


def _user() -> str | None:
    return _NOBODY if os.geteuid() == 0 else None
