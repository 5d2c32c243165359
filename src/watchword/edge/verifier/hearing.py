"""What one connection to the revocation feed may be believed, and how old that is: computation without I/O.

Whoever sits between the server and us can hold messages back, repeat them, swap them, and slip in others that the
server has signed for somebody else or long ago. None of that makes us think that we know more, or know it later, than
we do:

- *Forged* messages fail at the signature, before they come here.
- *Held back or repeated*: how fresh a statement is, is not when it arrived but when it was made. The first message
  carries the nonce that we sent with the request, so the server's clock cannot have stood at its `clock` before we sent
  it, at `sent_at`. Any later statement was therefore made at `sent_at + (clock - first clock)` or after: that instant,
  on our own clock, is how old it is taken to be. The heartbeat of an hour ago is an hour old however often it arrives.
- *Of another time or process*: clocks of different processes cannot be compared, so every message names its `stream`,
  random for each process, which must be the one that answered our nonce.
- *Swapped or left out*: a statement that begins after the last number we know is a gap. Nothing of it is taken in, and
  the connection ends. One that begins earlier says what we know already: it is true still, and changes nothing.
- *Repeated in full*: a whole list that is no newer than what was heard is left aside, or it would undo what came since.
- *A part left out*: the parts of a statement must come together, in order, or the connection ends.

Both clocks only go forwards, whatever happens to the time of day (F8). They drift apart by some seconds a day at most,
so a connection that is renewed every few minutes need not mind.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.principal import Instant
from watchword.core.revocations import Revocation, Revocations
from watchword.tokens.feed_message import FeedMessage


class Unbelievable(Exception):
    """The connection cannot be believed any longer. The message says why, for operators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A statement of the server: `read_at` is the latest instant of our own clock at which it certainly held.

    The other members are as in `FeedMessage`.
    """

    revocations: Revocations
    epoch: str
    read_at: float
    at: Instant
    kids: frozenset[str]
    keep: float
    staleness: float
    offline_ttl: float


class Hearing:
    """Listens to one connection. `nonce` was sent with its request, at `sent_at` by our clock."""

    def __init__(self, *, nonce: str, sent_at: float, expected_issuer: str) -> None:
        self._nonce = nonce
        self.sent_at = sent_at
        self._issuer = expected_issuer
        self._first: FeedMessage | None = None
        self._parts: list[FeedMessage] = []
        self._newest = float("-inf")

    def hear(self, message: FeedMessage) -> Heard | None:
        """The statement, where this message ends one that is worth knowing.

        Raises:
            Unbelievable: where the connection must end.
        """
        first = self._believed(message)
        if message.part == 1:
            self._parts = []
        elif not self._parts or not _continues(self._parts[-1], message):
            raise Unbelievable("a part of a message is missing")
        self._parts.append(message)
        if message.part < message.parts:
            return None
        entries: list[Revocation] = [entry for part in self._parts for entry in part.entries]
        self._parts = []
        if message.whole and message.clock <= self._newest:
            return None
        self._newest = max(self._newest, message.clock)
        return Heard(
            revocations=Revocations(
                since=message.since, until=message.until, entries=tuple(entries), whole=message.whole
            ),
            epoch=message.epoch,
            read_at=self.sent_at + (message.clock - first.clock),
            at=message.at,
            kids=frozenset(message.kids),
            keep=message.keep,
            staleness=message.staleness,
            offline_ttl=message.offline_ttl,
        )

    def _believed(self, message: FeedMessage) -> FeedMessage:
        """The first message of the connection, where this one belongs to it."""
        if message.issuer != self._issuer:
            raise Unbelievable(f"the server calls itself {message.issuer!r}, and not {self._issuer!r}")
        if self._first is None:
            if message.nonce != self._nonce:
                raise Unbelievable("the first message does not answer our request")
            self._first = message
        elif message.nonce not in (None, self._nonce):
            raise Unbelievable("a message answers somebody else's request")
        if (message.stream, message.epoch) != (self._first.stream, self._first.epoch):
            raise Unbelievable("a message comes from another process or another time")
        return self._first


def _continues(before: FeedMessage, message: FeedMessage) -> bool:
    return message.part == before.part + 1 and _statement(before) == _statement(message)


def _statement(message: FeedMessage) -> tuple[object, ...]:
    return message.since, message.until, message.clock, message.whole, message.parts, message.nonce
