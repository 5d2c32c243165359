"""Writes the entries of a file that was judged into a storage: users first, because sessions hang on them."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial

from watchword.cli.interchange.judge import entries_of
from watchword.cli.interchange.session_entries import SessionEntry
from watchword.cli.interchange.source import Source
from watchword.cli.interchange.user_entries import UserEntry
from watchword.core.principal import Instant
from watchword.core.questions import FindAccount
from watchword.core.records import Account, Session
from watchword.crypto.password import SALT_LENGTH, Hashing, check_password, hash_password
from watchword.flows.accounts import new_stamp
from watchword.storage import Counts, Storage
from watchword.tokens.format import base62

_AHEAD = 4
"""How many passwords for each core wait to be hashed: enough to keep the cores busy."""


def put_users(source: Source, storage: Storage, hashing: Hashing, now: Instant, advance: Callable[[], None]) -> Counts:
    """Make the users what is kept; `advance` is called for each. Passwords are hashed on all cores."""
    cores = os.cpu_count() or 1
    pool = ThreadPoolExecutor(cores)

    def accounts() -> Iterator[Account]:
        waiting: deque[Callable[[], Account]] = deque()
        for read in entries_of(source, "user", UserEntry):
            existing = storage.find_account(FindAccount(read.name, fresh=True))
            if read.password is None:
                waiting.append(partial(merged_account, read, existing, hashing, now))
            else:
                waiting.append(pool.submit(merged_account, read, existing, hashing, now).result)
            if len(waiting) > _AHEAD * cores:
                yield waiting.popleft()()
                advance()
        for result in waiting:
            yield result()
            advance()

    try:
        return storage.put_accounts(accounts())
    finally:
        pool.shutdown(cancel_futures=True)


def put_sessions(
    source: Source, storage: Storage, idle_timeout: float, now: Instant, advance: Callable[[], None]
) -> Counts:
    """Keep those sessions that are not kept yet; `advance` is called for each.

    Refused are those that have ended, and those whose user is unknown, disabled, or has had another password since.
    """
    find = lru_cache(maxsize=4096)(lambda name: storage.find_account(FindAccount(name, fresh=True)))
    dead = 0

    def sessions() -> Iterator[Session]:
        nonlocal dead
        for read in entries_of(source, "session", SessionEntry):
            account = find(read.user)
            session = None if account is None else session_of(read, account, idle_timeout, now)
            if session is None or session.idle_expires_at <= now:
                dead += 1
            else:
                yield session
            advance()

    counts = storage.put_sessions(sessions())
    return replace(counts, refused=counts.refused + dead)


def merged_account(entry: UserEntry, existing: Account | None, hashing: Hashing, now: Instant) -> Account:
    """The account as the entry wants it; what the entry does not speak of stays as it is.

    A password that is right already keeps its hash, and so its stamp: sessions live on. An account that is disabled by
    this gets another: nothing comes back when it is enabled again.
    """
    created_at = now if entry.created_at is None else entry.created_at
    before = existing or Account(name=entry.name, stamp=new_stamp(os.urandom), created_at=created_at)
    stored = _stored(entry, before.password_hash, hashing)
    falls = entry.disabled is True and not before.disabled
    stamp = new_stamp(os.urandom) if falls or stored != before.password_hash else before.stamp
    return replace(
        before,
        stamp=entry.stamp or stamp,
        password_hash=stored,
        roles=before.roles if entry.roles is None else entry.roles,
        permissions=before.permissions if entry.permissions is None else entry.permissions,
        disabled=before.disabled if entry.disabled is None else entry.disabled,
        attributes=before.attributes if entry.attributes is None else entry.attributes,
        auth_token=entry.auth_token or before.auth_token,
        second_factor=entry.second_factor or before.second_factor,
        store=_store(entry, before.store),
    )


def session_of(entry: SessionEntry, account: Account, idle_timeout: float, now: Instant) -> Session:
    """The session as the entry wants it. Where it does not say when it was used, it is as if that were now."""
    created_at = now if entry.created_at is None else entry.created_at
    return Session(
        id=entry.id or _public_id(entry.fingerprint),
        fingerprint=entry.fingerprint,
        subject=account.name,
        stamp=entry.stamp or account.stamp,
        created_at=created_at,
        auth_time=created_at if entry.auth_time is None else entry.auth_time,
        last_seen=now if entry.last_seen is None else entry.last_seen,
        expires_at=entry.expires_at,
        idle_timeout=entry.idle_timeout or idle_timeout,
        amr=entry.amr,
        address=entry.address,
        user_agent=entry.user_agent,
        data=entry.data,
        kind=entry.kind,
        binding=entry.binding,
        acr=entry.acr,
        linked=entry.linked,
    )


def _store(entry: UserEntry, kept: str) -> str:
    """Who keeps the password: with one of its own, an account that another store had becomes ours."""
    if entry.store is not None:
        return entry.store
    return "" if entry.password is not None or entry.password_hash is not None else kept


def _stored(entry: UserEntry, kept: str | None, hashing: Hashing) -> str | None:
    if entry.password is not None:
        if kept is not None and check_password(entry.password, kept):
            return kept
        return hash_password(entry.password, hashing, os.urandom(SALT_LENGTH))
    return entry.password_hash or (None if entry.no_password else kept)


def _public_id(fingerprint: bytes) -> str:
    """An id that can be shown, and that the same session always gets."""
    return base62(hashlib.sha256(b"watchword imported session id v1" + fingerprint).digest()[:16])
