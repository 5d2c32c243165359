"""/rpc as an OpenAPI operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchword.server.api.documented import CELLS_KEY, PROBLEMS_KEY
from watchword.server.api.rpc.methods import METHODS, AnyMethod

_ID: Final = {"description": "Comes back in the answer.", "type": ["string", "number", "null"]}


def _listed(name: str, method: AnyMethod) -> str:
    arguments = [
        argument if field.is_required() else f"[{argument}]"
        for argument, field in method.arguments.model_fields.items()
    ]
    return f"`{name}` ({', '.join(arguments)}): {method.summary}" if arguments else f"`{name}`: {method.summary}"


def _object(required: tuple[str, ...], properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "required": list(required), "properties": dict(properties)}


_METHOD: Final = {"type": "string", "enum": list(METHODS)}
_CALL: Final = _object(
    ("jsonrpc", "method"),
    {"jsonrpc": {"const": "2.0"}, "id": _ID, "method": _METHOD, "params": {"type": ["object", "array"]}},
)
_OLDER_CALL: Final = _object(
    ("id", "method", "args"),
    {
        "id": {"description": "Comes back in the answer."},
        "api_key": {"type": "string", "description": "An API key, where no field proves who calls."},
        "method": _METHOD,
        "args": {"type": "object"},
    },
)

RPC_ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "JsonRpcError",
    "description": "An error of JSON-RPC 2.0. `code` and the problem's `code` never change.",
    "required": ["jsonrpc", "error", "id"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "data": {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string", "format": "uri"},
                        "problem": {"$ref": "#/components/schemas/Problem"},
                    },
                },
            },
        },
        "id": _ID,
    },
}

RPC_OPERATION: Final[Mapping[str, Any]] = {
    "tags": ["JSON-RPC"],
    "summary": "Call methods",
    "description": (
        "JSON-RPC 2.0: one call, or a batch of up to 100. Each method demands what the route does that it stands for. "
        "Methods: "
        + " ".join(_listed(name, method) for name, method in METHODS.items())
        + "\n\nA call without `jsonrpc` and with `api_key` has the form before version 2.0, and is answered in that: "
        "always 200, with `result` and `error`, of which one is null, and `error_code`."
    ),
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_CALL, {"type": "array", "items": _CALL, "maxItems": 100}, _OLDER_CALL]}
            }
        },
    },
    "responses": {
        "200": {
            "description": "What came of the call or calls, or an error of theirs.",
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            _object(
                                ("jsonrpc", "result", "id"), {"jsonrpc": {"const": "2.0"}, "result": {}, "id": _ID}
                            ),
                            {"$ref": "#/components/schemas/JsonRpcError"},
                            {"type": "array"},
                            _object(("id", "result", "error"), {"id": {}, "result": {}, "error": {}}),
                        ]
                    }
                }
            },
        },
        "204": {"description": "There were notifications only, which are not answered."},
    },
    CELLS_KEY: ["C11", "C12", "C13", "C15"],
    PROBLEMS_KEY: ["malformed-content", "malformed-call", "content-too-large", "unsupported-content"],
}
