"""The authorizers that there always are: by role, by permission, and by whose path it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from watchword.core.ask import Steps, known
from watchword.core.authorizer import Authorizer, Word
from watchword.core.principal import Principal
from watchword.http.message import Request


class Effect(Enum):
    """What follows from whom an authorizer means."""

    ALLOW = "allow"  # they need none of the roles and permissions that the target demands
    VETO = "veto"  # they are refused, whatever they have
    VETO_OTHERS = "veto-others"  # everybody else is

    def word(self, *, meant: bool) -> Word | None:
        """The word on somebody who is meant, or is not."""
        if self is Effect.VETO_OTHERS:
            return None if meant else Word.VETO
        return Word(self.value) if meant else None


@dataclass(frozen=True, slots=True)
class HasRole:
    """Means whoever has one of the roles."""

    name: str
    effect: Effect
    roles: frozenset[str]

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        meant = principal is not None and not self.roles.isdisjoint(principal.roles)
        return known(self.effect.word(meant=meant))


@dataclass(frozen=True, slots=True)
class HasPermission:
    """Means whoever has one of the permissions."""

    name: str
    effect: Effect
    permissions: frozenset[str]

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        meant = principal is not None and not self.permissions.isdisjoint(principal.permissions)
        return known(self.effect.word(meant=meant))


@dataclass(frozen=True, slots=True)
class IsOwner:
    """Means whose name stands in the path, in the segment `{parameter}` of the rule that names the path.

    Where the rule has no such segment, or no rule names the path, it means nobody.
    """

    name: str
    effect: Effect
    parameter: str
    owner: str | None = None

    def at(self, parameters: Mapping[str, str]) -> Authorizer:
        return replace(self, owner=parameters.get(self.parameter))

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        meant = principal is not None and self.owner is not None and principal.subject == self.owner
        return known(self.effect.word(meant=meant))
