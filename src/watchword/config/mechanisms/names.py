"""The mechanisms that there are, by the names that the configuration has for them."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

MechanismName: TypeAlias = Literal[
    "session",
    "couchdb",
    "auth-key",
    "url-session",
    "auth-token",
    "basic",
    "digest",
    "digest-md5",
    "bearer",
    "api-key",
    "url-key",
    "signed-request",
    "client-certificate",
    "proxy-header",
    "couchdb-proxy",
]

MECHANISMS: tuple[MechanismName, ...] = get_args(MechanismName)
"""All that there are, in the order in which they are tried where nothing else is said. Tokens come right before Basic,
whose credentials they are sent as."""

DEFAULT_MECHANISMS: tuple[MechanismName, ...] = ("session", "auth-token", "basic", "bearer", "api-key")
"""Those of a space where neither it nor a persona says anything. The others have to be asked for."""

KEY_MECHANISMS: frozenset[MechanismName] = frozenset(("api-key", "url-key", "signed-request"))
"""Those by which API keys act, in whatever way they are sent."""
