"""One call of a route: what arrived, who it was proven to come from, and the service that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from fastapi import Depends
from starlette.requests import Request as AsgiRequest

from watchword.core.ask import Steps
from watchword.core.circumstances import Circumstances, read_circumstances
from watchword.core.decision import Refused
from watchword.core.events import Event
from watchword.core.principal import Principal
from watchword.core.requirement import Requirement
from watchword.edge.asgi import PRINCIPAL, REQUEST, Scope, principal_of, request_of
from watchword.http.message import Request
from watchword.server.demand import demand, meets, refusal
from watchword.server.service import Service

T = TypeVar("T")

CALL = "watchword.call"


@dataclass(frozen=True, slots=True)
class Call:
    """`request` is the one that the client sent to the outermost trusted proxy; `principal` is None for nobody."""

    service: Service
    request: Request
    principal: Principal | None

    @property
    def who(self) -> Principal:
        """Who asks, on a route whose rule lets nobody anonymous pass."""
        if self.principal is None:
            raise LookupError("an anonymous request reached a route that demands a principal")
        return self.principal

    @property
    def circumstances(self) -> Circumstances:
        """What the request alone says about how it may be answered."""
        return read_circumstances(self.request, self.service.space)

    def note(self, event: Event) -> None:
        """Have the security log say what came of the call (ASVS 16.3)."""
        self.service.engine.witness.noted(event)

    async def run(self, steps: Steps[T]) -> T:
        """Drive a use case to its end."""
        return await self.service.engine.arun(steps)

    async def settled(self, steps: Steps[T | Refused]) -> T:
        """The same for a use case that the table may refuse.

        Raises:
            Refusal: where it was refused.
        """
        outcome = await self.run(steps)
        if isinstance(outcome, Refused):
            raise await refusal(self.service, self.request, outcome)
        return outcome

    async def demand(self, requirement: Requirement) -> None:
        """Go on only where the request meets this requirement as well.

        Raises:
            Refusal: where it does not.
        """
        await demand(self.service, self.request, requirement)

    async def meets(self, requirement: Requirement) -> bool:
        """Whether the request would pass under this requirement."""
        return self.principal is not None and await meets(self.service, self.request, requirement)


def call_from(service: Service, scope: Scope) -> Call:
    """The call that a request begins."""
    judged = cast("Request | None", scope.get(REQUEST))
    request = service.engine.resolved(request_of(scope)) if judged is None else judged
    return Call(service, request, principal_of(scope))


async def _call_of(request: AsgiRequest) -> Call:
    # Not `def`: FastAPI would send each request to a thread for it.
    if PRINCIPAL not in request.scope:
        # Many routes trust their rule alone, so none of them answers a request that no rule was asked about.
        raise LookupError("a request reached a route without passing the guard")
    return cast(Call, request.scope[CALL])


Here = Annotated[Call, Depends(_call_of)]
"""How a route asks for its call."""
