"""The data that the servers work on: an account with a session and an auth token, guests, sessions in any number."""

from __future__ import annotations

import hashlib
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from watchword.config.build import build, hashing_of
from watchword.config.settings import Settings
from watchword.core.ask import ask
from watchword.core.principal import Authentication
from watchword.core.questions import StartSession
from watchword.core.records import Account, Session, principal_of
from watchword.crypto.password import SALT_LENGTH, Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage
from watchword.tokens.session import new_session

NAME, PASSWORD = "clerk", "correct horse battery staple"
HASHING: Hashing = hashing_of(Settings())
"""The parameters that the server has by default: log-ins are measured against the same."""
GUESTS = 4_000
"""Accounts that log in by Basic once each. All have the same password and, to save time here, the same hash."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Data:
    """A data folder, and what a client needs to be let in."""

    folder: Path
    session: str = field(repr=False)
    token: str = field(repr=False)

    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"watchword={self.session}"}

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session}"}

    def basic(self) -> dict[str, str]:
        return basic(NAME, PASSWORD)

    def auth_token(self) -> dict[str, str]:
        return basic(NAME, self.token)


def basic(name: str, password: str) -> dict[str, str]:
    """Credentials by HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def guest(number: int) -> str:
    """The name of a guest."""
    return f"guest-{number}"


def fill(folder: Path) -> Data:
    """Make the data folder."""
    storage = open_storage("sqlite:///watchword.db", folder)
    hashed = hash_password(Secret(PASSWORD), HASHING, os.urandom(SALT_LENGTH))
    names = (NAME, *(guest(number) for number in range(GUESTS)))
    storage.put_accounts(_account(name, hashed) for name in names)
    parts = build(Settings(), folder, ServerWitness(Metrics(), lambda event: None), storage=storage, on_loop=False)
    try:
        engine, now = parts.service.engine, time.time()
        account = _account(NAME, hashed)
        principal = principal_of(account, "bench", Authentication(mechanism="login", auth_time=now))
        session, token = new_session(principal, os.urandom(32), now, idle_timeout=_DAY, lifetime=_DAY)
        kept = engine.run(ask(StartSession(session)))
        shown = engine.run(parts.service.tokens.issue(NAME, now))
        assert kept
        assert shown is not None
        return Data(folder, token, shown.token)
    finally:
        parts.close()


def sessions(folder: Path, count: int) -> Storage:
    """A storage with so many sessions; `fingerprint(number)` finds each."""
    storage = open_storage("sqlite:///watchword.db", folder)
    storage.put_accounts([_account(NAME, None)])
    storage.put_sessions(_sessions(count))
    return storage


def fingerprint(number: int) -> bytes:
    """Under which the session of this number is kept."""
    return hashlib.sha256(b"bench %d" % number).digest()


def _account(name: str, hashed: str | None) -> Account:
    return Account(name=name, stamp="bench", password_hash=hashed, roles=frozenset(("clerk",)), created_at=time.time())


def _sessions(count: int) -> Iterator[Session]:
    now = time.time()
    for number in range(count):
        yield Session(
            id=f"bench-{number}",
            fingerprint=fingerprint(number),
            subject=NAME,
            stamp="bench",
            created_at=now,
            auth_time=now,
            last_seen=now,
            expires_at=now + _DAY,
            idle_timeout=_DAY,
        )
