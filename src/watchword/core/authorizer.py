"""The port of an authorizer: what says, besides roles and permissions, whether somebody may do this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from watchword.core.ask import Steps
from watchword.core.principal import Principal
from watchword.http.message import Request


class Word(Enum):
    """What an authorizer says. Most say nothing (None) of most requests."""

    ALLOW = "allow"
    """Stands in for roles and permissions that are missing, and for nothing else."""

    VETO = "veto"
    """Refuses what everything else grants (C12)."""


class Authorizer(Protocol):
    """Says of a request whether it may pass, once it is proven who asks. It proves nobody.

    It is asked of what the table grants, and of what is refused for want of roles or permissions alone (C12): it never
    makes up for credentials, scopes, a second factor, an owner, or an origin.
    """

    @property
    def name(self) -> str:
        """What operators know it by."""
        ...

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        """The word on this request; the principal is None where nobody had to be proven (public targets).

        It changes nothing, and may be asked more than once of one request. An `AnswerFailed` that it lets through means
        that nobody knows (C17).
        """
        ...


@runtime_checkable
class ReadsPath(Protocol):
    """An authorizer that goes by what stands in the `{name}` segments of the path that a rule names."""

    def at(self, parameters: Mapping[str, str]) -> Authorizer:
        """The authorizer for one target, whose path has these parameters, decoded."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What one authorizer said, or `failure`: why it could not be heard."""

    authorizer: str
    word: Word | None = None
    failure: str | None = None
