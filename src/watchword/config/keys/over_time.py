"""The server's keys while it runs: the file as it is now, and what is asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from watchword.config.keys.file import KEYS_FILE, KeyFileRefused, identity_of, read_with_identity
from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.core.questions import FindSessionKeys, FindSigningKey, FindVerifyingKey, SessionKeys
from watchword.core.questions.providers import FindThirdPartySealing
from watchword.crypto.jose.key import Key as VerifyingKey
from watchword.crypto.jose.key import SigningKey
from watchword.crypto.sealing import Sealing
from watchword.tokens.keys import KeyRing, KeyRingRefused
from watchword.tokens.session_keys import SessionKeysOverTime, held_session_keys
from watchword.tokens.signing_keys import SigningKeys, signing_keys
from watchword.tokens.third_party_seal import PURPOSE as THIRD_PARTY
from watchword.tokens.third_party_seal import sealing_at

_LOOK_EVERY = 5.0


class KeyFile:
    """The keys that sign access tokens, or seal sessions or credentials for third parties, as the file has them: read
    again soon after it changed, in every process.

    While the file cannot be used the keys are those that were read last, and `alarm` is told why, once for each
    change. Looking costs a system call, and happens every few seconds, and whenever a token names a key that nobody
    knows: it may be one that another process has begun to use a moment ago. `lifetime` and `session_lifetime` as for
    `load_or_make_keys`.
    """

    def __init__(
        self,
        data: Path,
        *,
        lifetime: float,
        session_lifetime: float,
        alarm: Callable[[str], None],
        clock: Callable[[], Instant] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = data / KEYS_FILE
        self._lifetime = lifetime
        self._session_lifetime = session_lifetime
        self._alarm = alarm
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.Lock()
        self._looked = ticks()
        ring, self._seen = read_with_identity(self._path)
        self._keys = _signing_keys(self._path, ring, lifetime)
        self._session_keys = SessionKeysOverTime(held_session_keys(ring, lifetime=session_lifetime))
        self._third_party = ring.all(THIRD_PARTY)
        self._refused: str | None = None

    def keys(self) -> SigningKeys:
        """All of them, as they were a few seconds ago at most."""
        self._look(_LOOK_EVERY)
        return self._keys

    def find_verifying_key(self, question: FindVerifyingKey) -> VerifyingKey | None:
        """The key of this name. A name that is not known is looked for in the file itself."""
        now = self._clock()
        found = self.keys().verifying(question.kid, now)
        if found is None:
            self._look_again()
            found = self._keys.verifying(question.kid, now)
        return found

    def find_signing_key(self, question: FindSigningKey) -> SigningKey:
        """The key to sign with now."""
        key = self.keys().signing(self._clock())
        if key is None:
            raise AnswerFailed("there is no key to sign access tokens with")
        return key

    def find_session_keys(self, question: FindSessionKeys) -> SessionKeys:
        """The keys of sessions that are kept by the client. One that is not known is looked for in the file itself."""
        self._look(_LOOK_EVERY)
        try:
            found = self._session_keys.at(self._clock())
            if question.needs is not None and found.named(question.needs) is None:
                self._look_again()
                found = self._session_keys.at(self._clock())
        except KeyRingRefused as error:
            raise AnswerFailed(str(error)) from None
        return found

    def find_third_party_sealing(self, question: FindThirdPartySealing) -> Sealing:
        """The keys that seal credentials for third parties. One that is not known is looked for in the file itself, as
        all of them are where something is to be sealed: what came out of use meanwhile may be dropped soon.
        """
        self._look(_LOOK_EVERY)
        known = {key.id for key in self._third_party}
        if question.to_seal or (question.needs is not None and question.needs not in known):
            self._look_again()
        if question.to_seal and self._refused is not None:
            raise AnswerFailed(self._refused)
        if not self._third_party:
            raise AnswerFailed("there is no key for credentials of third parties")
        return sealing_at(self._third_party, self._clock())

    def _look(self, interval: float) -> None:
        """Look at the file, unless that was done within the interval, or is being done."""
        if self._ticks() - self._looked >= interval and self._lock.acquire(blocking=False):
            try:
                self._read_if_changed()
            finally:
                self._lock.release()

    def _look_again(self) -> None:
        """Look at the file in any case, and have what it says now."""
        with self._lock:
            self._read_if_changed()

    def _read_if_changed(self) -> None:
        self._looked = self._ticks()
        seen = identity_of(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            ring, self._seen = read_with_identity(self._path)
            self._keys = _signing_keys(self._path, ring, self._lifetime)
            self._session_keys = SessionKeysOverTime(held_session_keys(ring, lifetime=self._session_lifetime))
            self._third_party = ring.all(THIRD_PARTY)
            self._refused = None
        except KeyFileRefused as error:
            self._refused = str(error)
            self._alarm(f"{error} The keys from before are still in use.")


def _signing_keys(path: Path, ring: KeyRing, lifetime: float) -> SigningKeys:
    try:
        return signing_keys(ring, lifetime=lifetime)
    except KeyRingRefused as error:
        raise KeyFileRefused(f"{path}: {error}; restore it from a backup.") from None
