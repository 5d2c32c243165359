"""Settings that do not go together with sessions that clients keep."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings

_BACKEND: Location = ("session", "backend")
_LONGEST = 30 * 86_400.0


def nobody_counts_sessions_that_clients_keep(settings: Settings) -> Iterator[Finding]:
    """A `max_per_user` of sessions that clients keep."""
    session = settings.session
    if session.backend != "stored" and session.max_per_user is not None:
        yield Finding(
            ("session", "max_per_user"),
            f"nobody can count sessions that clients keep (session.backend = {shown(session.backend)}); leave it out, "
            'or write session.backend = "stored"',
            depends=(_BACKEND,),
        )


def log_outs_would_be_remembered_long(settings: Settings) -> Iterator[Finding]:
    """Sessions that clients keep for more than 30 days."""
    session = settings.session
    if session.backend != "stored" and session.absolute > _LONGEST:
        yield Finding(
            ("session", "absolute"),
            "each log-out is remembered for as long as sessions that clients keep can live; write 30d at most, or "
            'session.backend = "stored"',
            depends=(_BACKEND,),
        )


def url_has_no_room_for_a_session(settings: Settings) -> Iterator[Finding]:
    """Session ids in URLs where clients keep all of a session."""
    if settings.session.backend == "stored":
        return
    for index, space in enumerate(settings.space):
        if "url-session" in (space.mechanisms or ()):
            yield Finding(
                ("space", index, "mechanisms"),
                f"sessions that clients keep (session.backend = {shown(settings.session.backend)}) are no short ids; "
                'leave out "url-session", or write session.backend = "stored"',
                depends=(_BACKEND,),
            )


SEALED_CHECKS: tuple[Check, ...] = (
    nobody_counts_sessions_that_clients_keep,
    log_outs_would_be_remembered_long,
    url_has_no_room_for_a_session,
)
"""In the order of the manual."""
