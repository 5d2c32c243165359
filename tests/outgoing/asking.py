"""What the tests of outgoing requests ask with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from watchword.http.message import Fields
from watchword.outgoing.breaker import Breaker
from watchword.outgoing.http import Answered, NoAnswer, NoAnswerKind, Outgoing

PATIENCE = 0.3
LATITUDE = 10.0
"""Seconds that a busy machine may add. What would be waited for in vain takes much longer."""


@contextmanager
def asking(
    *,
    patience: float = 30.0,
    largest: int = 64 * 1024,
    at_once: int = 8,
    queue: float = 0.0,
    authorities: Path | None = None,
    breaker: Breaker | None = None,
) -> Iterator[Outgoing]:
    """Somebody who may ask 127.0.0.1, because it is named."""
    with closing(
        Outgoing(
            "provider",
            patience=patience,
            largest=largest,
            at_once=at_once,
            queue=queue,
            private_hosts=["127.0.0.1"],
            authorities=authorities,
            breaker=breaker,
        )
    ) as outgoing:
        yield outgoing


def answered(
    outgoing: Outgoing, url: str, *, method: str = "GET", fields: Fields = (), content: bytes = b""
) -> Answered:
    return outgoing.ask(method, url, fields=fields, content=content)


def refused(
    outgoing: Outgoing, url: str, *, method: str = "GET", fields: Fields = (), content: bytes = b""
) -> NoAnswer:
    """Why there is no answer."""
    with pytest.raises(NoAnswer) as failed:
        outgoing.ask(method, url, fields=fields, content=content)
    return failed.value


def became_of(
    outgoing: Outgoing, url: str, *, fields: Fields = (), patience: float | None = None
) -> Answered | NoAnswerKind:
    """The answer, or of what kind it is that there is none."""
    try:
        return outgoing.ask("GET", url, fields=fields, patience=patience)
    except NoAnswer as failed:
        return failed.kind


@contextmanager
def quicker_than(seconds: float) -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds
