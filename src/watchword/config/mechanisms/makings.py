"""What every mechanism is made of, beside the space that it stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from watchword.config.settings import Settings
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.mechanism import AnyMechanism
from watchword.core.token_manager import TokenManager
from watchword.tokens.keys import KeyRing
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.sealed_sessions import SealedSessions
from watchword.tokens.self_contained import SelfContainedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Makings:
    """The settings, and what one process has once.

    `ring` holds the server's own keys; `clock` tells the time, in seconds since 1970, where no question carries it;
    `resource_metadata` is the URL that Bearer challenges name.
    """

    settings: Settings
    ring: KeyRing
    clock: Callable[[], float]
    auth_tokens: TokenManager
    self_contained: SelfContainedTokens
    references: ReferenceTokens
    sealed: SealedSessions | None = None
    resource_metadata: str | None = None


Maker: TypeAlias = Callable[[ResolvedSpace, Makings], AnyMechanism]
"""What makes a mechanism for a space. It opens nothing yet."""
