"""Passwords that were right a short while ago, so that a client that sends its own each time costs one hash (S2.3)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchword.core.questions import FindAccount, PasswordRight
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores.asking.bounded import Bounded

MOST_MISSES = 20
MISSES_WINDOW = 60.0
_NONE: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Proof:
    """A password was right for the account of this name, with this stamp and this hash. It counts until the instant
    `until`. The name may be another than was given: outside stores take several spellings."""

    name: str
    stamp: str = field(repr=False)
    password_hash: str | None = field(repr=False)
    until: float
    question: FindAccount = field(init=False, repr=False, compare=False)
    """What the account is found by."""
    _last: PasswordRight | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "question", FindAccount(self.name))

    def right(self, account: Account | None) -> PasswordRight | None:
        """That the password was right, where that `holds` for the account as it is now; shared until that changes."""
        last = self._last
        if last is not None and last.account is account:
            return last
        if account is None or not self.holds(account):
            return None
        last = PasswordRight(account)
        object.__setattr__(self, "_last", last)
        return last

    def holds(self, account: Account | None) -> bool:
        """Is it good for the account as it is now? Another password, or another account of the name, ends it."""
        return (
            account is not None
            and account.name == self.name
            and account.stamp == self.stamp
            and account.password_hash == self.password_hash
            and not account.disabled
        )


class Remembered:
    """At most `most` passwords that were right, each for `ttl` seconds. Wrong ones are never remembered.

    They lie under a MAC of name and password whose key only this process has: keyed BLAKE2b (RFC 7693 section 2.9),
    at a third of HMAC's time. Only MACs are compared, so how long that takes tells nothing of a password (F31).

    `key` is at least 32 random bytes. `clock` counts seconds and never goes backwards. `ttls` are those of accounts
    whose passwords outside stores keep, by the store's name: changes that nobody tells us of count no later than that.
    """

    def __init__(
        self,
        key: bytes,
        *,
        ttl: float = 600.0,
        ttls: Mapping[str, float] = _NONE,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if len(key) < 32:
            raise ValueError("the key has at least 32 bytes")
        self._mac = hashlib.blake2b(key=key, digest_size=32)
        self._ttl = ttl
        self._ttls = ttls
        self._clock = clock
        self._proofs: Bounded[bytes, Proof] = Bounded(most)
        self._misses: Bounded[str, tuple[int, float]] = Bounded(most)

    def tag(self, name: str, password: Secret) -> bytes:
        """What this pair is remembered under."""
        encoded = name.encode("utf-8", "surrogatepass")
        mac = self._mac.copy()
        # The length stands in front, so that no other pair runs together into the same bytes.
        mac.update(b"%d:%b%b" % (len(encoded), encoded, password.reveal()))
        return mac.digest()

    def find(self, tag: bytes) -> Proof | None:
        """The proof under this tag, for callers who count failures. Ask it whether it still `holds`."""
        proof = self._proofs.get(tag)
        return None if proof is None or proof.until <= self._clock() else proof

    def recall(self, name: str, tag: bytes) -> Proof | None:
        """The same for callers who do not: after `MOST_MISSES` in a minute it knows nothing of that name.

        Otherwise guesses that come faster than they are hashed and counted could be tried here for nothing.
        """
        proof = self.find(tag)
        misses = self._misses.get(name)
        if misses is not None and misses[1] <= self._clock():
            misses = None
        if proof is not None:
            return proof if misses is None or misses[0] < MOST_MISSES else None
        count, until = misses or (0, self._clock() + MISSES_WINDOW)
        self._misses.put(name, (count + 1, until))
        return None

    def keep(self, name: str, tag: bytes, account: Account) -> None:
        """The pair under this tag was right for the account; what missed before that was perhaps the same."""
        ttl = self._ttls.get(account.store, self._ttl)
        if ttl > 0:
            self._proofs.put(tag, Proof(account.name, account.stamp, account.password_hash, self._clock() + ttl))
        self._misses.drop(name)
