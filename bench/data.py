"""The data that the servers work on: an account with credentials of every kind, guests, sessions in any number."""

from __future__ import annotations

import hashlib
import os
import time
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from watchword.config.build import build
from watchword.config.passwords.making import hashing_of
from watchword.config.settings import Settings
from watchword.core.ask import Steps, ask
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import StartSession
from watchword.core.records import Account, Session, principal_of
from watchword.crypto.password import SALT_LENGTH, Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.flows.access_tokens import TokenPolicy
from watchword.flows.api_keys import MadeKey, create_key
from watchword.flows.tokens import TokenPair, start_family
from watchword.http.message import Peer, Request
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage
from watchword.tokens.session import new_session

NAME, PASSWORD = "clerk", "correct horse battery staple"
CONFIG = """[tokens]
issuer = "https://bench.example"
access_ttl = "1d"
"""
"""How every server is configured: they have different URLs, and tokens of one issuer, which outlast the bench."""
SETTINGS = Settings.model_validate(tomllib.loads(CONFIG))
HASHING: Hashing = hashing_of(SETTINGS)
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
    jwt: str = field(repr=False)
    opaque: str = field(repr=False)
    key: str = field(repr=False)

    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"watchword={self.session}"}

    def bearer(self) -> dict[str, str]:
        return bearer(self.session)

    def basic(self) -> dict[str, str]:
        return basic(NAME, PASSWORD)

    def auth_token(self) -> dict[str, str]:
        return basic(NAME, self.token)

    def self_contained(self) -> dict[str, str]:
        return bearer(self.jwt)

    def by_reference(self) -> dict[str, str]:
        return bearer(self.opaque)

    def api_key(self) -> dict[str, str]:
        return {"X-API-Key": self.key}


def bearer(token: str) -> dict[str, str]:
    """A token by Bearer."""
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    """Credentials by HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


def guest(number: int) -> str:
    """The name of a guest."""
    return f"guest-{number}"


def fill(folder: Path, guests: int = GUESTS) -> Data:
    """Make the data folder."""
    storage = open_storage(SETTINGS.storage.url, folder, keep_changes_for=SETTINGS.tokens.keep_changes_for)
    hashed = hash_password(Secret(PASSWORD), HASHING, os.urandom(SALT_LENGTH))
    names = (NAME, *(guest(number) for number in range(guests)))
    storage.put_accounts(_account(name, hashed) for name in names)
    parts = build(SETTINGS, folder, ServerWitness(Metrics(), lambda event: None), storage=storage, on_loop=False)
    try:
        service, engine, now = parts.service, parts.service.engine, time.time()
        session, token = new_session(_principal(now), os.urandom(32), now, idle_timeout=_DAY, lifetime=_DAY)
        kept = engine.run(ask(StartSession(session)))
        shown = engine.run(service.tokens.issue(NAME, now))
        assert kept
        assert shown is not None
        made = engine.run(create_key(NAME, "bench", entropy=os.urandom, now=now))
        assert isinstance(made, MadeKey)
        jwt = engine.run(log_in(service.token_policy, now))
        opaque = engine.run(log_in(replace(service.token_policy, opaque=True), now))
        return Data(folder, session=token, token=shown.token, jwt=jwt, opaque=opaque, key=made.text)
    finally:
        parts.close()


def log_in(policy: TokenPolicy, now: Instant) -> Steps[str]:
    """The access token of a new log-in."""
    request = Request("POST", b"/auth/login", peer=Peer("127.0.0.1"))
    pair = yield from start_family(_principal(now), request, policy=policy, entropy=os.urandom, now=now)
    assert isinstance(pair, TokenPair)
    return pair.access.token


def sessions(folder: Path, count: int) -> Storage:
    """A storage with so many sessions; `fingerprint(number)` finds each."""
    storage = open_storage("sqlite:///watchword.db", folder)
    storage.put_accounts([_account(NAME, None)])
    storage.put_sessions(_sessions(count))
    return storage


def fingerprint(number: int) -> bytes:
    """Under which the session of this number is kept."""
    return hashlib.sha256(b"bench %d" % number).digest()


def _principal(now: Instant) -> Principal:
    """The account, as if it had just logged in."""
    return principal_of(_account(NAME, None), "bench", Authentication(mechanism="login", auth_time=now))


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
