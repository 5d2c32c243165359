"""Questions to other servers by HTTP, which cannot be turned against us (S1.4, F6).

Nothing here follows redirects, keeps cookies, asks the environment for proxies or unpacks what is compressed. Every
step, from looking up the host to the last byte, gets what is left of one deadline, so that an answer that drips in is
as late as one that hangs.
"""

from __future__ import annotations

import ssl
import threading
import time
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal, TypeAlias

from watchword.core.ask import AnswerFailed
from watchword.http.message import Fields
from watchword.http.syntax import Unreadable
from watchword.outgoing.breaker import Breaker, Ending, Paused
from watchword.outgoing.destination import Destination, Host, read_destination, read_host
from watchword.outgoing.exchange import Answered, Connection, HungUp, TooLarge, Unintelligible
from watchword.outgoing.idle import Idle
from watchword.outgoing.names import LookUp, system_look_up
from watchword.outgoing.network import Connect, Network, NotPermitted, system_connect
from watchword.outgoing.question import Question, question_to
from watchword.outgoing.wire import Deadline

__all__ = ["Answered", "NoAnswer", "NoAnswerKind", "Outgoing"]

LARGEST: Final = 64 * 1024
"""In bytes of an answer's content."""

NoAnswerKind: TypeAlias = Literal[
    "unreachable", "timeout", "too-large", "not-permitted", "tls", "protocol", "busy", "open-circuit"
]
_TELLS_OF_THE_SERVER: Final = frozenset({"unreachable", "timeout", "tls", "protocol"})
"""Kinds that count as failures of the server: the others are ours, or come from one that answers."""

