"""A verifier: judges the access tokens of one authentication server, by what it heard of it and without asking it."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from watchword.core.ask import Question, Steps, ask
from watchword.core.demand import Demand
from watchword.core.questions import FindSession, FindStanding, FindVerifyingKey
from watchword.core.space import Protection
from watchword.edge.door import Door
from watchword.edge.drive import Answers
from watchword.edge.engine import Admitted, Answered, Engine, Witness
from watchword.edge.foreign_calls import AT_HAND, ForeignCalls
from watchword.edge.verifier.feed_client import FeedClient
from watchword.edge.verifier.knowledge import KnowledgeReport, Known, ticks
from watchword.edge.verifier.wire import AuthenticationServer
from watchword.http.forwarded import Trust
from watchword.http.message import Request

T = TypeVar("T")

FIRST_CONTACT = 1.0
"""Seconds from the first request on in which requests wait for the first contact, rather than fail at once."""


class FirstContact(Question[None]):
    """Have the server heard, unless it is away."""


@dataclass(frozen=True, slots=True)
class _Listening(Door):
    """A door that waits for the first contact: who judges knows nothing before, not even what time it is."""

    has_heard: Callable[[], bool]

    def steps(self, request: Request, demand: Demand | None = None) -> Steps[Admitted | Answered]:
        judge = self.engine.judge(request, self.protection, demand)
        return judge if self.has_heard() else _after_first_contact(judge)


def _after_first_contact(steps: Steps[T]) -> Steps[T]:
    yield from ask(FirstContact())
    return (yield from steps)


class Verifier:
    """One for each process; it connects at the first request, and again after a fork.

    `issuer` is what the server must call itself, `protection` what is demanded of whom. `offline_ttl` is for how many
    seconds requests are judged by what was last heard, where the server is away; what the server says where it is None.
    `shared_keys` is a file with those of the server's keys that are never published.
    """

    def __init__(
        self,
        server: AuthenticationServer,
        *,
        issuer: str,
        protection: Protection,
        witness: Witness,
        offline_ttl: float | None = None,
        shared_keys: Path | None = None,
        trust: Trust | None = None,
        ticks: Callable[[], float] = ticks,
    ) -> None:
        self._server = server
        self._issuer = issuer
        self._offline_ttl = offline_ttl
        self._shared_keys = shared_keys
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known = Known(offline_ttl=offline_ttl, ticks=ticks)
        self._client: FeedClient | None = None
        self._closed = False
        self._first_contact = FIRST_CONTACT
        self._wait_until = float("-inf")
        answers = Answers()
        answers.add(FirstContact, threaded=self._hear)
        answers.add(FindVerifyingKey, inline=lambda question: self._known.find_verifying_key(question))
        answers.add(FindStanding, inline=lambda question: self._known.find_standing(question))
        # There are no sessions here: whatever else comes as a token is the token of none.
        answers.add(FindSession, inline=lambda question: None)
        ForeignCalls(witness.noted).register(answers)
        self._engine = Engine(
            answers=answers,
            # One for the first contact, for which all wait; the others for authorizers.
            pool=ThreadPoolExecutor(1 + AT_HAND, thread_name_prefix="watchword"),
            witness=witness,
            trust=Trust() if trust is None else trust,
            entropy=os.urandom,
            clock=lambda: self._known.now(),
        )
        self.on_loop = self.in_threads = _Listening(self._engine, protection, lambda: self._known.has_heard())
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_begin_anew, weakref.ref(self)))

    def knowledge(self) -> KnowledgeReport:
        """How much is known, and how old that is."""
        self._connect()
        return self._known.report()

    def ready(self) -> bool:
        """Whether requests can be judged."""
        self._connect()
        return self._known.is_young()

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.stop()
        self._engine.pool.shutdown(wait=False)

    def _hear(self, question: FirstContact) -> None:
        """Connect, and wait for the first contact for a moment."""
        deadline = self._connect()
        while not self._known.has_heard() and self._ticks() < deadline:
            time.sleep(0.01)

    def _connect(self) -> float:
        """Begin to listen, where nobody does. Until when it is worth waiting for the first contact."""
        with self._lock:
            if self._client is None and not self._closed:
                self._client = FeedClient(
                    self._server, self._known, issuer=self._issuer, ticks=self._ticks, shared_keys=self._shared_keys
                )
                self._client.start()
                self._wait_until = self._ticks() + self._first_contact
            return self._wait_until

    def _begin_anew(self) -> None:
        """Know nothing, and have no thread. After a fork, locks may be held by threads that are not there any more."""
        self._lock = threading.Lock()
        self._known = Known(offline_ttl=self._offline_ttl, ticks=self._ticks)
        self._client = None
        self._closed = False
        self._wait_until = float("-inf")


def _begin_anew(here: weakref.ref[Verifier]) -> None:
    verifier = here()
    if verifier is not None:
        verifier._begin_anew()
