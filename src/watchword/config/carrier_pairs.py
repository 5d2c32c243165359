"""Settings of Auth-Keys and of credentials in URLs that are each right and together of no use or unsafe."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.settings import Settings


def auth_key_idles_longer_than_it_lives(settings: Settings) -> Iterator[Finding]:
    """An Auth-Key's inactivity timeout longer than its absolute lifetime."""
    keys = settings.auth_key
    if keys.idle > keys.absolute:
        yield Finding(
            ("auth_key", "idle"),
            "is longer than auth_key.absolute, so that it never ends a key; write a shorter time, or a longer "
            "auth_key.absolute",
            depends=(("auth_key", "absolute"),),
        )


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


def mismatch_is_of_no_use(settings: Settings) -> Iterator[Finding]:
    """What becomes of sessions or Auth-Keys of other clients, where they are bound to none."""
    for name, section in (("session", settings.session), ("auth_key", settings.auth_key)):
        for key in ("mismatch", "ipv4_prefix"):
            if key in section.model_fields_set and section.binding == "off":
                yield Finding(
                    (name, key),
                    f"nothing is bound to its client; leave it out, or write {name}.binding",
                    depends=((name, "binding"),),
                )
        if "ipv4_prefix" in section.model_fields_set and section.binding == "user-agent":
            yield Finding(
                (name, "ipv4_prefix"),
                f'no address counts; leave it out, or write {name}.binding = "both" or "address"',
                depends=((name, "binding"),),
            )


CARRIER_CHECKS: tuple[Check, ...] = (
    auth_key_idles_longer_than_it_lives,
    url_session_is_read_nowhere,
    url_names_mean_two_things,
    mismatch_is_of_no_use,
)
"""In the order of the manual."""
