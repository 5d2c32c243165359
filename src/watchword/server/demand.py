"""Demands that are known only inside a route: judged by the same table as every other, and refused by it."""

from __future__ import annotations

from watchword.core.circumstances import read_circumstances
from watchword.core.decision import Granted, Refused
from watchword.core.guard import guard
from watchword.core.principal import Principal
from watchword.core.requirement import Requirement
from watchword.edge.engine import Answered
from watchword.http.message import Request
from watchword.server.service import Service


class Refusal(Exception):
    """The table refuses: the route ends here, and `answered` is what the client gets."""

    def __init__(self, answered: Answered) -> None:
        super().__init__(answered.refused.cell)
        self.answered = answered


async def demand(service: Service, request: Request, requirement: Requirement) -> Principal | None:
    """Who the request comes from, where it meets the requirement too; None where anybody may.

    Raises:
        Refusal: where it does not.
    """
    judged = await service.engine.arun(service.engine.demand(request, service.space, requirement))
    if isinstance(judged, Answered):
        raise Refusal(judged)
    return judged.principal


async def meets(service: Service, request: Request, requirement: Requirement) -> bool:
    """Whether the request would pass under this requirement. Nothing is refused, so nothing is counted or logged."""
    circumstances = read_circumstances(request, service.space)
    decision = await service.engine.arun(guard(request, service.space, requirement, circumstances, service.now()))
    return isinstance(decision, Granted)


async def refusal(service: Service, request: Request, refused: Refused) -> Refusal:
    """What to raise where a use case was refused."""
    return Refusal(await service.engine.arun(service.engine.refuse(refused, request, service.space)))
