"""The Django REST Framework host: a class that authenticates, and permission classes that demand.

    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["watchword.edge.drf.WatchwordAuthentication"],
        "EXCEPTION_HANDLER": "watchword.edge.drf.exception_handler",
    }

With the handler, refusals are the very answers of other hosts: every challenge on a line of its own, the cookie
cleared, `ON_REFUSAL` asked. Without it they have the same status, and challenges and problem as the framework writes
them. `request.user` is a `ProvenUser`, `request.auth` the principal. Who judges is said as for Django.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Unpack

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge.door import Doors
from watchword.edge.proven_user import ProvenUser
from watchword.edge.route import Demands
from watchword.http.message import Response as Answer
from watchword.http.problem import CONTENT_TYPE

try:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException, NotAuthenticated
    from rest_framework.permissions import BasePermission
    from rest_framework.request import Request
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        'Django REST Framework is needed here: pip install "watchword[drf]"', name=missing.name
    ) from missing

from watchword.edge.django import on_refusal, principal, protect
from watchword.edge.django.answer import AnswerInPlace, united
from watchword.edge.django.gate import Gate, visit_of

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.views import APIView  # which imports this module, where the settings name it

__all__ = [
    "Authenticated",
    "Optional",
    "Refused",
    "WatchwordAuthentication",
    "exception_handler",
    "on_refusal",
    "principal",
    "protect",
]


class Refused(APIException):
    """A refusal on its way through the framework. `answer` is what `exception_handler` sends."""

    def __init__(self, answer: AnswerInPlace) -> None:
        self.answer = answer
        self.status_code = answer.status_code
        self.detail = _problem(answer.told)  # type: ignore[assignment]  # JSON that is not made of texts alone
        # What the framework's own handler makes fields of.
        self.auth_header = answer.headers.get("www-authenticate")
        seconds = answer.headers.get("retry-after")
        self.wait = None if seconds is None else int(seconds)


class WatchwordAuthentication(BaseAuthentication):
    """Tells whom a request was proven to come from; nobody, where it presents nothing.

    Credentials that were sent on purpose and fail are refused, and so is whoever sends nothing where a rule of the
    configuration demands more. `auth` is who judges, where that is not the setting's: say it in a class of your own.
    """

    auth: ClassVar[Doors | None] = None
    _accepts: ClassVar[Gate] = Gate(None, demand(public=True))
    _demands: ClassVar[Gate] = Gate(None, demand())

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._accepts, cls._demands = Gate(cls.auth, demand(public=True)), Gate(cls.auth, demand())

    def authenticate(self, request: Request) -> tuple[ProvenUser, Principal] | None:
        _demand(request, self._accepts)
        who = principal(request._request)
        return None if who is None else (ProvenUser(who), who)

    def authenticate_header(self, request: Request) -> str | None:
        """The challenges, without which the framework would answer 403. It asks where a permission class of its own
        refuses whoever sent nothing."""
        answer = self._demands.refused(request._request)
        if answer is None:
            return None
        request._request.META[_ANSWER] = answer
        return answer.headers.get("www-authenticate")


def Authenticated(auth: Doors | None = None, **demanded: Unpack[Demands]) -> type[BasePermission]:
    """A permission class that demands that it is proven who asks: `permission_classes = [Authenticated(roles={…})]`.

    Whoever is refused gets our answer at once, so that in `A | Authenticated()` it comes last. Without the middleware
    `Protect`, what authentication adds to answers is on those of this view, of several cookies to be cleared one.
    """
    return _permission("Authenticated", auth, demand(**demanded))


def Optional(auth: Doors | None = None, **demanded: Unpack[Demands]) -> type[BasePermission]:
    """A permission class that lets whoever sends nothing through. Credentials that were sent on purpose and fail are
    refused."""
    return _permission("Optional", auth, demand(public=True, **demanded))


def exception_handler(error: Exception, context: dict[str, object]) -> HttpResponse | None:
    """The framework's own handler, but that refusals are answered as everywhere else.

    So is whoever sent nothing, where a permission class of the framework refuses that.
    """
    from rest_framework.views import exception_handler as of_framework

    if isinstance(error, Refused):
        return error.answer
    if isinstance(error, NotAuthenticated):
        request = context.get("request")
        answer = request._request.META.get(_ANSWER) if isinstance(request, Request) else None
        if isinstance(answer, AnswerInPlace):
            return answer
    return of_framework(error, context)


_ANSWER = "watchword.answer"


def _permission(name: str, auth: Doors | None, demanded: Demand) -> type[BasePermission]:
    gate = Gate(auth, demanded)

    class Demanding(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            _demand(request, gate)
            _add_fields(request, view)
            return True

    Demanding.__name__ = Demanding.__qualname__ = name
    return Demanding


def _demand(request: Request, gate: Gate) -> None:
    answer = gate.refused(request._request)
    if answer is not None:
        raise Refused(answer)


def _add_fields(request: Request, view: APIView) -> None:
    """The view adds these fields to its answer, whatever it is."""
    visit = visit_of(request._request)
    if visit is not None and visit.alone:
        view.headers = united(view.headers, visit.fields)


def _problem(answer: Answer) -> dict[str, object] | str:
    """The problem, where the answer tells one: not where Accept prefers a page, say."""
    if answer.lines(b"content-type") != (CONTENT_TYPE,):
        return HTTPStatus(answer.status).phrase
    problem: dict[str, object] = json.loads(answer.body)
    return problem
