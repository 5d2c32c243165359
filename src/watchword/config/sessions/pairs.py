"""Settings of sessions that are each right, and together promise what is not so."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.values.hosts import host_of


def session_idles_longer_than_it_lives(settings: Settings) -> Iterator[Finding]:
    """An inactivity timeout longer than the absolute lifetime."""
    session = settings.session
    if session.idle > session.absolute:
        yield Finding(
            ("session", "idle"),
            "is longer than session.absolute, so that it never ends a session; write a shorter time, or a longer "
            "session.absolute",
            depends=(("session", "absolute"),),
        )


def cookie_breaks_its_promise(settings: Settings) -> Iterator[Finding]:
    """A cookie whose name begins with `__Host-` and that has a domain, or a domain that the public URL is not in."""
    cookie, url = settings.session.cookie, settings.server.public_url
    if cookie.domain is None:
        return
    place: Location = ("session", "cookie")
    if cookie.secure_name.startswith("__Host-"):
        yield Finding(
            (*place, "domain"),
            "user agents refuse a cookie with a domain whose name begins with __Host-; "
            f"leave the domain out, or write session.cookie.name = {shown('__Secure-' + cookie.cleartext_name)}",
            depends=((*place, "name"),),
        )
    if url is not None:
        host = host_of(url)
        if host != cookie.domain and not host.endswith("." + cookie.domain):
            yield Finding(
                (*place, "domain"),
                f"user agents refuse cookies for {cookie.domain} from {host}; write {shown(host)} or a domain above it",
                depends=(("server", "public_url"),),
            )


SESSION_CHECKS: tuple[Check, ...] = (
    session_idles_longer_than_it_lives,
    cookie_breaks_its_promise,
)
"""In the order of the manual."""
