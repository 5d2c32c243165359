"""Settings of CouchDB's cookie that are each right, and together of no use or weaker than they look."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings

_NAME = "couchdb"
_PERSONAS: Location = ("realm", "personas")


def couchdb_secret_cannot_be_used(settings: Settings) -> Iterator[Finding]:
    """A file of CouchDB's secret that is not there, that others may read, or whose secret could be guessed."""
    file = settings.couchdb.secret_file
    if file is not None:
        try:
            settings.couchdb.secrets()
        except ValueError as error:
            yield Finding(("couchdb", "secret_file"), f"{printable(str(file))} {error}")


def couchdb_s_cookie_is_taken_nowhere(settings: Settings) -> Iterator[Finding]:
    """The persona, where the space of the server's own routes does not take the cookie that it hands out."""
    if _NAME in settings.realm.personas and _NAME not in settings.spaces()[0].mechanisms:
        yield Finding(
            ("space", 0, "mechanisms"),
            'nobody would take the cookie that /_session gives; add "couchdb", or leave the persona out',
            depends=(_PERSONAS,),
        )


def couchdb_s_peers_are_asked_for_nothing(settings: Settings) -> Iterator[Finding]:
    """Peers of a route that is not there."""
    if settings.couchdb.session_peers is not None and _NAME not in settings.realm.personas:
        yield Finding(
            ("couchdb", "session_peers"),
            'there is no /_session without the persona; add "couchdb" to realm.personas, or leave this out',
            depends=(_PERSONAS,),
        )


def couchdb_s_cookie_outlives_sessions(settings: Settings) -> Iterator[Finding]:
    """A cookie that lives longer unused than any session may."""
    used = any(_NAME in space.mechanisms for space in settings.spaces())
    if used and settings.couchdb.timeout > settings.session.absolute:
        yield Finding(
            ("couchdb", "timeout"),
            "is longer than session.absolute, the longest that a log-in may last; write a shorter time",
            depends=(("session", "absolute"), ("space",), _PERSONAS),
        )


COUCHDB_CHECKS: tuple[Check, ...] = (
    couchdb_secret_cannot_be_used,
    couchdb_s_cookie_is_taken_nowhere,
    couchdb_s_peers_are_asked_for_nothing,
    couchdb_s_cookie_outlives_sessions,
)
"""In the order of the manual."""
