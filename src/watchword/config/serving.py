"""From settings to a running server: what the command line starts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from watchword.config.build import build, clean_up_regularly
from watchword.config.settings import Settings
from watchword.edge.asgi import Application
from watchword.server.api import create_api, knows
from watchword.server.app import create_app
from watchword.server.last_resort import with_last_resort
from watchword.server.log import security_log, take_over_logging
from watchword.server.metrics import Metrics, Row
from watchword.server.protocol import Bounds
from watchword.server.run import Listen, Worker, serve
from watchword.server.service import Service
from watchword.server.unread import answers_unread
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage

Around: TypeAlias = Callable[[Application, Service], Application]
"""Puts something around or beside the server's application, such as the demo."""


def run_server(
    settings: Settings,
    data: Path,
    ready: Callable[[str], None],
    *,
    around: Around | None = None,
    bounds: Bounds | None = None,
) -> int:
    """Serve until told to stop; the exit code. `bounds` are what clients may do, if not the usual ones.

    Raises:
        UnusableStorage, KeyFileRefused, CannotListen: with a sentence that says what to do.
    """
    log = security_log(settings.log.format, settings.log.level)
    storage = open_storage(settings.storage.url, data)
    # Made once before the workers start, so that all of them have the same keys; their threads start in each.
    build(settings, data, ServerWitness(Metrics(), log), storage=storage)
    if around is None:  # the demo brings its own accounts
        first_steps(storage)
    take_over_logging(log)

    def make(own: Row, rows: list[Row]) -> Worker:
        counters = Metrics(own, rows)
        parts = build(settings, data, ServerWitness(counters, log), storage=storage)
        service = parts.service
        stop = clean_up_regularly(storage)
        api = create_api(service)
        application = create_app(service, api, knows(api), counters, lambda: 0.0)
        if around is not None:
            application = around(application, service)

        def close() -> None:
            stop()
            parts.close()

        return Worker(
            application=with_last_resort(application, service.engine.entropy, log),
            unread=answers_unread(service, log),
            close=close,
        )

    tls = settings.server.tls
    listen = Listen(
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        certificate=None if tls is None else tls.certificate,
        key=None if tls is None else tls.key,
        bounds=bounds or Bounds(),
    )
    return serve(listen, make, ready, log)


def first_steps(storage: Storage) -> None:
    """Where there is no account yet, say how to make the first administrator. No account comes with the product."""
    if not storage.has_accounts():
        sys.stderr.write(
            "There are no accounts yet. Make the first administrator with:\n  watchword user add NAME --role admin\n"
        )
        sys.stderr.flush()
