"""`watchword export`: users with their credentials, clients, API keys and sessions, as they can be imported again."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from watchword.cli.opened import opened
from watchword.cli.options import with_data
from watchword.cli.refusal import Refusal


@click.command("export")
@click.argument("file")
@with_data
def export_records(file: str, config: Path | None, data: Path) -> None:
    """Export all users with their credentials, clients, API keys and sessions to FILE.

    A hyphen stands for standard output. The file is JSON, one entry on a line, as import reads it. It holds the hashes
    of passwords and the fingerprints of keys and session tokens, so it is made for its owner's eyes only (mode 600):
    keep it so. The server's keys are not in it, nor are refresh tokens: whoever lives on one logs in again after an
    import. Authenticators and Digest secrets are in it as they are kept, sealed: they can be read with the same
    keys.json alone.
    """
    from watchword.cli.interchange.client_entries import written_client
    from watchword.cli.interchange.credential_entries import written_credential
    from watchword.cli.interchange.key_entries import written_key
    from watchword.cli.interchange.session_entries import written_session
    from watchword.cli.interchange.user_entries import written_user

    users = credentials = clients = keys = sessions = 0
    now = time.time()
    with opened(config, data) as here, _written(file) as out:
        for account in here.storage.all_accounts():
            out.write(_line({"user": written_user(account)}))
            users += 1
        for credential in here.storage.all_credentials():
            out.write(_line({"credential": written_credential(credential)}))
            credentials += 1
        for client in here.storage.all_clients():
            out.write(_line({"client": written_client(client)}))
            clients += 1
        for key in here.storage.all_keys():
            if key.expires_at is None or key.expires_at > now:
                out.write(_line({"key": written_key(key)}))
                keys += 1
        for session in here.storage.all_sessions():
            if session.idle_expires_at > now:
                out.write(_line({"session": written_session(session)}))
                sessions += 1
    print(
        f"Users exported: {users}, credentials: {credentials}, clients: {clients}, keys: {keys}, sessions: {sessions}.",
        file=sys.stderr,
    )


def _line(entry: object) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


@contextmanager
def _written(path: str) -> Iterator[BinaryIO]:
    """Where to write: a file gets its name only once all of it is on the disk, so that there is never half of one.

    Raises:
        Refusal: where it cannot be written.
    """
    try:
        if path == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif Path(path).exists() and not Path(path).is_file():  # a pipe, a device
            with Path(path).open("wb") as out:
                yield out
        else:
            with _draft(Path(path).resolve()) as out:
                yield out
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refusal(f"{'Standard output' if path == '-' else path} cannot be written: {error.strerror}.") from None


@contextmanager
def _draft(target: Path) -> Iterator[BinaryIO]:
    from tempfile import mkstemp

    descriptor, name = mkstemp(dir=target.parent, prefix=".watchword-export-")  # mode 600
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(descriptor)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
