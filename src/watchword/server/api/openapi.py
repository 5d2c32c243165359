"""/openapi.json: every route, with the answers that the decision table gives there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from watchword.core.cells import CELLS, Cell, Challenges
from watchword.core.mechanism import Kind
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import ProtectionSpace, Target
from watchword.http.message import Request
from watchword.http.target import Ambiguous
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession
from watchword.server.api.documented import CELLS_KEY, OAUTH_ERRORS_KEY, PROBLEMS_KEY
from watchword.server.api.errors import PROBLEMS
from watchword.server.api.hot_routes import HOT_ROUTES
from watchword.server.api.rpc.operation import RPC_ERROR_SCHEMA
from watchword.server.service import Service

# OpenAPI documents are open dictionaries, as in FastAPI itself.
Document = dict[str, Any]

DESCRIPTION = (
    "Authentication for REST APIs. Every refusal names its cell of the decision table, in the problem's member `cell` "
    "and in the field `Auth-Decision`."
)


def openapi_document(api: FastAPI, service: Service) -> Document:
    """The OpenAPI document of the whole server."""
    document = get_openapi(title="Watchword", version=_version(), description=DESCRIPTION, routes=api.routes)
    paths: dict[str, Document] = document["paths"]
    for path, operations in HOT_ROUTES.items():
        paths[path] = {method: deepcopy(dict(operation)) for method, operation in operations.items()}
    for path, operations in paths.items():
        for method, operation in operations.items():
            _complete(operation, _target(service, method, path))
    components: Document = document.setdefault("components", {})
    components["securitySchemes"] = _security_schemes(service)
    components.setdefault("schemas", {}).update(SCHEMAS)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return document


def _target(service: Service, method: str, path: str) -> Target:
    """The space of a route, and what the rules demand there; each parameter of the path stands for some name."""
    sample = "/".join("name" if part.startswith("{") else part for part in path.split("/"))
    target = service.own.find(Request(method.upper(), sample.encode("ascii")))
    assert not isinstance(target, Ambiguous), f"our own path {path} is ambiguous"
    return target


def _complete(operation: Document, target: Target) -> None:
    """Add what the rule of the route says: which credentials it takes, and how it is refused."""
    requirement, space = target.requirement, target.space
    cells = {*cells_of(requirement, space), *cast("list[str]", operation.pop(CELLS_KEY, []))}
    problems = cast("list[str]", operation.pop(PROBLEMS_KEY, []))
    errors = cast("list[str]", operation.pop(OAUTH_ERRORS_KEY, []))
    responses: Document = operation.setdefault("responses", {})
    responses.pop("422", None)  # FastAPI's own, which is never sent
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
        problems = list(dict.fromkeys((*problems, "invalid-content")))
    for status, answer in responses.items():
        if answer["description"] == "Successful Response":
            answer["description"] = HTTPStatus(int(status)).phrase
    answered = [(id, status) for id in sorted(cells) for status in _statuses(CELLS[id], requirement, space)]
    responses.update(_refusals(answered, problems, _FACES[space.face]))
    if errors:
        _add_oauth_errors(responses["400"], errors)
    operation["responses"] = dict(sorted(responses.items()))
    schemes: list[Document] = [] if requirement.public else [{name: []} for name in _schemes(space)]
    operation.setdefault("security", schemes)  # a route that asks for an OAuth client says so itself


def cells_of(requirement: Requirement, space: ProtectionSpace) -> Iterable[str]:
    """The cells that refuse somewhere on a target with this requirement."""
    yield from ("C10", "C14", "C18")  # stage 1 asks for no rule
    if requirement.public and requirement.ignore_invalid:
        return
    kinds = {mechanism.kind for mechanism in space.mechanisms}
    yield from ("C16", "C17")
    if Kind.PASSWORD in kinds:
        yield from ("C07", "C08")
    if Kind.OTHER in kinds:
        yield "C09"
    if not requirement.public:
        yield from ("C03", "C04")
        if Kind.SESSION_COOKIE in kinds:
            yield "C05"
    demands = {
        "C11": requirement.scopes,
        "C12": requirement.roles or requirement.permissions or requirement.mechanisms,
        "C13": requirement.owner,
        "C15": requirement.acr or requirement.max_age,
        "C28": requirement.precedence is Precedence.STRICT,
    }
    yield from (cell for cell, demanded in demands.items() if demanded)


def _statuses(cell: Cell, requirement: Requirement, space: ProtectionSpace) -> Iterable[int]:
    """The statuses that the cell answers there."""
    if cell.id == "C09" and requirement.apikey_status is not None:
        others = [m for m in space.mechanisms if m.kind is Kind.OTHER and m.name != "api-key"]
        if len(others) < sum(m.kind is Kind.OTHER for m in space.mechanisms):
            yield requirement.apikey_status
        if not others:
            return
    if cell.id in _OF_PROVIDERS:
        yield from cell.options
        return
    chosen = {"C05": requirement.session_expired_status, "C08": requirement.malformed_status}.get(cell.id)
    status = chosen or cell.status
    assert status is not None, f"{cell.id} refuses nothing"
    yield status


_OF_PROVIDERS = frozenset(("C19", "C20", "C21"))
"""Cells whose status depends on the provider: on its settings, or on what it says."""

_FACES: Mapping[str, tuple[str, str]] = {
    "problem": ("application/problem+json", "Problem"),
    "oauth": ("application/json", "OAuthError"),
    "json-rpc": ("application/json", "JsonRpcError"),
    "couchdb": ("application/json", "CouchdbError"),
}
"""Media type and schema of refusals, by the face of the space."""


def _refusals(cells: Iterable[tuple[str, int]], problems: Iterable[str], face: tuple[str, str]) -> Document:
    media_type, schema = face
    told: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    fields: defaultdict[int, Document] = defaultdict(dict)
    for id, status in cells:
        cell = CELLS[id]
        told[status][cell.title].append(id)
        fields[status]["Auth-Decision"] = _field("The cell, and the id of this answer.")
        if cell.challenges is not Challenges.NONE:
            fields[status]["WWW-Authenticate"] = _field("How to authenticate, one line for each scheme.")
        if cell.retry:
            fields[status]["Retry-After"] = _field("Seconds to wait.")
    for code in problems:
        status, title = PROBLEMS[code]
        told[status][title].append(f"`{code}`")
    return {
        str(status): {
            "description": "; ".join(f"{title} ({', '.join(names)})" for title, names in titles.items()),
            "content": {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
            **({"headers": fields[status]} if fields[status] else {}),
        }
        for status, titles in told.items()
    }


def _add_oauth_errors(answer: Document, errors: Iterable[str]) -> None:
    """Tell that an answer may be an error of OAuth, too."""
    media_type, schema = _FACES["oauth"]
    answer["description"] += f"; Refused as OAuth does ({', '.join(f'`{error}`' for error in errors)})"
    answer["content"][media_type] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}


def _field(description: str) -> Document:
    return {"description": description, "schema": {"type": "string"}}


def _schemes(space: ProtectionSpace) -> list[str]:
    """The names of the security schemes that the mechanisms of the space stand for, in their order."""
    names = (_SCHEME_OF.get(mechanism.name) for mechanism in space.mechanisms)
    return list(dict.fromkeys(name for name in names if name is not None))


_SCHEME_OF: Mapping[str, str] = {
    "session": "cookie",
    "couchdb": "couchdb",
    "basic": "basic",
    "digest": "digest",
    "digest-md5": "digest",
    "auth-token": "basic",
    "bearer": "bearer",
    "api-key": "api-key",
    "signed-request": "signed-request",
    "auth-key": "auth-key",
    "url-session": "url-session",
    "url-key": "url-key",
}


def _security_schemes(service: Service) -> Document:
    known: Document = {
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": service.cookie.settings.name,
            "description": f"The session cookie; `{service.cookie.settings.cleartext_name}` on cleartext loopback.",
        },
        "couchdb": {
            "type": "apiKey",
            "in": "cookie",
            "name": "AuthSession",
            "description": "CouchDB's session cookie, of `POST /_session`.",
        },
        "basic": {"type": "http", "scheme": "basic", "description": "User name and password, or an auth token."},
        "digest": {"type": "http", "scheme": "digest", "description": "User name and password, by RFC 7616."},
        "signed-request": {
            "type": "http",
            "scheme": "AWS4-HMAC-SHA256",
            "description": "An access key, with which each request is signed (AWS Signature Version 4).",
        },
        "api-key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "An API key, `ww_k_…`; or `Authorization: APIKEY <key>`.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A session's token, `ww_s_…`, or an access token.",
        },
        "auth-key": {
            "type": "apiKey",
            "in": "header",
            "name": "Auth-Key",
            "description": "An Auth-Key, `ww_a_…`, of `POST /api/authenticate`.",
        },
        "client": {
            "type": "http",
            "scheme": "basic",
            "description": "Id and secret of an OAuth client; they may be sent in the form, too.",
        },
    }
    for mechanism in service.space.mechanisms:
        if isinstance(mechanism, UrlSession | UrlKeys):
            names = (*mechanism.places.parameters, mechanism.places.path_parameter)
            what = "A session's token" if isinstance(mechanism, UrlSession) else "An API key"
            known[mechanism.name] = {
                "type": "apiKey",
                "in": "query",
                "name": names[0].decode("ascii"),
                "description": f"{what}; it stands in logs and histories wherever the URL does.",
            }
    return {name: known[name] for name in (*_schemes(service.space), "client")}


def _version() -> str:
    try:
        return version("watchword")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


OAUTH_ERROR_SCHEMA: Document = {
    "type": "object",
    "title": "OAuthError",
    "description": "An error of an OAuth endpoint (RFC 6749 section 5.2).",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}

COUCHDB_ERROR_SCHEMA: Document = {
    "type": "object",
    "title": "CouchdbError",
    "description": "An error as CouchDB tells it.",
    "required": ["error", "reason"],
    "properties": {"error": {"type": "string"}, "reason": {"type": "string"}},
}

PROBLEM_SCHEMA: Document = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "cell": {"type": "string", "description": "The row of the decision table, where that refused."},
        "errors": {
            "type": "array",
            "description": "What is wrong where: `pointer` into the content, or `parameter` of the query.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

SCHEMAS: Mapping[str, Document] = {
    "Problem": PROBLEM_SCHEMA,
    "OAuthError": OAUTH_ERROR_SCHEMA,
    "JsonRpcError": RPC_ERROR_SCHEMA,
    "CouchdbError": COUCHDB_ERROR_SCHEMA,
}
"""What refusals look like, by the faces that they have."""
