"""Every storage there is, and records to try it with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from watchword.core.ask import NotYet
from watchword.core.credentials import TOTP, Credential
from watchword.core.grants import ApiKey, Client, Family, ReferenceToken
from watchword.core.questions import (
    FindAccount,
    FindAccountsBy,
    FindCredentials,
    FindKey,
    FindSession,
    FindToken,
    FoundKey,
    FoundSession,
    FoundToken,
    SpendRefresh,
    TouchKey,
    TouchSession,
)
from watchword.core.records import Account, Session
from watchword.storage import Cached, Storage, open_storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

Q = TypeVar("Q")
R = TypeVar("R")

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
        return self._found(self._cache.find_session, self._cache.find_session_inline, question)

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None:
        return self._found(self._cache.find_account, self._cache.find_account_inline, question)

    def find_accounts_by(self, question: FindAccountsBy, *, wait: bool = True) -> tuple[Account, ...]:
        return self._found(self._cache.find_accounts_by, self._cache.find_accounts_by_inline, question) or ()

    def find_key(self, question: FindKey, *, wait: bool = True) -> FoundKey | None:
        return self._found(self._cache.find_key, self._cache.find_key_inline, question)

    def find_token(self, question: FindToken, *, wait: bool = True) -> FoundToken | None:
        return self._found(self._cache.find_token, self._cache.find_token_inline, question)

    def find_credentials(self, question: FindCredentials, *, wait: bool = True) -> tuple[Credential, ...]:
        return self._found(self._cache.find_credentials, self._cache.find_credentials_inline, question) or ()

    def touch_session(self, question: TouchSession) -> None:
        self._cache.touch_session(question)

    def touch_key(self, question: TouchKey) -> None:
        self._cache.touch_key(question)

    def _found(
        self, threaded: Callable[[Q], R | None], inline: Callable[[Q], R | NotYet | None], question: Q
    ) -> R | None:
        if not self._inline:
            return threaded(question)
        self._cache.expire_turn()
        found = inline(question)
        assert not isinstance(found, NotYet)
        return found

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


APP = Client(
    id="app",
    stamp="app-1",
    secret_hash="sha256:00",
    jwks='{"keys":[]}',
    redirect_uris=("https://app.example/b", "https://app.example/a"),
    grants=frozenset({"refresh_token", "client_credentials"}),
    scopes=frozenset({"read", "write"}),
    roles=frozenset({"service"}),
    created_at=NOW - 800,
)


def family_of(account: Account, name: str, /, **changes: Any) -> Family:
    """A family of the account; `name` names it, and `name`.0 is its first refresh token."""
    family = Family(
        id=f"family-{name}",
        handle=fingerprint(name)[:12],
        fingerprint=fingerprint(f"{name}.0"),
        subject=account.name,
        stamp=account.stamp,
        created_at=NOW,
        auth_time=NOW - 1,
        last_used=NOW,
        expires_at=NOW + 86_400,
        audience=("https://api.example",),
        amr=frozenset({"pwd", "otp"}),
        acr="mfa",
        address="192.0.2.7",
        country="CH",
        user_agent="curl/8",
        device="the old phone",
    )
    return replace(family, **changes)


def spend_of(name: str, number: int, /, **changes: Any) -> SpendRefresh:
    """Redeems the refresh token `name`.`number`; the next one is to come in its place."""
    question = SpendRefresh(
        handle=fingerprint(name)[:12],
        fingerprint=fingerprint(f"{name}.{number}"),
        client_id="watchword",
        client=b"her browser",
        successor=fingerprint(f"{name}.{number + 1}"),
        sealed=f"sealed {name}.{number + 1}".encode(),
        now=NOW,
        grace=10,
        address="198.51.100.1",
        country="AT",
        user_agent="curl/9",
    )
    return replace(question, **changes)


def token_of(whom: Account | Client, name: str, /, **changes: Any) -> ReferenceToken:
    """A reference token of the account, or of a client that acts for itself."""
    token = ReferenceToken(
        id=f"token-{name}",
        fingerprint=fingerprint(name),
        subject=whom.name if isinstance(whom, Account) else whom.id,
        stamp=whom.stamp,
        client_id="watchword" if isinstance(whom, Account) else whom.id,
        audience=("https://api.example", "https://other.example"),
        amr=frozenset({"pwd"}),
        acr="basic",
        auth_time=NOW - 1,
        issued_at=NOW,
        expires_at=NOW + 900,
    )
    return replace(token, **changes)


def key_of(account: Account, name: str, /, **changes: Any) -> ApiKey:
    key = ApiKey(
        id=f"key-{name}",
        fingerprint=fingerprint(name),
        subject=account.name,
        name=f"for {name}",
        hint=name[-4:],
        created_at=NOW,
    )
    return replace(key, **changes)


def credential_of(account: Account, name: str, /, **changes: Any) -> Credential:
    """A credential of the account, by default the seed of an authenticator that is not confirmed yet."""
    credential = Credential(
        id=f"credential-{name}",
        subject=account.name,
        kind=TOTP,
        secret=f"sealed {name}".encode(),
        label=f"the phone of {name}",
        created_at=NOW,
        confirmed=False,
    )
    return replace(credential, **changes)
