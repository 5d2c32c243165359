"""Where the configured server is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.config import Settings

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on


def listens_at(settings: Settings) -> str:
    """The URL that it listens at."""
    return _url(settings, settings.server.host)


def reached_at(settings: Settings) -> str:
    """The URL at which a program on the same machine reaches it."""
    host = settings.server.host
    return _url(settings, _LOOPBACK.get(host, host))


def _url(settings: Settings, host: str) -> str:
    scheme = "http" if settings.server.tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
