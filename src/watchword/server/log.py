"""The security log: one parseable line for each event, on standard error (ASVS 16.2, 16.4)."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal

import structlog

from watchword.core.events import Event, Level

_RANK: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def security_log(form: Literal["console", "json"], level: str) -> Callable[[Event], None]:
    """Who writes events of at least this level, as JSON or for people to read.

    Neither form lets an event's values break its line: control characters are escaped.
    """
    last = structlog.processors.JSONRenderer() if form == "json" else _for_people
    logger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), last],
        wrapper_class=structlog.BoundLogger,
    )
    lowest = _RANK[level]
    write: dict[Level, Callable[..., object]] = {"info": logger.info, "warning": logger.warning, "error": logger.error}

    def log(event: Event) -> None:
        if _RANK[event.level] >= lowest:
            write[event.level](event.name, level=event.level, **event.fields)

    return log


def _for_people(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    stamp, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    rest = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    return f"{stamp} {level:<7} {name} {rest}"


def _quoted(value: object) -> str:
    text = str(value)
    # ascii() escapes what could end the line, move the cursor or hide text.
    return text if text and text.isascii() and text.isprintable() and " " not in text and '"' not in text else ascii(text)
