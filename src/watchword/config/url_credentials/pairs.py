"""Settings of credentials in URLs that are each right, and together of no use or ambiguous."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.settings import Settings


def url_names_mean_two_things(settings: Settings) -> Iterator[Finding]:
    """The same parameter for a session and for an API key."""
    of_keys = {name.lower() for name in settings.url_key.parameters}
    for name in settings.url_session.parameters:
        if name.lower() in of_keys:
            yield Finding(
                ("url_key", "parameters"),
                f"{shown(name)} is a session's in url_session.parameters, and nobody could tell which of them was "
                "sent; write another name",
                depends=(("url_session", "parameters"),),
            )


def url_session_is_read_nowhere(settings: Settings) -> Iterator[Finding]:
    """Neither a parameter nor a path parameter for sessions."""
    url = settings.url_session
    if not url.parameters and not url.path_parameter:
        yield Finding(
            ("url_session", "parameters"),
            'no session is ever found without a name; write one, such as ["sid"], and leave "url-session" out of '
            "mechanisms where none is wanted",
            depends=(("url_session", "path_parameter"),),
        )


URL_CHECKS: tuple[Check, ...] = (
    url_session_is_read_nowhere,
    url_names_mean_two_things,
)
"""In the order of the manual."""
