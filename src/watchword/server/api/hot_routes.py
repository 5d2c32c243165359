"""The routes that are served in front of the API, as OpenAPI operations: they are documented here, not served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchword.server.api.documented import CELLS_KEY, PROBLEMS_KEY
from watchword.server.api.rpc.operation import RPC_OPERATION
from watchword.server.forward_auth import DIALECTS
from watchword.server.rules import RPC

Operation = Mapping[str, Any]

_JUDGED: Final = ["C03", "C04", "C05", "C07", "C08", "C09", "C11", "C12", "C13", "C15", "C16", "C17", "C28"]
"""Every cell that may refuse a request whose target is configured by the operator."""

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}

PRINCIPAL: Final[Operation] = {
    "type": "object",
    "properties": {
        "subject": _TEXT,
        "roles": _TEXTS,
        "permissions": _TEXTS,
        "scopes": {"anyOf": [_TEXTS, {"type": "null"}]},
        "mechanism": _TEXT,
        "authenticated_at": {"type": "string", "format": "date-time"},
        "session": {"anyOf": [_TEXT, {"type": "null"}]},
    },
}


def _answers(description: str, schema: Operation | None = None) -> Operation:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {"200": {"description": description, **content}}


def _verify(path: str) -> Operation:
    proxy = path.removeprefix("/verify").strip("/")
    return {
        "tags": ["checks"],
        "summary": f"Forward-auth for {proxy}" if proxy else "Forward-auth",
        "description": (
            "Decides on the request that a trusted proxy tells of (`X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`, "
            "`X-Original-URL`). From any other peer the decision is the one for `/whoami`. Any method will do."
        ),
        "responses": _answers("Let it pass: the identity fields say for whom."),
        CELLS_KEY: _JUDGED,
    }


_DECIDE: Final[Operation] = {
    "tags": ["checks"],
    "summary": "Decide on any request",
    "description": "For servers in any language, from trusted peers and from accounts with the role `service`.",
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["method", "url", "peer"],
                    "properties": {
                        "method": _TEXT,
                        "url": _TEXT,
                        "headers": {"type": "array", "items": {**_TEXTS, "minItems": 2, "maxItems": 2}},
                        "peer": {"type": "string", "description": "The client's address."},
                    },
                }
            }
        },
    },
    "responses": _answers(
        "The decision.",
        {
            "type": "object",
            "properties": {
                "granted": {"type": "boolean"},
                "status": {"type": "integer"},
                "headers": {"type": "array", "items": _TEXTS},
                "principal": {"anyOf": [PRINCIPAL, {"type": "null"}]},
                "problem": {"anyOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}]},
                "content": {"anyOf": [_TEXT, {"type": "null"}], "description": "What to answer, where it is refused."},
            },
        },
    ),
    PROBLEMS_KEY: ["malformed-content", "content-too-large", "unsupported-content", "invalid-content"],
}

_FEED: Final[Operation] = {
    "tags": ["verifiers"],
    "summary": "What was revoked",
    "description": (
        "For verifiers without a database, on loopback, at trusted peers, or with the role `verifier` (a key with the "
        "scope `revocations` will do). Server-sent events, each a signed message (JWS, `typ: revocations+jwt`); at "
        "least one a second, so silence means that the connection is lost. With `Accept: application/json` or `pull`, "
        "one answer."
    ),
    "parameters": [
        {
            "name": "since",
            "in": "query",
            "schema": {"type": "integer"},
            "description": "The number up to which everything is known; `Last-Event-ID` will do.",
        },
        {
            "name": "epoch",
            "in": "query",
            "schema": _TEXT,
            "description": "The epoch that `since` belongs to: in another one everything is told anew.",
        },
        {
            "name": "nonce",
            "in": "query",
            "schema": _TEXT,
            "description": "Comes back in the first message, which is so known to be new.",
        },
        {"name": "pull", "in": "query", "schema": {"type": "string"}, "description": "One answer instead of events."},
    ],
    "responses": {
        "200": {
            "description": "Signed messages.",
            "content": {
                "text/event-stream": {"schema": _TEXT},
                "application/json": {
                    "schema": {"type": "object", "required": ["messages"], "properties": {"messages": _TEXTS}}
                },
            },
        }
    },
    PROBLEMS_KEY: ["malformed-content"],
}

HOT_ROUTES: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/whoami": {
        "get": {
            "tags": ["checks"],
            "summary": "Who am I",
            "description": "The principal that the request's credentials prove, by whatever mechanism.",
            "responses": _answers("Who asks.", PRINCIPAL),
        }
    },
    **{path: {"get": _verify(path)} for path in DIALECTS},
    "/decide": {"post": _DECIDE},
    RPC: {"post": RPC_OPERATION},
    "/revocations/feed": {"get": _FEED},
    "/healthz": {"get": {"tags": ["monitoring"], "summary": "Is the process alive", "responses": _answers("It is.")}},
    "/readyz": {
        "get": {
            "tags": ["monitoring"],
            "summary": "Can it serve",
            "description": "With the age of what it knows of revocations. 503 where the storage does not answer.",
            "responses": _answers("It can."),
            CELLS_KEY: ["C17"],
        }
    },
    "/metrics": {
        "get": {
            "tags": ["monitoring"],
            "summary": "Counters for Prometheus",
            "description": "For loopback, trusted peers and administrators.",
            "responses": _answers("The counters, as text."),
            CELLS_KEY: ["C03", "C12"],
        }
    },
}
