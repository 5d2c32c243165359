"""From settings to a running server: what the command line starts."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from watchword.config.build import build
from watchword.config.hooks import NO_HOOKS, Hooks
from watchword.config.passwords.making import hashing_of
from watchword.config.providers.upkeep import Upkeep, keep_up_regularly
from watchword.config.providers.warnings import credentials_in_urls
from watchword.config.server.making import spoken
from watchword.config.settings import Settings
from watchword.config.storage.upkeep import clean_up_regularly
from watchword.config.stores.making import store_renewals
from watchword.config.stores.renewing import renew_regularly
from watchword.core.events import Event
from watchword.core.questions import FindSigningKey
from watchword.edge.asgi import Application
from watchword.server.api import create_api, knows
from watchword.server.app import create_app, hot_routes
from watchword.server.bounds import Bounds
from watchword.server.feed import feed
from watchword.server.feed_source import FeedSource, Terms
from watchword.server.last_resort import hot_with_last_resort, with_last_resort
from watchword.server.log import security_log, take_over_logging
from watchword.server.metrics import Metrics, Row
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
    hooks: Hooks = NO_HOOKS,
) -> int:
    """Serve until told to stop; the exit code. `bounds` are what clients may do, if not the usual ones.

    Raises:
        UnusableStorage, KeyFileRefused, CannotListen: with a sentence that says what to do.
    """
    log = security_log(settings.log.format, settings.log.level)
    storage = open_storage(settings.storage.url, data, keep_changes_for=settings.tokens.keep_changes_for)
    # Made once before the workers start, so that all of them have the same keys; their threads start in each.
    build(settings, data, ServerWitness(Metrics(), log), storage=storage)
    if around is None:  # the demo brings its own accounts
        first_steps(storage)
    take_over_logging(log)
    for name, says in credentials_in_urls(settings):
        log(Event("configuration_doubtful", "warning", {"provider": name, "reason": says}))
    address: list[str] = []
    epoch = secrets.token_urlsafe(12)  # numbers of the revocation feed are this run's, whichever worker tells them

    def make(own: Row, rows: list[Row]) -> Worker:
        counters = Metrics(own, rows)
        witness = ServerWitness(counters, log)
        parts = build(settings, data, witness, storage=storage, address=address[-1], hooks=hooks)
        service = parts.service
        stops = [
            clean_up_regularly(storage),
            renew_regularly(
                store_renewals(settings.store, storage, hashing_of(settings), settings.defaults.realm), log
            ),
            keep_up_regularly(lambda pause: Upkeep(service.engine, service.providers, data, log, pause)),
        ]
        api = create_api(service)
        source = feed_source(settings, service, storage, counters, epoch)
        application = create_app(service, api, knows(api), counters, lambda: 0.0, feed(service, source))
        hot = hot_routes(service)
        if around is not None:
            application, hot = around(application, service), {}

        def close() -> None:
            for stop in stops:
                stop()
            parts.close()

        return Worker(
            application=with_last_resort(application, service.engine.entropy, log),
            hot={
                path.encode("ascii"): hot_with_last_resort(route, service.engine.entropy, log)
                for path, route in hot.items()
            },
            unread=answers_unread(service, log),
            close=close,
            drain=source.end,
        )

    tls = settings.server.tls
    listen = Listen(
        host=settings.server.host,
        port=settings.server.port,
        workers=settings.server.workers,
        tls=None if tls is None else spoken(tls),
        bounds=bounds or Bounds(),
        bound=address.append,
    )
    return serve(listen, make, ready, log)


def feed_source(settings: Settings, service: Service, storage: Storage, counters: Metrics, epoch: str) -> FeedSource:
    """What this process tells verifiers."""
    tokens, answers = settings.tokens, service.engine.answers
    return FeedSource(
        storage,
        Terms(
            issuer=service.token_policy.issuer,
            epoch=epoch,
            keep=tokens.keep_changes_for,
            staleness=tokens.staleness,
            offline_ttl=tokens.offline_ttl,
        ),
        stream=secrets.token_urlsafe(12),
        signing_key=lambda: answers.wait(FindSigningKey()),
        kids=service.key_names,
        count=counters.feed_subscribers,
    )


def first_steps(storage: Storage) -> None:
    """Where there is no account yet, say how to make the first administrator. No account comes with the product."""
    if not storage.has_accounts():
        sys.stderr.write(
            "There are no accounts yet. Make the first administrator with:\n  watchword user add NAME --role admin\n"
        )
        sys.stderr.flush()
