"""`watchword export`: users with their credentials, clients, API keys and sessions, as they can be imported again."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
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
    """Export all users with their credentials and identities, clients, API keys and sessions to FILE.

    A hyphen stands for standard output. The file is JSON, one entry on a line, as import reads it. It holds the hashes
    of passwords and the fingerprints of keys and session tokens, so it is made for its owner's eyes only (mode 600):
    keep it so. The server's keys are not in it, nor are refresh tokens: whoever lives on one logs in again after an
    import. Authenticators, Digest secrets and credentials for third parties are in it as they are kept, sealed: they
    can be read with the same keys.json alone.
    """
    from watchword.cli.interchange.client_entries import written_client
    from watchword.cli.interchange.credential_entries import written_credential
    from watchword.cli.interchange.identity_entries import written_identity
    from watchword.cli.interchange.key_entries import written_key
    from watchword.cli.interchange.session_entries import written_session
    from watchword.cli.interchange.third_party_entries import written_third_party
    from watchword.cli.interchange.user_entries import written_user

    now = time.time()
    exported: Counter[str] = Counter()
    with opened(config, data) as here, _written(file) as out:

        def write(kind: str, many: str, entries: Iterable[object]) -> None:
            for entry in entries:
                out.write(_line({kind: entry}))
                exported[many] += 1

        storage = here.storage
        alive_keys = (key for key in storage.all_keys() if key.expires_at is None or key.expires_at > now)
        alive = (session for session in storage.all_sessions() if session.idle_expires_at > now)
        write("user", "users", map(written_user, storage.all_accounts()))
        write("credential", "credentials", map(written_credential, storage.all_credentials()))
        write("identity", "identities", map(written_identity, storage.linked.all()))
        third_party = map(written_third_party, storage.third_party.all())
        write("third_party_credential", "third-party credentials", third_party)
        write("client", "clients", map(written_client, storage.all_clients()))
        write("key", "keys", map(written_key, alive_keys))
        write("session", "sessions", map(written_session, alive))
    kinds = ("credentials", "identities", "third-party credentials", "clients", "keys", "sessions")
    told = ", ".join(f"{many}: {exported[many]}" for many in kinds)
    print(f"Users exported: {exported['users']}, {told}.", file=sys.stderr)


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
