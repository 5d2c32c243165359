"""The server's keys on disk: `keys.json` in the data folder, for its owner's eyes only (F34)."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.core.questions import FindSessionKeys, FindSigningKey, FindVerifyingKey, SessionKeys
from watchword.core.questions.providers import FindThirdPartySealing
from watchword.crypto.jose.key import Key as VerifyingKey
from watchword.crypto.jose.key import SigningKey
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.tokens.couchdb_identity import PURPOSE as COUCHDB_IDENTITIES
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused
from watchword.tokens.session_keys import PURPOSE as SESSIONS
from watchword.tokens.session_keys import SessionKeysOverTime, held_session_keys, without_retired_session_keys
from watchword.tokens.signing_keys import SigningKeys, signing_keys, with_algorithm, without_retired
from watchword.tokens.third_party_seal import PURPOSE as THIRD_PARTY
from watchword.tokens.third_party_seal import sealing_at

AUTH_TOKENS = "auth-token"
REFRESH_CLIENTS = "refresh-client"
BINDINGS = "binding"  # of tokens to what their client looks like
CREDENTIALS = "credential"  # seals what is kept to prove an account by
ACCESS_KEYS = "access-key"  # the secrets of signed requests are derived from it
NONCES = "nonce"  # of Digest
COUCHDB = "couchdb"  # CouchDB's cookie, where CouchDB's own secret is not configured
PURPOSES = (
    AUTH_TOKENS,
    REFRESH_CLIENTS,
    BINDINGS,
    CREDENTIALS,
    SESSIONS,
    ACCESS_KEYS,
    NONCES,
    COUCHDB_IDENTITIES,
    COUCHDB,
    THIRD_PARTY,
)
"""What the server's keys are for, one each at least, beside those that sign access tokens."""

_NAME = "keys.json"
_LOOK_EVERY = 5.0


class KeyFileRefused(Exception):
    """The keys cannot be used. The message says what to do; it never holds a secret."""


def load_or_make_keys(
    data: Path,
    entropy: Callable[[int], bytes],
    now: Instant,
    *,
    algorithm: str,
    lifetime: float,
    session_lifetime: float | None = None,
) -> KeyRing:
    """The keys in this folder, one for each purpose at least; what is missing is made.

    Several processes that start at once end with the same keys. `algorithm` is that of new access tokens, `lifetime`
    the longest that one lives, in seconds: keys that signed none that is still alive are dropped. `session_lifetime` is
    the same for sessions that are kept by the client; None: no key of theirs is dropped.

    Raises:
        KeyFileRefused: where the file cannot be read or written, holds no keys, or others may read it.
    """

    def complete(ring: KeyRing) -> KeyRing:
        for purpose in PURPOSES:
            if ring.newest(purpose) is None:
                key = Key(id=entropy(6).hex(), purpose=purpose, secret=Secret(entropy(32)), created_at=now)
                ring = ring.with_key(key)
        ring = with_algorithm(ring, algorithm, key_id=entropy(6).hex(), now=now)
        ring = without_retired(ring, now=now, lifetime=lifetime)
        if session_lifetime is None:
            return ring
        return without_retired_session_keys(ring, now=now, lifetime=session_lifetime)

    if has_keys(data):
        ring = read_keys(data)
        if complete(ring) == ring:
            return ring
    return change_keys(data, complete)


def has_keys(data: Path) -> bool:
    """Whether there are any in this folder yet."""
    return (data / _NAME).exists()


def read_keys(data: Path) -> KeyRing:
    """The keys in this folder.

    Raises:
        KeyFileRefused: as above, and where there is no file.
    """
    return _read(data / _NAME)[0]


def change_keys(data: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
    """Replace the keys in this folder by what `change` makes of them, in one step. A new folder has none before.

    Raises:
        KeyFileRefused: as above; the file is as it was then.
    """
    path = data / _NAME
    try:
        with _alone(data):
            before = _read(path)[0] if path.exists() else KeyRing()
            try:
                after = change(before)
            except KeyRingRefused as error:
                raise KeyFileRefused(f"{path} holds a key that this version does not understand: {error}.") from None
            if after != before:
                _replace(path, after)
            return after
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be used: {error.strerror}.") from None


class KeyFile:
    """The keys that sign access tokens, or seal sessions or credentials for third parties, as the file has them: read
    again soon after it changed, in every process.

    While the file cannot be used the keys are those that were read last, and `alarm` is told why, once for each
    change. Looking costs a system call, and happens every few seconds, and whenever a token names a key that nobody
    knows: it may be one that another process has begun to use a moment ago. `lifetime` and `session_lifetime` as above.
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
        self._path = data / _NAME
        self._lifetime = lifetime
        self._session_lifetime = session_lifetime
        self._alarm = alarm
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.Lock()
        self._looked = ticks()
        ring, self._seen = _read(self._path)
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
        seen = _identity(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            ring, self._seen = _read(self._path)
            self._keys = _signing_keys(self._path, ring, self._lifetime)
            self._session_keys = SessionKeysOverTime(held_session_keys(ring, lifetime=self._session_lifetime))
            self._third_party = ring.all(THIRD_PARTY)
            self._refused = None
        except KeyFileRefused as error:
            self._refused = str(error)
            self._alarm(f"{error} The keys from before are still in use.")


_Identity = tuple[int, ...] | None


def _identity(path: Path) -> _Identity:
    """What is another after every change of the file, or of its rights."""
    try:
        return _told(path.stat())
    except OSError:
        return None


def _told(found: os.stat_result) -> _Identity:
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode


def _read(path: Path) -> tuple[KeyRing, _Identity]:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileRefused(f"{path} can be read by others: run chmod 600 on it.")
            return KeyRing.from_json(file.read().decode()), _told(found)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be used: {error.strerror}.") from None
    except (KeyRingRefused, UnicodeDecodeError):
        raise KeyFileRefused(
            f"{path} does not hold keys that this version understands: restore it from a backup. Without it, tokens "
            "that are about will not be accepted; move it away to begin with new keys."
        ) from None


def _signing_keys(path: Path, ring: KeyRing, lifetime: float) -> SigningKeys:
    try:
        return signing_keys(ring, lifetime=lifetime)
    except KeyRingRefused as error:
        raise KeyFileRefused(f"{path}: {error}; restore it from a backup.") from None


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """No other process changes the keys meanwhile. The keys' own file is replaced, so another one is locked."""
    descriptor = os.open(data / f"{_NAME}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, ring: KeyRing) -> None:
    """Write the whole file beside the old one, then put it in its place: nobody ever sees half of it."""
    draft = path.with_name(f"{_NAME}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if path.exists() and os.geteuid() == 0:
                owner = path.stat()  # root may rotate what the server's own user must go on reading
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
