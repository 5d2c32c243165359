"""A real server for tests: `watchword serve` as a process of its own, on a free port, with a data folder of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.template import Copy, Template
from watchword.core.names import account_name
from watchword.core.records import Account
from watchword.crypto.password import SALT_LENGTH, Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.storage import open_storage

PATIENCE = 60.0
"""Seconds until a server must be ready, on a machine that does much else."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in."""

    name: str
    password: str = "correct horse battery"
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    disabled: bool = False


@dataclass(slots=True)
class Live:
    """A running server. `log` is the file that its standard error goes to."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes] | Copy
    command: Sequence[str] = field(repr=False, default=())

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it by its process id, and wait for that; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def add_users(data: Path, users: Sequence[User]) -> None:
    """Put users into the data folder, also while a server runs on it."""
    storage = open_storage("sqlite:///watchword.db", data)
    try:
        storage.put_accounts(
            Account(
                name=account_name(user.name),
                stamp=os.urandom(18).hex(),
                password_hash=hash_password(Secret(user.password), Hashing(), os.urandom(SALT_LENGTH)),
                roles=user.roles,
                permissions=user.permissions,
                disabled=user.disabled,
                created_at=time.time(),
            )
            for user in users
        )
    finally:
        storage.close()


@cache
def template() -> Template:
    """One for this process."""
    return Template()


def start(
    config: str,
    data: Path,
    *,
    port: int = 0,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    copied: bool = True,
) -> Live:
    """Start a server on this data folder and wait until it is ready.

    It is a copy of a process that has imported it, or a new one where it matters that it is.
    """
    data.mkdir(parents=True, exist_ok=True)
    file, log = data / "watchword.toml", data / "server.log"
    file.write_text(config, "utf-8")
    wanted = ["serve", "--config", str(file), "--data", str(data), "--port", str(port), *arguments]
    command = [sys.executable, "-m", "watchword", *wanted]
    around = {**os.environ, **(environ or {})}
    process: subprocess.Popen[bytes] | Copy
    with log.open("ab") as errors:
        if copied:
            process = template().copy(wanted, around, errors.fileno())
        else:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=around, start_new_session=True
            )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    line = process.stdout.readline().decode() if ready else ""
    if not line.startswith("Watchword is ready: "):
        process.kill()
        process.wait()
        process.stdout.close()
        raise AssertionError(f"no server: {line!r}, and on standard error: {log.read_text('utf-8')}")
    return Live(line.removeprefix("Watchword is ready: ").strip(), data, log, process, command)


@contextmanager
def live_server(
    config: str = "",
    users: Sequence[User] = (),
    *,
    workers: int = 1,
    data: Path | None = None,
    port: int = 0,
    copied: bool = True,
) -> Iterator[Live]:
    """A server with these users, which is stopped at the end, whatever happened. `copied` as for `start`."""
    with tempfile.TemporaryDirectory(prefix="watchword-", ignore_cleanup_errors=True) as folder:
        kept = Path(folder) if data is None else data
        add_users(kept, users)
        many = ["--workers", str(workers)] if workers > 1 else []
        live = start(config, kept, port=port, arguments=many, copied=copied)
        try:
            yield live
        finally:
            if live.process.poll() is None:
                live.process.send_signal(signal.SIGTERM)
                try:
                    live.process.wait(20)
                except subprocess.TimeoutExpired:
                    live.process.kill()
                    live.process.wait()
            if live.process.stdout is not None:
                live.process.stdout.close()
