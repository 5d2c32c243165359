"""The server's keys on disk: `keys.json` in the data folder, for its owner's eyes only (F34)."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from watchword.config.keys.purposes import PURPOSES
from watchword.core.principal import Instant
from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused
from watchword.tokens.session_keys import without_retired_session_keys
from watchword.tokens.signing_keys import with_algorithm, without_retired

KEYS_FILE = "keys.json"


class KeyFileRefused(Exception):
    """The keys cannot be used. The message says what to do; it never holds a secret."""


def load_or_make_keys(
    data: Path,
    entropy: Callable[[int], bytes],
    now: Instant,
    *,
    algorithm: str,
    lifetime: float,
    session_lifetime: float | None = None,
) -> KeyRing:
    """The keys in this folder, one for each purpose at least; what is missing is made.

    Several processes that start at once end with the same keys. `algorithm` is that of new access tokens, `lifetime`
    the longest that one lives, in seconds: keys that signed none that is still alive are dropped. `session_lifetime` is
    the same for sessions that are kept by the client; None: no key of theirs is dropped.

    Raises:
        KeyFileRefused: where the file cannot be read or written, holds no keys, or others may read it.
    """

    def complete(ring: KeyRing) -> KeyRing:
        for purpose in PURPOSES:
            if ring.newest(purpose) is None:
                key = Key(id=entropy(6).hex(), purpose=purpose, secret=Secret(entropy(32)), created_at=now)
                ring = ring.with_key(key)
        ring = with_algorithm(ring, algorithm, key_id=entropy(6).hex(), now=now)
        ring = without_retired(ring, now=now, lifetime=lifetime)
        if session_lifetime is None:
            return ring
        return without_retired_session_keys(ring, now=now, lifetime=session_lifetime)

    if has_keys(data):
        ring = read_keys(data)
        if complete(ring) == ring:
            return ring
    return change_keys(data, complete)


def has_keys(data: Path) -> bool:
    """Whether there are any in this folder yet."""
    return (data / KEYS_FILE).exists()


def read_keys(data: Path) -> KeyRing:
    """The keys in this folder.

    Raises:
        KeyFileRefused: as above, and where there is no file.
    """
    return read_with_identity(data / KEYS_FILE)[0]


def change_keys(data: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Replace the keys in this folder by what `change` makes of them, in one step. A new folder has none before.

    Raises:
        KeyFileRefused: as above; the file is as it was then.
    """
    path = data / KEYS_FILE
    try:
        with _alone(data):
            before = read_with_identity(path)[0] if path.exists() else KeyRing()
            try:
                after = change(before)
            except KeyRingRefused as error:
                raise KeyFileRefused(f"{path} holds a key that this version does not understand: {error}.") from None
            if after != before:
                _replace(path, after)
            return after
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be used: {error.strerror}.") from None


FileIdentity: TypeAlias = tuple[int, ...] | None


def identity_of(path: Path) -> FileIdentity:
    """What is another after every change of the file, or of its rights."""
    try:
        return _told(path.stat())
    except OSError:
        return None


def _told(found: os.stat_result) -> FileIdentity:
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode


def read_with_identity(path: Path) -> tuple[KeyRing, FileIdentity]:
    """The keys in the file, and which state of it that is. Raises as above."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileRefused(f"{path} can be read by others: run chmod 600 on it.")
            return KeyRing.from_json(file.read().decode()), _told(found)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be used: {error.strerror}.") from None
    except (KeyRingRefused, UnicodeDecodeError):
        raise KeyFileRefused(
            f"{path} does not hold keys that this version understands: restore it from a backup. Without it, tokens "
            "that are about will not be accepted; move it away to begin with new keys."
        ) from None


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """No other process changes the keys meanwhile. The keys' own file is replaced, so another one is locked."""
    descriptor = os.open(data / f"{KEYS_FILE}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, ring: KeyRing) -> None:
    """Write the whole file beside the old one, then put it in its place: nobody ever sees half of it."""
    draft = path.with_name(f"{KEYS_FILE}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if path.exists() and os.geteuid() == 0:
                owner = path.stat()  # root may rotate what the server's own user must go on reading
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
