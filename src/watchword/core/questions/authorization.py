"""What is asked of functions that are not ours: authorizers of applications, and the judges of plug-ins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from watchword.core.ask import Question
from watchword.core.authorizer import Word
from watchword.core.principal import Principal
from watchword.http.message import Request

T_co = TypeVar("T_co", covariant=True)

Authorize: TypeAlias = Callable[[Principal | None, Request], Word | None]
"""An authorizer as a plain function, which may block."""


@dataclass(frozen=True, slots=True)
class CheckAuthorization(Question[Word | None]):
    """What does this function say of the request? `quick`: it takes microseconds, and never waits."""

    authorizer: str
    function: Authorize
    principal: Principal | None
    request: Request
    quick: bool = False


@dataclass(frozen=True, slots=True)
class CheckElsewhere(Question[T_co]):
    """What does this function of the plug-in `plug_in` say? It may block, in a thread, for a bounded time."""

    plug_in: str
    judge: Callable[[], T_co] = field(repr=False)
