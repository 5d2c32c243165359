"""What is kept of log-ins by somebody else's identity provider."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.principal import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """Somebody at an OpenID provider, and the account here that is theirs.

    Issuer and subject together, and nothing else, tell who it is (OpenID Connect Core 1.0 section 5.7): names and
    e-mail addresses change hands. An identity belongs to one account; an account may have several.
    """

    issuer: str
    subject: str
    account: str
    created_at: Instant


@dataclass(frozen=True, slots=True)
class LinkedLogIn:
    """By which provider a session began, and what the provider calls its own session (`sid`), if it says."""

    issuer: str
    sid: str | None = None
