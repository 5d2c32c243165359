"""Answers to what never became a request: a head that is too large, no HTTP, or HTTP that can be read in two ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from watchword.core.circumstances import Circumstances
from watchword.core.decide import decide
from watchword.core.decision import Refused
from watchword.core.events import Event
from watchword.core.requirement import Requirement
from watchword.core.respond import PROBLEM_TYPE, answer_fields
from watchword.http.message import Request, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.shown import shown_path
from watchword.server.service import Service


@dataclass(frozen=True, slots=True)
class Fault:
    """Why bytes are not taken for a request. `reason` is a sentence for whoever sent them: nothing in it was sent."""

    status: int
    reason: str


TOO_LARGE = Fault(431, "The header section is too large.")


def answers_unread(service: Service, log: Callable[[Event], None]) -> Callable[[Fault, Request], Response]:
    """What the protocol answers by itself. The request it hands over is as much as it could read of one."""

    def answer(fault: Fault, request: Request) -> Response:
        if fault is TOO_LARGE:
            return _too_large(service, request)
        request_id = service.engine.entropy(9).hex()
        log(_event(fault, request, request_id))
        problem = Problem(
            type=PROBLEM_TYPE + "malformed-request",
            title=HTTPStatus(fault.status).phrase,
            status=fault.status,
            detail=fault.reason,
            instance=f"urn:watchword:request:{request_id}",
            code="malformed-request",
        )
        fields = ((b"content-type", CONTENT_TYPE), *answer_fields(request, service.space))
        return Response(fault.status, fields, problem.body())

    return answer


def _too_large(service: Service, request: Request) -> Response:
    """C18: the table's answer, although there is nothing that it could look at."""
    decision = decide(Circumstances(oversize=True), (), Requirement(), space=service.space, now=service.now())
    assert isinstance(decision, Refused)
    return service.engine.run(service.engine.refuse(decision, request, service.space)).response


def _event(fault: Fault, request: Request, request_id: str) -> Event:
    return Event(
        "input_validation_fail",
        "warning",
        {
            "id": request_id,
            "code": "malformed-request",
            "status": fault.status,
            "method": request.method,
            "path": shown_path(request.path),
            "client": request.peer.address,
            "reasons": fault.reason,
        },
    )
