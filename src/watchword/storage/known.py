"""What a cache remembers, how much of it, and what it drops with what."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from watchword.core.credentials import Credential
from watchword.core.principal import Instant
from watchword.core.questions import FoundKey, FoundSession
from watchword.core.records import Account
from watchword.storage.known_tokens import KnownTokens


class Known:
    """Sessions, API keys, tokens, accounts and their credentials, and what of them hangs on which account.

    A session stands beside the instant until which it may be used without hearing of it again. When full, what was
    put in first gives way: what is in use comes back for the price of one look-up. Who changes it holds the cache's
    lock.
    """

    __slots__ = ("_keys_of_account", "_of_account", "_size", "accounts", "credentials", "keys", "sessions", "tokens")

    def __init__(self, size: int) -> None:
        self._size = size
        self.sessions: OrderedDict[bytes, tuple[FoundSession, Instant]] = OrderedDict()
        self.accounts: OrderedDict[str, Account] = OrderedDict()
        self.credentials: OrderedDict[str, tuple[Credential, ...]] = OrderedDict()
        self.keys: OrderedDict[bytes, FoundKey] = OrderedDict()
        self.tokens = KnownTokens(size)
        self._of_account: dict[str, set[bytes]] = {}
        self._keys_of_account: dict[str, set[bytes]] = {}

    def keep_session(self, found: FoundSession) -> None:
        # Many sessions of one account share one record of it.
        account = self.accounts.get(found.account.name)
        if account is not None and account == found.account:
            found = FoundSession(found.session, account)
        else:
            self.keep_account(found.account)
        fingerprint = found.session.fingerprint
        self.sessions[fingerprint] = found, found.session.idle_expires_at
        self._of_account.setdefault(found.account.name, set()).add(fingerprint)
        if len(self.sessions) > self._size:
            self._unlink(*self.sessions.popitem(last=False))

    def keep_key(self, found: FoundKey) -> None:
        self.keys[found.key.fingerprint] = found
        self._keys_of_account.setdefault(found.account.name, set()).add(found.key.fingerprint)
        if len(self.keys) > self._size:
            self._unlink_key(self.keys.popitem(last=False)[1])

    def keep_account(self, account: Account) -> None:
        self.accounts[account.name] = account
        if len(self.accounts) > self._size:
            self.accounts.popitem(last=False)

    def keep_credentials(self, subject: str, found: tuple[Credential, ...]) -> None:
        self.credentials[subject] = found
        if len(self.credentials) > self._size:
            self.credentials.popitem(last=False)

    def touch(self, fingerprint: bytes, now: Instant) -> None:
        remembered = self.sessions.get(fingerprint)
        if remembered is not None and now > remembered[0].session.last_seen:
            session = replace(remembered[0].session, last_seen=now)
            self.sessions[fingerprint] = FoundSession(session, remembered[0].account), session.idle_expires_at

    def touch_key(self, fingerprint: bytes, now: Instant) -> None:
        remembered = self.keys.get(fingerprint)
        if remembered is not None and (remembered.key.last_used is None or now > remembered.key.last_used):
            self.keys[fingerprint] = FoundKey(replace(remembered.key, last_used=now), remembered.account)

    def drop_key(self, fingerprint: bytes) -> None:
        remembered = self.keys.pop(fingerprint, None)
        if remembered is not None:
            self._unlink_key(remembered)

    def drop_session(self, fingerprint: bytes) -> None:
        remembered = self.sessions.pop(fingerprint, None)
        if remembered is not None:
            self._unlink(fingerprint, remembered)

    def drop_account(self, name: str) -> None:
        self.accounts.pop(name, None)
        self.credentials.pop(name, None)
        for fingerprint in self._of_account.pop(name, ()):
            self.sessions.pop(fingerprint, None)
        for fingerprint in self._keys_of_account.pop(name, ()):
            self.keys.pop(fingerprint, None)
        self.tokens.drop_account(name)

    def clear(self) -> None:
        self.sessions.clear()
        self.accounts.clear()
        self.credentials.clear()
        self._of_account.clear()
        self.keys.clear()
        self._keys_of_account.clear()
        self.tokens.clear()

    def _unlink(self, fingerprint: bytes, remembered: tuple[FoundSession, Instant]) -> None:
        name = remembered[0].account.name
        siblings = self._of_account[name]
        siblings.discard(fingerprint)
        if not siblings:
            del self._of_account[name]

    def _unlink_key(self, found: FoundKey) -> None:
        siblings = self._keys_of_account[found.account.name]
        siblings.discard(found.key.fingerprint)
        if not siblings:
            del self._keys_of_account[found.account.name]
