"""Every storage there is, and records to try it with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from watchword.core.questions import FindAccount, FindSession, FoundSession, TouchSession
from watchword.core.records import Account, Session
from watchword.storage import Cached, Storage, open_storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

NOW = 1_800_000_000.0


def sqlite_file(folder: Path) -> Path:
    """A migrated, empty database: a copy of one that was made once."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "watchword.db"
    path.write_bytes(_migrated())
    return path


@lru_cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        open_storage("sqlite:///watchword.db", Path(folder)).close()
        return (Path(folder) / "watchword.db").read_bytes()


class ThroughCache:
    """A storage whose look-ups go through the cache, as checks do; `inline` asks as the event loop does."""

    def __init__(self, storage: Storage, inline: bool) -> None:
        self._storage = storage
        self._cache = Cached(storage, clock=lambda: NOW)
        self._inline = inline

    def find_session(self, question: FindSession, *, wait: bool = True) -> FoundSession | None:
        if not self._inline:
            return self._cache.find_session(question)
        self._cache.expire_turn()
        found = self._cache.find_session_inline(question)
        assert found is None or isinstance(found, FoundSession)
        return found

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None:
        if not self._inline:
            return self._cache.find_account(question)
        self._cache.expire_turn()
        found = self._cache.find_account_inline(question)
        assert found is None or isinstance(found, Account)
        return found

    def touch_session(self, question: TouchSession) -> None:
        self._cache.touch_session(question)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


STORAGES: dict[str, tuple[type, Callable[[Path], Any]]] = {
    "memory": (MemoryStorage, lambda folder: MemoryStorage()),
    "sqlite": (SqliteStorage, lambda folder: SqliteStorage(sqlite_file(folder))),
    "memory-cached": (Cached, lambda folder: ThroughCache(MemoryStorage(), inline=False)),
    "sqlite-cached": (Cached, lambda folder: ThroughCache(SqliteStorage(sqlite_file(folder)), inline=False)),
    "sqlite-cached-inline": (Cached, lambda folder: ThroughCache(SqliteStorage(sqlite_file(folder)), inline=True)),
}
"""Each is tried with the whole contract. A class in `watchword.storage` that is in none of them fails a test."""


ANN = Account(
    name="ann",
    stamp="ann-1",
    password_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    roles=frozenset({"user", "admin"}),
    permissions=frozenset({"read:books"}),
    attributes={"email": "ann@example.org"},
    created_at=NOW - 1000,
)
BOB = Account(name="bob", stamp="bob-1", created_at=NOW - 500)


def fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def session_of(account: Account, token: str, **changes: Any) -> Session:
    """A session of the account; `token` names it."""
    session = Session(
        id=f"id-{token}",
        fingerprint=fingerprint(token),
        subject=account.name,
        stamp=account.stamp,
        created_at=NOW,
        auth_time=NOW,
        last_seen=NOW,
        expires_at=NOW + 43_200,
        idle_timeout=1_800,
        amr=frozenset({"pwd"}),
        address="192.0.2.7",
        user_agent="curl/8",
        data={"cart": [1, 2.5, None, {"deep": "é"}]},
    )
    return replace(session, **changes)
