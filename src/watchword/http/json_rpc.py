"""JSON-RPC calls and answers, in version 2.0 and in the form before it that Kallithea's clients speak.

| what comes                                                | version 2.0                    | before it              |
|-----------------------------------------------------------|--------------------------------|------------------------|
| a call                                                    | `jsonrpc`, `method`, `params`  | `method`, `args`       |
| who calls                                                 | a field of HTTP                | `api_key`, or a field  |
| an answer                                                 | `result` or `error`            | both, one of them null |
| an error                                                  | `{code, message, data}`        | a text                 |
| no `id`                                                   | a notification, not answered   | no call                |
| an array                                                  | a batch                        | version 2.0            |

Sources: the JSON-RPC 2.0 specification; the thread "do not redirect to login page on invalid API key"; Kallithea 0.7's
documentation of its API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from watchword.http.json_text import Json, read_json_text
from watchword.http.message import Request
from watchword.http.problem import JsonValue
from watchword.http.syntax import Unreadable

CONTENT_TYPE = b"application/json"

Profile: TypeAlias = Literal["http", "legacy"]
"""How answers are told: as version 2.0 over HTTP, or always with 200, as before it."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
"""The first of the server's own codes, which go down to -32099."""

KEY_MEMBER = "api_key"
"""Where the form before version 2.0 has the API key of whoever calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that can be carried out, if there is such a method. `arguments` come by name, or in their order."""

    id: Json
    method: str
    arguments: dict[str, Json] | list[Json]
    notification: bool = False


@dataclass(frozen=True, slots=True)
class NoCall:
    """What is none: `text` says why, and `id` is what can be known of the one that it should have."""

    id: Json
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Why a call was not carried out. `name` never changes, and nor does `code`, which only version 2.0 has.

    `problem` are the members of problem details (RFC 9457), for version 2.0.
    """

    code: int
    name: str
    text: str
    problem: Mapping[str, JsonValue]


def content_of(request: Request) -> Json | Unreadable:
    """The content of the request as JSON, read once. Unreadable where none is at hand, too."""
    memo = request.memo
    if memo is None:
        memo = request.memo = {}
    if "json" not in memo:
        memo["json"] = Unreadable("no-content") if request.body is None else read_json_text(request.body)
    return cast("Json | Unreadable", memo["json"])


def profile_of(content: Json | Unreadable, otherwise: Profile) -> Profile:
    """How whoever sent this wants to be answered. What does not show it is answered as `otherwise` says."""
    if isinstance(content, list) or (isinstance(content, dict) and "jsonrpc" in content):
        return "http"
    if isinstance(content, dict) and KEY_MEMBER in content:
        return "legacy"
    return otherwise


def id_of(content: Json | Unreadable, profile: Profile) -> Json:
    """The id with which to answer the one call that this is; None where it has none that could be sent back."""
    if not isinstance(content, dict):
        return None
    id = content.get("id")
    # "A value of any type" in Kallithea's words. 2.0 has three types, and demands null where it cannot be detected.
    return id if profile == "legacy" or _is_id(id) else None


def read_call(content: Json | Unreadable) -> Call | NoCall:
    """A call in version 2.0 (its section 4). Total."""
    if not isinstance(content, dict):
        return NoCall(None, "A call is an object.")
    id = id_of(content, "http")
    if content.get("jsonrpc") != "2.0":
        return NoCall(id, 'A call has the member jsonrpc, which is "2.0".')
    if not _is_id(content.get("id")):
        return NoCall(None, "The id of a call is a text, a number or null.")
    method, params = content.get("method"), content.get("params", {})
    if not isinstance(method, str):
        return NoCall(id, "The method of a call is a text.")
    if not isinstance(params, dict | list):
        return NoCall(id, "The params of a call are an object or an array.")
    return Call(id=id, method=method, arguments=params, notification="id" not in content)


def read_legacy_call(content: Json | Unreadable) -> Call | NoCall:
    """A call in the form before version 2.0, refused in Kallithea's words. Total.

    Whether `api_key` is there is for others to see: who calls may have been proven by a field.
    """
    if not isinstance(content, dict):
        return NoCall(None, "Incorrect JSON query")
    id = id_of(content, "legacy")
    for name in ("id", "method", "args"):
        if name not in content:
            return NoCall(id, f"Incorrect JSON query missing '{name}'")
    method, args = content["method"], content["args"]
    if not isinstance(method, str):
        return NoCall(id, "Incorrect JSON query, the method is no text")
    # What is no object counts as no arguments: PHP writes [] for an empty one.
    return Call(id=id, method=method, arguments=args if isinstance(args, dict) else {})


def answer(id: Json, result: JsonValue, profile: Profile) -> Mapping[str, JsonValue]:
    """What is sent for a call that was carried out."""
    if profile == "legacy":
        return {"id": id, "result": result, "error": None}
    return {"jsonrpc": "2.0", "result": result, "id": id}


def failure(id: Json, error: Error, profile: Profile) -> Mapping[str, JsonValue]:
    """What is sent for one that was not."""
    if profile == "legacy":
        return {"id": id, "result": None, "error": error.text, "error_code": error.name}
    data: Mapping[str, JsonValue] = {"type": error.problem.get("type"), "problem": error.problem}
    return {"jsonrpc": "2.0", "error": {"code": error.code, "message": error.text, "data": data}, "id": id}


def _is_id(value: Json) -> bool:
    """Whether version 2.0 lets this be an id: String, Number or Null."""
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def written(value: JsonValue) -> bytes:
    """One answer, or a list of them, as JSON in UTF-8."""
    return _compact(value).encode("utf-8", "replace")
