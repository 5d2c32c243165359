"""A principal, as whoever may know of it is told."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.core.principal import Principal
from watchword.http.problem import JsonValue
from watchword.http.timestamps import milliseconds


def described(principal: Principal) -> Mapping[str, JsonValue]:
    """A principal as /whoami tells it."""
    proof = principal.authentication
    return {
        "subject": principal.subject,
        "roles": sorted(principal.roles),
        "permissions": sorted(principal.permissions),
        "scopes": None if principal.scopes is None else sorted(principal.scopes),
        "mechanism": proof.mechanism,
        "authenticated_at": milliseconds(proof.auth_time),
        "session": proof.session,
    }


def described_or_nobody(principal: Principal | None) -> Mapping[str, JsonValue]:
    """The same of nobody, too, where the configuration lets anybody ask."""
    return _NOBODY if principal is None else described(principal)


_NOBODY: Mapping[str, JsonValue] = {
    "subject": None,
    "roles": [],
    "permissions": [],
    "scopes": None,
    "mechanism": None,
    "authenticated_at": None,
    "session": None,
}
