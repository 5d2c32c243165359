"""A cache that is never behind: what was revoked by any process of this machine is refused at the next check.

Before anything is answered from memory the storage is asked whether something was committed since; if so, the list
of changes says what to forget. Absence is never cached: a record that is merely new is in no such list.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from watchword.core.ask import NOT_YET, NotYet
from watchword.core.credentials import Credential
from watchword.core.principal import Instant
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
    TouchKey,
    TouchSession,
)
from watchword.core.records import Account
from watchword.storage.known import Known
from watchword.storage.port import Changes, Storage, WouldWait


class Cached:
    """A storage's look-ups, answered from memory while they are true.

    The `_inline` look-ups belong to one thread, the event loop's. They ask whether anything was committed once per
    turn of the loop: whoever drives the loop calls `expire_turn` when a turn has passed. The other look-ups may be
    called from any thread, and ask every time. `size` bounds the sessions, the accounts, the accounts' credentials, the
    API keys and the reference tokens that are remembered.
    """

    def __init__(self, storage: Storage, *, size: int = 20_000, clock: Callable[[], Instant] = time.time) -> None:
        self._storage = storage
        self._clock = clock
        self._known = Known(size)
        self._sessions = self._known.sessions
        self._accounts = self._known.accounts
        self._fresh = False
        # The lock is held while records are put in or dropped, never while the storage is asked.
        self._lock = threading.Lock()
        self._seq = -1
        self._epoch = 0  # how often something was dropped
        self._threads = threading.local()

    def __len__(self) -> int:
        """How many sessions are remembered."""
        return len(self._sessions)

    # --- on the event loop

    def find_session_inline(self, question: FindSession) -> FoundSession | NotYet | None:
        """Raises AnswerFailed where the storage fails."""
        if self._fresh and not question.fresh:
            remembered = self._sessions.get(question.fingerprint)
            if remembered is not None and remembered[1] > self._clock():
                return remembered[0]
        try:
            self._verify_turn()
            return self._find_session(question, wait=False)
        except WouldWait:
            return NOT_YET

    def find_account_inline(self, question: FindAccount) -> Account | NotYet | None:
        """Raises AnswerFailed where the storage fails."""
        if self._fresh and not question.fresh:
            remembered = self._accounts.get(question.name)
            if remembered is not None:
                return remembered
        try:
            self._verify_turn()
            return self._find_account(question, wait=False)
        except WouldWait:
            return NOT_YET

    def find_accounts_by_inline(self, question: FindAccountsBy) -> tuple[Account, ...] | NotYet:
        """Never remembered: an account that takes the same value later is in no list of changes of this one.

        Raises AnswerFailed where the storage fails.
        """
        try:
            return self._storage.find_accounts_by(question, wait=False)
        except WouldWait:
            return NOT_YET

    def find_key_inline(self, question: FindKey) -> FoundKey | NotYet | None:
        """Raises AnswerFailed where the storage fails."""
        if self._fresh and not question.fresh:
            remembered = self._known.keys.get(question.fingerprint)
            if remembered is not None:
                return remembered
        try:
            self._verify_turn()
            return self._find_key(question, wait=False)
        except WouldWait:
            return NOT_YET

    def find_token_inline(self, question: FindToken) -> FoundToken | NotYet | None:
        """Raises AnswerFailed where the storage fails."""
        if self._fresh and not question.fresh:
            remembered = self._known.tokens.find(question.fingerprint)
            if remembered is not None:
                return remembered
        try:
            self._verify_turn()
            return self._find_token(question, wait=False)
        except WouldWait:
            return NOT_YET

    def find_credentials_inline(self, question: FindCredentials) -> tuple[Credential, ...] | NotYet:
        """Raises AnswerFailed where the storage fails."""
        if self._fresh and not question.fresh:
            remembered = self._known.credentials.get(question.subject)
            if remembered is not None:
                return remembered
        try:
            self._verify_turn()
            return self._find_credentials(question, wait=False)
        except WouldWait:
            return NOT_YET

    def verify_fresh(self) -> bool:
        """Bring the cache up to date for this turn. False where that would have to wait for a lock."""
        try:
            self._verify_turn()
        except WouldWait:
            return False
        return True

    def expire_turn(self) -> None:
        """A turn of the event loop has passed: what was fresh may be so no longer."""
        self._fresh = False

    # --- from any thread

    def find_session(self, question: FindSession) -> FoundSession | None:
        self._catch_up(wait=True)
        return self._find_session(question, wait=True)

    def find_account(self, question: FindAccount) -> Account | None:
        self._catch_up(wait=True)
        return self._find_account(question, wait=True)

    def find_accounts_by(self, question: FindAccountsBy) -> tuple[Account, ...]:
        return self._storage.find_accounts_by(question)

    def find_key(self, question: FindKey) -> FoundKey | None:
        self._catch_up(wait=True)
        return self._find_key(question, wait=True)

    def find_token(self, question: FindToken) -> FoundToken | None:
        self._catch_up(wait=True)
        return self._find_token(question, wait=True)

    def find_credentials(self, question: FindCredentials) -> tuple[Credential, ...]:
        self._catch_up(wait=True)
        return self._find_credentials(question, wait=True)

    def touch_session(self, question: TouchSession) -> None:
        """Never waits: where the cache is being changed just now, only the storage hears of it."""
        self._storage.touch_session(question)
        if self._lock.acquire(blocking=False):
            try:
                self._known.touch(question.fingerprint, question.now)
            finally:
                self._lock.release()

    def touch_key(self, question: TouchKey) -> None:
        """The same for an API key."""
        self._storage.touch_key(question)
        if self._lock.acquire(blocking=False):
            try:
                self._known.touch_key(question.fingerprint, question.now)
            finally:
                self._lock.release()

    # --- how

    def _find_session(self, question: FindSession, *, wait: bool) -> FoundSession | None:
        """From memory or from the storage; the cache is as new as this call."""
        if not question.fresh:
            remembered = self._sessions.get(question.fingerprint)
            # One that looks idle is asked for again: another process may have heard of it since, and when a session
            # was seen is in no list of changes.
            if remembered is not None and remembered[1] > self._clock():
                return remembered[0]
        epoch = self._epoch
        found = self._storage.find_session(question, wait=wait)
        if found is not None:
            self._remember(lambda: self._known.keep_session(found), epoch, wait)
        return found

    def _find_account(self, question: FindAccount, *, wait: bool) -> Account | None:
        if not question.fresh:
            remembered = self._accounts.get(question.name)
            if remembered is not None:
                return remembered
        epoch = self._epoch
        found = self._storage.find_account(question, wait=wait)
        if found is not None:
            self._remember(lambda: self._known.keep_account(found), epoch, wait)
        return found

    def _find_key(self, question: FindKey, *, wait: bool) -> FoundKey | None:
        if not question.fresh:
            remembered = self._known.keys.get(question.fingerprint)
            if remembered is not None:
                return remembered
        epoch = self._epoch
        found = self._storage.find_key(question, wait=wait)
        if found is not None:
            self._remember(lambda: self._known.keep_key(found), epoch, wait)
        return found

    def _find_token(self, question: FindToken, *, wait: bool) -> FoundToken | None:
        if not question.fresh:
            remembered = self._known.tokens.find(question.fingerprint)
            if remembered is not None:
                return remembered
        epoch = self._epoch
        found = self._storage.find_token(question, wait=wait)
        if found is not None:
            self._remember(lambda: self._known.tokens.keep(found), epoch, wait)
        return found

    def _find_credentials(self, question: FindCredentials, *, wait: bool) -> tuple[Credential, ...]:
        if not question.fresh:
            remembered = self._known.credentials.get(question.subject)
            if remembered is not None:
                return remembered
        epoch = self._epoch
        found = self._storage.find_credentials(question, wait=wait)
        if found:
            self._remember(lambda: self._known.keep_credentials(question.subject, found), epoch, wait)
        return found

    def _remember(self, keep: Callable[[], None], epoch: int, wait: bool) -> None:
        """Keep what was read when the epoch was `epoch`.

        Where something was dropped since, by another thread, the record may have been read before the change that
        dropped it: it was true when it was asked for, but it is not kept.
        """
        if self._lock.acquire(blocking=wait):
            try:
                if epoch == self._epoch:
                    keep()
            finally:
                self._lock.release()

    def _verify_turn(self) -> None:
        if not self._fresh:
            self._catch_up(wait=False)
            self._fresh = True

    def _catch_up(self, *, wait: bool) -> None:
        """Forget what was changed by any commit before this call."""
        version = self._storage.version(wait=wait)
        if version == getattr(self._threads, "version", None):
            return
        changes = self._storage.changes_since(self._seq, wait=wait)
        if not self._lock.acquire(blocking=wait):
            raise WouldWait
        try:
            self._apply(changes)
        finally:
            self._lock.release()
        # Noted last: after a failure it is done again.
        self._threads.version = version

    def _apply(self, changes: Changes) -> None:
        if changes.everything:
            self._known.clear()
            self._seq = changes.seq
        else:
            for fingerprint in changes.sessions:
                self._known.drop_session(fingerprint)
            for fingerprint in changes.keys:
                self._known.drop_key(fingerprint)
            for fingerprint in changes.tokens:
                self._known.tokens.drop(fingerprint)
            for name in changes.accounts:
                self._known.drop_account(name)
            for id in changes.clients:
                self._known.tokens.drop_client(id)
            self._seq = max(self._seq, changes.seq)
        if changes != Changes(seq=changes.seq):
            self._epoch += 1
