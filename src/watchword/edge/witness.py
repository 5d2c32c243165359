"""A witness for applications that use Watchword as a library: refusals go to Python's own logging."""

from __future__ import annotations

import logging

from watchword.core.decision import Granted, Refused
from watchword.core.events import Event, event_of
from watchword.http.message import Request

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class LoggingWitness:
    """Logs each refusal and event to the logger `watchword`, under its event's name and with its fields as `extra`."""

    def __init__(self) -> None:
        self._log = logging.getLogger("watchword")

    def granted(self, granted: Granted) -> None:
        """A request that passed writes no line."""

    def refused(self, refused: Refused, request: Request, request_id: str) -> None:
        self.noted(event_of(refused, request, request_id))

    def noted(self, event: Event) -> None:
        # repr() keeps whatever a client sent from ending the line.
        told = " ".join(f"{name}={value!r}" for name, value in event.fields.items())
        self._log.log(_LEVELS[event.level], "%s %s", event.name, told, extra={"watchword": event.fields})
