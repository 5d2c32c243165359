"""An application that has the server's database at hand: it judges requests as the server itself does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.config.build import Parts, build
from watchword.config.hooks import Hooks
from watchword.config.settings import Settings
from watchword.core.ask import AnswerFailed
from watchword.edge.door import Door
from watchword.edge.verifier.knowledge import KnowledgeReport
from watchword.edge.witness import LoggingWitness

if TYPE_CHECKING:
    from watchword.integrations.desk import Desk


class WithDatabase:
    """Everything of one process, put together for event loops and, where it is asked for, for threads too."""

    def __init__(self, settings: Settings, data: Path, hooks: Hooks) -> None:
        """Raises `UnusableStorage` or `KeyFileRefused`, with a sentence that says what to do."""
        self._settings, self._data, self._hooks = settings, data, hooks
        self._parts = build(settings, data, LoggingWitness(), hooks=hooks)
        self._in_threads: Parts | None = None
        self._desk: Desk | None = None
        self._lock = threading.Lock()

    @property
    def on_loop(self) -> Door:
        return Door(self._parts.service.engine, self._parts.service.targets)

    @property
    def in_threads(self) -> Door:
        with self._lock:
            if self._in_threads is None:
                # What may wait on no event loop may wait here: the look-ups are other ones, the storage is the same.
                self._in_threads = build(
                    self._settings,
                    self._data,
                    LoggingWitness(),
                    storage=self._parts.storage,
                    on_loop=False,
                    hooks=self._hooks,
                )
        return Door(self._in_threads.service.engine, self._in_threads.service.targets)

    @property
    def integrations(self) -> Desk:
        """The desk of the configured providers, over the same database."""
        from watchword.integrations.desk import Desk

        with self._lock:
            if self._desk is None:
                service = self._parts.service
                self._desk = Desk.over(service.providers, service.engine.answers, service.engine.clock)
            return self._desk

    def ready(self) -> bool:
        """Whether the storage answers."""
        try:
            self._parts.service.ready()
        except AnswerFailed:
            return False
        return True

    def knowledge(self) -> KnowledgeReport:
        """With the database at hand each check asks for news, so nothing is known that could be out of date."""
        keys = len(self._parts.service.published_keys())
        ready = self.ready()
        return KnowledgeReport(age_seconds=0.0 if ready else None, revocations=0, keys=keys, connected=ready)

    def close(self) -> None:
        """Write what is still to be written, and let threads and connections go."""
        if self._desk is not None:
            self._desk.close()
        if self._in_threads is not None:
            self._in_threads.pool.shutdown(wait=False, cancel_futures=True)
        self._parts.close()
