"""From settings to a running server: what the command line starts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from watchword.config.build import Parts, build, clean_up_regularly
from watchword.config.settings import Settings
from watchword.core.circumstances import Circumstances
from watchword.core.decide import Refused, decide
from watchword.core.questions import ListAccounts
from watchword.core.requirement import Requirement
from watchword.edge.asgi import Application
from watchword.http.message import Request, Response
from watchword.server.api import create_api, knows
from watchword.server.app import create_app
from watchword.server.log import security_log
from watchword.server.metrics import Metrics, Row
from watchword.server.run import Listen, Worker, serve
from watchword.server.service import Service
from watchword.server.witness import ServerWitness
from watchword.storage import Storage, open_storage

Around: TypeAlias = Callable[[Application, Service], Application]
"""Puts something around or beside the server's application, such as the demo."""


def run_server(
    settings: Settings, data: Path, ready: Callable[[str], None], *, around: Around | None = None
) -> int:
    """Serve until told to stop; the exit code.

    Raises:
        UnusableStorage, KeyFileRefused, CannotListen: with a sentence that says what to do.
    """
    storage = open_storage(settings.storage.url, data)
    # Made once before the workers start, so that all of them have the same keys; their threads start in each.
    build(settings, data, ServerWitness(Metrics(), lambda event: None), storage=storage)
    if around is None:  # the demo brings its own accounts
        first_steps(storage)

    def make(own: Row, rows: list[Row]) -> Worker:
        counters = Metrics(own, rows)
        log = security_log(settings.log.format, settings.log.level)
        parts = build(settings, data, ServerWitness(counters, log), storage=storage)
        stop = clean_up_regularly(storage)
        api = create_api(parts.service)
        application = create_app(parts.service, api, knows(api), counters, lambda: 0.0)
        if around is not None:
            application = around(application, parts.service)

        def close() -> None:
            stop()
            parts.close()

        return Worker(application=application, too_large=lambda: too_large(parts), close=close)

    tls = settings.server.tls
    listen = Listen(
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        certificate=None if tls is None else tls.certificate,
        key=None if tls is None else tls.key,
    )
    return serve(listen, make, ready)


def first_steps(storage: Storage) -> None:
    """Where there is no account yet, say how to make the first administrator. No account comes with the product."""
    if not storage.list_accounts(ListAccounts(limit=1)).accounts:
        print(
            "There are no accounts yet. Make the first administrator with:\n"
            "  watchword user add NAME --role admin",
            file=sys.stderr,
            flush=True,
        )


def too_large(parts: Parts) -> Response:
    """C18, for a head that was not read to its end."""
    service = parts.service
    request = Request("GET", b"/")
    decision = decide(
        Circumstances(oversize=True), (), Requirement(), space=service.space, now=service.now()
    )
    assert isinstance(decision, Refused)
    return service.engine.run(service.engine.refuse(decision, request, service.space)).response
