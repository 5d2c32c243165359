"""The security log: one parseable line for each event, on standard error (ASVS 16.2, 16.4)."""

from __future__ import annotations

import json
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from watchword.core.events import Event
from watchword.edge.error_place import place_of
from watchword.http.timestamps import milliseconds

_RANK: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}

LONGEST_LINE = 4096
"""In bytes: what a pipe takes as a whole (PIPE_BUF), so that the lines of several processes do not mix."""
_LONGEST_VALUES = (256, 64)  # characters of a value; the second for lines that are too long with the first

Line: TypeAlias = Mapping[str, str | int]
"""What a line says: `timestamp`, `level`, `event`, and the event's own fields."""


def security_log(form: Literal["console", "json"], level: str) -> Callable[[Event], None]:
    """Who writes events of at least this level, as JSON or for people to read.

    Neither form lets an event's values break its line: they are cut short, and what is not printable is escaped.
    """
    written = _escaped if form == "json" else _for_people
    lines, lowest = _Lines(), _RANK[level]

    def log(event: Event) -> None:
        if _RANK[event.level] < lowest:
            return
        if lines.lost:
            lines.write_of_loss(lambda lost: _text(written, Event("log_lines_lost", "error", {"lines": lost})))
        lines.write(_text(written, event))

    return log


def take_over_logging(log: Callable[[Event], None]) -> None:
    """Have everything that goes wrong anywhere in this process logged as a line of this log, without a traceback.

    A traceback is many lines, and the messages in it may hold what a client sent (F33).
    """
    root = logging.getLogger()
    root.handlers = [_Handler(log)]
    root.setLevel(logging.WARNING)
    threading.excepthook = lambda failed: log(unexpected("threading", failed.exc_value))
    sys.unraisablehook = lambda failed: log(unexpected("python", failed.exc_value))


def unexpected(logger: str, error: BaseException | None, **fields: str | int) -> Event:
    """The event of an error that nobody expected. It names the error's type and place, and not its message."""
    return Event("unexpected_error", "error", {**fields, "logger": logger, "error": place_of(error)})


class _Handler(logging.Handler):
    """Turns the records of libraries into events: what they say, without the values that they say it of."""

    def __init__(self, log: Callable[[Event], None]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = None if record.exc_info is None else record.exc_info[1]
        # The first line, unformatted: what libraries write below it, and put in, are values.
        fields = {"logger": record.name, "message": str(record.msg).partition("\n")[0]}
        if error is not None:
            fields["error"] = place_of(error)
        self._log(Event("unexpected_error", "error" if record.levelno >= logging.ERROR else "warning", {**fields}))


# --- lines -----------------------------------------------------------------------------------------------------------


def _text(written: Callable[[Line], str], event: Event) -> str:
    stamp = milliseconds(time.time())
    text = ""
    for longest in _LONGEST_VALUES:
        fields = {name: _cut(value, longest) for name, value in event.fields.items()}
        text = written({"timestamp": stamp, "level": event.level, "event": event.name, **fields})
        if len(text) < LONGEST_LINE:
            break
    return text


def _cut(value: str | int, longest: int) -> str | int:
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}... ({len(value)} characters)"
    return value


def _for_people(line: Line) -> str:
    fields = " ".join(f"{name}={_quoted(value)}" for name, value in line.items() if name not in _FIRST)
    return f"{line['timestamp']} {line['level']:<7} {line['event']} {fields}"


_FIRST = ("timestamp", "level", "event")


def _quoted(value: str | int) -> str:
    text = str(value)
    plain = text and text.isascii() and text.isprintable() and not any(sign in text for sign in ' "\\=')
    return text if plain else _escaped(text)


def _escaped(value: Line | str) -> str:
    # JSON leaves DEL as it is, which some terminals obey.
    return json.dumps(value).replace("\x7f", "\\u007f")


class _Lines:
    """Standard error, a line at a time. It never waits: where nobody reads, lines are lost, and counted."""

    def __init__(self) -> None:
        self.lost = 0
        self._poll = select.poll()
        self._poll.register(2, select.POLLOUT)

    def write(self, text: str) -> None:
        if not self._taken(text):
            self.lost += 1

    def write_of_loss(self, text: Callable[[int], str]) -> None:
        lost = self.lost
        if self._taken(text(lost)):
            self.lost -= lost

    def _taken(self, text: str) -> bool:
        try:
            # A pipe that has room at all takes a line of this length at once.
            if not any(ready & select.POLLOUT for _, ready in self._poll.poll(0)):
                return False
            os.write(2, text.encode("ascii") + b"\n")
        except OSError:
            return False
        return True
