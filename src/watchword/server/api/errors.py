"""Errors that are not authentication: each is a problem (RFC 9457), and none repeats what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response as AsgiResponse

from watchword.core.ask import AnswerFailed
from watchword.core.beside import unavailable
from watchword.core.respond import PROBLEM_TYPE, not_found
from watchword.edge.asgi import Scope
from watchword.http.message import Fields, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.server.api.call import CALL, Call
from watchword.server.demand import Refusal, refusal

ALLOWED = "watchword.allowed"
"""Where the scope has the methods that may be used at its path."""

Errors: TypeAlias = Sequence[Mapping[str, str]]

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "malformed-content": (400, "Malformed content"),
    "malformed-call": (400, "Malformed call"),
    "not-relayed": (400, "Not relayed"),
    "not-found": (404, "Not Found"),
    "no-such-method": (404, "No such method"),
    "method-not-allowed": (405, "Method not allowed"),
    "name-taken": (409, "The name is taken"),
    "last-administrator": (409, "The last administrator stays"),
    "too-many-keys": (409, "Too many keys"),
    "too-many-second-factors": (409, "Too many second factors"),
    "already-confirmed": (409, "Confirmed already"),
    "no-second-factor": (409, "No second factor"),
    "no-credential": (409, "No credential is stored"),
    "last-log-in": (409, "The last way to log in stays"),
    "key-ended": (409, "The key has ended"),
    "too-many-log-ins": (409, "Too many log-ins"),
    "content-too-large": (413, "Content too large"),
    "answer-too-large": (413, "Answer too large"),
    "unsupported-content": (415, "Unsupported media type"),
    "invalid-content": (422, "Invalid content"),
    "internal-error": (500, "Internal error"),
}
"""The codes of our own errors, each with its status and title. OpenAPI reads them too."""


class Wrong(Exception):
    """An error with one of the codes in PROBLEMS. `errors` say where in the content, `fields` go into the header."""

    def __init__(self, code: str, detail: str, *, errors: Errors = (), fields: Fields = ()) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.fields = fields


class NotHere(Exception):
    """There is no such thing: a true 404, whose bytes a hidden target's refusal shares."""


def invalid(model: type[BaseModel], error: ValidationError) -> Wrong:
    """What pydantic found wrong, without the input, which it would repeat."""
    return Wrong("invalid-content", "Some members are not as they must be.", errors=_errors_in(model, error))


def wrong_member(name: str, detail: str) -> Wrong:
    """One member of the content is not as it must be."""
    return Wrong("invalid-content", "Some members are not as they must be.", errors=(_at((name,), detail),))


def wrong_parameters(*errors: tuple[str, str]) -> Wrong:
    """Parameters of the query, by name, are not as they must be."""
    told = [{"parameter": name, "detail": detail} for name, detail in errors]
    return Wrong("invalid-content", "Some parameters are not as they must be.", errors=told)


def problem(code: str, detail: str, *, errors: Errors = (), request_id: str | None = None) -> bytes:
    """The content of an answer with one of the codes in PROBLEMS."""
    return problem_of(code, detail, errors=errors, request_id=request_id).body()


def problem_of(code: str, detail: str, *, errors: Errors = (), request_id: str | None = None) -> Problem:
    """The problem with one of the codes in PROBLEMS."""
    status, title = PROBLEMS[code]
    return Problem(
        type=PROBLEM_TYPE + code,
        title=title,
        status=status,
        detail=detail,
        instance=None if request_id is None else f"urn:watchword:request:{request_id}",
        code=code,
        extra={"errors": [dict(each) for each in errors]} if errors else {},
    )


def add_error_handlers(api: FastAPI) -> None:
    """Have every error that a route or the framework raises told as a problem."""
    api.add_exception_handler(Wrong, _wrong)
    api.add_exception_handler(NotHere, _not_here)
    api.add_exception_handler(Refusal, _refusal)
    api.add_exception_handler(AnswerFailed, _answer_failed)
    api.add_exception_handler(RequestValidationError, _invalid_parameters)
    api.add_exception_handler(HTTPException, _of_the_framework)


def sent(response: Response, *, head: bool = False) -> AsgiResponse:
    """Our response as one that the framework sends, field for field.

    `head` says that it has no content because it answers HEAD: how long that would be, is not known (RFC 9110 section
    8.6), as it is not for 304.
    """
    answer = AsgiResponse(response.body, response.status)
    answer.raw_headers = list(response.fields)
    if response.status not in (204, 304) and not head:
        answer.raw_headers.append((b"content-length", str(len(response.body)).encode()))
    return answer


# --- handlers -------------------------------------------------------------------------------------------------------


async def _wrong(request: AsgiRequest, error: Exception) -> AsgiResponse:
    assert isinstance(error, Wrong)
    return _told(error)


async def _not_here(request: AsgiRequest, error: Exception) -> AsgiResponse:
    call = _call(request.scope)
    return sent(not_found(call.request, call.service.space))


async def _refusal(request: AsgiRequest, error: Exception) -> AsgiResponse:
    assert isinstance(error, Refusal)
    return sent(error.answered.response)


async def _answer_failed(request: AsgiRequest, error: Exception) -> AsgiResponse:
    call = _call(request.scope)
    refused = await refusal(call.service, call.request, unavailable(str(error)))
    return sent(refused.answered.response)


async def _invalid_parameters(request: AsgiRequest, error: Exception) -> AsgiResponse:
    """Only parameters of the query can be wrong here: content is read by `content`."""
    assert isinstance(error, RequestValidationError)
    return _told(wrong_parameters(*((str(each["loc"][-1]), str(each["msg"])) for each in error.errors())))


async def _of_the_framework(request: AsgiRequest, error: Exception) -> AsgiResponse:
    """404 and 405 of the router; there is nothing else that it raises by itself."""
    assert isinstance(error, HTTPException)
    if error.status_code == PROBLEMS["method-not-allowed"][0]:
        allowed = ", ".join(request.scope[ALLOWED])
        return _told(Wrong("method-not-allowed", f"Use {allowed}.", fields=((b"allow", allowed.encode()),)))
    if error.status_code == PROBLEMS["not-found"][0]:
        return await _not_here(request, error)
    raise error


def _told(error: Wrong) -> AsgiResponse:
    status, _ = PROBLEMS[error.code]
    fields = ((b"content-type", CONTENT_TYPE), *error.fields)
    return sent(Response(status, fields, problem(error.code, error.detail, errors=error.errors)))


def _call(scope: Scope) -> Call:
    call = scope[CALL]
    assert isinstance(call, Call)
    return call


# --- where and what, but not which value ----------------------------------------------------------------------------


def _errors_in(model: type[BaseModel], error: ValidationError) -> Errors:
    return [
        _at(_known(model, each["loc"]), _UNKNOWN if each["type"] == "extra_forbidden" else each["msg"])
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


_UNKNOWN = "There are members that do not belong here."


def _known(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The part of a location that we named ourselves: a member's name can be a secret in the wrong place."""
    known: list[int | str] = []
    for part in location:
        if isinstance(part, str) and part not in model.model_fields:
            break
        known.append(part)
    return tuple(known)


def _at(location: Sequence[int | str], detail: str) -> Mapping[str, str]:
    """As in RFC 9457 section 3: a JSON pointer in a URI fragment (RFC 6901 section 6)."""
    return {"pointer": "#" + "".join(f"/{part}" for part in location), "detail": detail}
