"""Who is told of every decision and event: the counters of all decisions, the log of what is worth a line."""

from __future__ import annotations

from collections.abc import Callable

from watchword.core.decision import Granted, Refused
from watchword.core.events import Event, event_of
from watchword.http.message import Request
from watchword.server.metrics import Metrics


class ServerWitness:
    """Counts every decision, and has a line logged for each refusal and event. The warm path writes no line."""

    def __init__(self, metrics: Metrics, log: Callable[[Event], None]) -> None:
        self._metrics = metrics
        self._log = log
        self.granted: Callable[[Granted], None] = metrics.granted  # nothing but that: it is called for nearly all

    def refused(self, refused: Refused, request: Request, request_id: str) -> None:
        self._metrics.refused(refused)
        self._log(event_of(refused, request, request_id))

    def noted(self, event: Event) -> None:
        self._metrics.noted(event.name)
        self._log(event)
