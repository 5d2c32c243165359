"""Watchword in the hosts: one of it over one database, and credentials of every kind."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import many
from bench.data import HASHING, PASSWORD
from bench.hosts.people import PEOPLE, SENDING, SENDING_PASSWORDS, Credentials, by_bearer, by_password
from watchword import Watchword
from watchword.config.build import Parts, build
from watchword.config.settings import Settings
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import FindAccount
from watchword.core.records import Account, principal_of
from watchword.crypto.password import SALT_LENGTH, hash_password
from watchword.crypto.secret import Secret
from watchword.edge.witness import LoggingWitness
from watchword.flows.access_tokens import Proof, issue_access_token
from watchword.storage import Storage, open_storage
from watchword.tokens.api_key import new_key
from watchword.tokens.refresh import HANDLE_LENGTH, RefreshToken
from watchword.tokens.session import new_session

SETTINGS = Settings.model_validate(
    {"tokens": {"issuer": "https://bench.example", "access_ttl": "1d", "algorithm": "HS256"}}
)
"""All defaults, but the algorithm, which is the peers', and tokens that outlast the bench."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Watchword, and what people send it."""

    auth: Watchword
    jwts: list[Credentials]
    keys: list[Credentials]
    sessions: list[Credentials]
    passwords: list[Credentials]


@contextmanager
def opened(folder: Path) -> Iterator[Ours]:
    """With its database filled."""
    storage = open_storage(SETTINGS.storage.url, folder, keep_changes_for=SETTINGS.tokens.keep_changes_for)
    parts = build(SETTINGS, folder, LoggingWitness(), storage=storage, on_loop=False)
    try:
        now = time.time()
        hashed = hash_password(Secret(PASSWORD), HASHING, os.urandom(SALT_LENGTH))
        storage.put_accounts(replace(account, password_hash=hashed) for account in many.accounts(len(PEOPLE)))
        people = [_found(storage, name) for name in SENDING]
        jwts = _jwts(parts, people, now)
        keys = _keys(storage, people, now)
        sessions = _sessions(storage, people, now)
    finally:
        parts.close()
    # Those whose credentials are refused on purpose need no line.
    logging.getLogger("watchword").setLevel(logging.ERROR)
    auth = Watchword.from_settings(SETTINGS, folder)
    try:
        yield Ours(auth, jwts, keys, sessions, by_password(SENDING_PASSWORDS))
    finally:
        auth.close()


def _found(storage: Storage, name: str) -> Account:
    account = storage.find_account(FindAccount(name))
    assert account is not None
    return account


def _jwts(parts: Parts, people: list[Account], now: Instant) -> list[Credentials]:
    """Access tokens of log-ins, each of which could be ended."""
    families = [many.family(RefreshToken(os.urandom(HANDLE_LENGTH), bytes(20)), account.name) for account in people]
    parts.storage.put_families(families)
    policy, tokens = parts.service.token_policy, []
    for account, family in zip(people, families, strict=True):
        steps = issue_access_token(
            account, proof=Proof(auth_time=now), policy=policy, entropy=os.urandom, now=now, family=family
        )
        made = parts.service.engine.run(steps)
        assert made is not None
        tokens.append(made.token)
    return by_bearer(tokens)


def _keys(storage: Storage, people: list[Account], now: Instant) -> list[Credentials]:
    made = [new_key(os.urandom(32), now, subject=account.name, name="bench") for account in people]
    storage.put_keys(key for key, _ in made)
    return [{"X-API-Key": text} for _, text in made]


def _sessions(storage: Storage, people: list[Account], now: Instant) -> list[Credentials]:
    made = []
    for account in people:
        principal = principal_of(account, "bench", Authentication(mechanism="login", auth_time=now))
        made.append(new_session(principal, os.urandom(32), now, idle_timeout=many.DAY, lifetime=many.DAY))
    storage.put_sessions(session for session, _ in made)
    return [{"Cookie": f"watchword={token}"} for _, token in made]