_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""What may be sent twice (RFC 9110 section 9.2.2)."""


class NoAnswer(AnswerFailed):
    """There is no answer. The message names the host, and nothing else of what was asked.

    `retry_after` tells, where it is known, in how many seconds it may be worth while to ask again.
    """

    def __init__(self, kind: NoAnswerKind, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.kind: NoAnswerKind = kind
        self.retry_after = retry_after


class Outgoing:
    """Asks one party's servers. Thread-safe and blocking; connections are opened at first use, and kept for a while.

    - `name` is whom it asks, for messages.
    - `patience` is for how many seconds an answer is waited for in all.
    - `largest` is the most bytes that an answer's content may have.
    - `at_once` is how many questions may be under way. Whoever comes when they are waits at most `queue` seconds.
    - `private_hosts` are names or addresses that the operator named: they may have private addresses, and may be asked
      by http://. Only public addresses are asked otherwise, and only by https://.
    - `authorities` holds the certificates (PEM) of who may vouch for the servers; the system's where it is None.
    - `look_up` and `connect` are the system's.

    Raises:
        ValueError: where one of `private_hosts` is neither a name nor an address.
    """

    def __init__(
        self,
        name: str,
        *,
        patience: float,
        largest: int = LARGEST,
        at_once: int = 8,
        queue: float = 0.0,
        private_hosts: Collection[str] = (),
        authorities: Path | None = None,
        breaker: Breaker | None = None,
        look_up: LookUp = system_look_up,
        connect: Connect = system_connect,
    ) -> None:
        self.name = name
        self.at_once = at_once
        self._patience = patience
        self._largest = largest
        self._queue = queue
        self._breaker = breaker
        private = frozenset(map(_host, private_hosts))
        self._network = Network(private, authorities=authorities, look_up=look_up, connect=connect)
        self._under_way = threading.BoundedSemaphore(at_once)
        self._idle = Idle(at_once)
        weakref.finalize(self, self._idle.close)

    def ask(
        self,
        method: str,
        url: str,
        *,
        fields: Fields = (),
        content: bytes = b"",
        patience: float | None = None,
        repeatable: bool | None = None,
        on_behalf: bool = False,
    ) -> Answered:
        """The answer, whatever its status, from 200 to 599.

        A connection that turns out to have been closed since its last use is replaced once where the question may be
        asked twice: `repeatable` tells, and where it is None the method does.

        `on_behalf`: somebody else has chosen what is asked, and must not do harm by that to who asks next. A server
        that was reached and does not answer counts as no failure of its: the path may be one that hangs. And a
        connection is used again only after a GET without content: a server that takes content for another request (RFC
        9110 section 9.3.1), or has some for a HEAD, would answer that to somebody else (F24).

        Raises:
            NoAnswer: where there is none.
        """
        deadline = Deadline(time.monotonic() + (self._patience if patience is None else patience))
        destination, question = self._read(method, url, fields, content)
        admitted = None if self._breaker is None else self._breaker.admit(alone=not on_behalf)
        if isinstance(admitted, Paused):
            raise self._no_answer("open-circuit", destination, admitted.retry_after)
        ending: Ending = "not-asked"
        try:
            if not self._under_way.acquire(timeout=min(self._queue, deadline.left())):
                raise self._no_answer("busy", destination, retry_after=1)
            try:
                twice = method in _REPEATABLE if repeatable is None else repeatable
                reusable = not on_behalf or (method == "GET" and not content)
                answered = self._answer(destination, question, deadline, twice=twice, reusable=reusable)
                ending = "answered"
                return answered
            finally:
                self._under_way.release()
        except (_NotReached, OSError, NotPermitted, TooLarge, Unintelligible) as error:
            reached = not isinstance(error, _NotReached)
            kind = _kind(error if reached else error.__cause__)
            ending = "unanswered" if kind in _TELLS_OF_THE_SERVER and not (on_behalf and reached) else "not-asked"
            raise self._no_answer(kind, destination) from None
        finally:
            if admitted is not None and self._breaker is not None:
                self._breaker.settle(admitted, ending)

    def close(self) -> None:
        """End the connections that are kept. Another question opens new ones."""
        self._idle.close()

    def _read(self, method: str, url: str, fields: Fields, content: bytes) -> tuple[Destination, Question]:
        """What is to be sent, and to where."""
        destination = read_destination(url)
        if isinstance(destination, Unreadable):
            raise NoAnswer("not-permitted", f"{self.name}: that is no URL to ask ({destination.reason})")
        question = question_to(destination, method, fields, content)
        if question is None:
            raise self._no_answer("not-permitted", destination)
        return destination, question

    def _answer(
        self, destination: Destination, question: Question, deadline: Deadline, *, twice: bool, reusable: bool
    ) -> Answered:
        kept = self._idle.take(destination.origin)
        if kept is not None:
            try:
                return self._asked(kept, destination, question, deadline, reusable)
            except HungUp:
                if not twice:
                    raise
        try:
            wire = self._network.open(destination, deadline)
        except OSError as error:
            raise _NotReached from error
        return self._asked(Connection(wire), destination, question, deadline, reusable)

    def _asked(
        self, connection: Connection, destination: Destination, question: Question, deadline: Deadline, reusable: bool
    ) -> Answered:
        keep = False
        try:
            answered = connection.ask(question, largest=self._largest, deadline=deadline)
            keep = reusable and connection.is_reusable() and self._idle.keep(destination.origin, connection)
            return answered
        finally:
            if not keep:
                connection.close()

    def _no_answer(self, kind: NoAnswerKind, destination: Destination, retry_after: int | None = None) -> NoAnswer:
        return NoAnswer(kind, f"{self.name}: no answer from {destination.host} ({kind})", retry_after)


class _NotReached(Exception):
    """There is no connection; the cause says why."""


def _host(text: str) -> Host:
    host = read_host(text)
    if isinstance(host, Unreadable):
        raise ValueError(f"{text!r} is neither the name of a host nor an address")
    return host


def _kind(error: BaseException | None) -> NoAnswerKind:
    match error:
        case NotPermitted():
            return "not-permitted"
        case TooLarge():
            return "too-large"
        case Unintelligible():
            return "protocol"
        case TimeoutError():
            return "timeout"
        case ssl.SSLError():
            return "tls"
        case _:
            return "unreachable"
