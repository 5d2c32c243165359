"""Opens the storage that a URL names."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from watchword.storage.memory import MemoryStorage
from watchword.storage.migrations import migrate_sqlite
from watchword.storage.noted import KEPT_FOR
from watchword.storage.port import Storage, UnusableStorage
from watchword.storage.sql.sqlite import SqliteStorage


def open_storage(url: str, data: Path, *, keep_changes_for: float = KEPT_FOR) -> Storage:
    """The storage at `url`, its tables created or upgraded; nothing stays open until it is first used.

    `sqlite:///watchword.db` is a file in the folder `data`, `sqlite:////var/lib/w.db` one anywhere; `memory:` keeps
    everything in this process and forgets it. `keep_changes_for` is for how many seconds revocations are remembered;
    no access token may live longer.

    Raises:
        UnusableStorage: with a sentence that says what is wrong.
    """
    if url == "memory:":
        return MemoryStorage(keep_changes_for)
    path = database_file(url, data)
    try:
        _make_private(path)
    except OSError as error:
        raise UnusableStorage(f"{path} cannot be created or opened: {error.strerror}") from error
    migrate_sqlite(path)
    return SqliteStorage(path, keep_changes_for=keep_changes_for)


def database_file(url: str, data: Path) -> Path:
    """The SQLite file that a URL names; it need not be there yet.

    Raises:
        UnusableStorage: where the URL names none.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise UnusableStorage(f"there is no storage for {parts.scheme or 'such'} URLs: use sqlite:///NAME or memory:")
    name = unquote(parts.path[1:])
    if parts.netloc or parts.query or parts.fragment or not name or name == ":memory:":
        raise UnusableStorage("a SQLite URL is sqlite:///NAME (in the data folder) or sqlite:////PATH; or use memory:")
    return data / name


def _make_private(path: Path) -> None:
    """The file and its folder, for nobody else's eyes. SQLite gives its other files the mode of the first.

    A file that exists is not opened: to close it again would drop this process's SQLite locks on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
