"""A strict verifier: it believes nothing that it was told before, and asks the authentication server each time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from watchword.core.ask import AnswerFailed
from watchword.core.questions import IntrospectToken
from watchword.core.space import Protection
from watchword.crypto.secret import Secret
from watchword.edge.door import Door
from watchword.edge.drive import Answers
from watchword.edge.engine import Engine, Witness
from watchword.edge.foreign_calls import AT_HAND, ForeignCalls
from watchword.edge.verifier.introspection import Introspection
from watchword.edge.verifier.knowledge import KnowledgeReport
from watchword.http.forwarded import Trust

_AT_ONCE = 32
"""How many questions an event loop has under way."""
_PATIENCE = 5.0


class StrictVerifier:
    """Revoked means refused at the very next request; and a server that is away means 503 (C17) at the next."""

    def __init__(self, introspection: Introspection, *, protection: Protection, witness: Witness, trust: Trust) -> None:
        self._introspection = introspection
        answers = Answers()
        answers.add(IntrospectToken, threaded=introspection.introspect)
        ForeignCalls(witness.noted).register(answers)
        self._engine = Engine(
            answers=answers,
            pool=ThreadPoolExecutor(_AT_ONCE + AT_HAND, thread_name_prefix="watchword"),
            witness=witness,
            trust=trust,
            entropy=os.urandom,
            patience=_PATIENCE,
        )
        self.on_loop = self.in_threads = Door(self._engine, protection)

    def ready(self) -> bool:
        """Whether the server answers, and lets us ask."""
        try:
            self._introspection.introspect(IntrospectToken(Secret("no-token")))
        except AnswerFailed:
            return False
        return True

    def knowledge(self) -> KnowledgeReport:
        """Nothing is kept, so nothing is old."""
        ready = self.ready()
        return KnowledgeReport(age_seconds=0.0 if ready else None, revocations=0, keys=0, connected=ready)

    def close(self) -> None:
        """Let threads and connections go."""
        self._engine.pool.shutdown(wait=False)
        self._introspection.close()
