"""Settings of log-ins that are relayed to CouchDB that are each right, and cannot be together."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings


def relay_cannot_ask(settings: Settings) -> Iterator[Finding]:
    """Log-ins that are relayed without the package that asks."""
    if settings.couchdb.relay is not None and find_spec("httpcore2") is None:
        yield Finding(
            ("couchdb", "relay"), 'needs the package httpcore2, which is not installed; install "watchword[server]"'
        )


def relay_s_cookie_is_another(settings: Settings) -> Iterator[Finding]:
    """Log-ins that are relayed to a CouchDB whose cookies this server takes for bad ones of its own."""
    if settings.couchdb.relay is None or settings.couchdb.secret_file is not None:
        return
    if any("couchdb" in space.mechanisms for space in settings.spaces()):
        yield Finding(
            ("couchdb", "relay"),
            "its cookie is called AuthSession as that of the mechanism couchdb, which would refuse and clear it; write "
            "CouchDB's secret as couchdb.secret_file, or leave one of them out",
            depends=(("couchdb", "secret_file"), ("realm", "personas"), ("space",)),
        )


COUCHDB_RELAY_CHECKS: tuple[Check, ...] = (relay_cannot_ask, relay_s_cookie_is_another)
"""In the order of the manual."""
