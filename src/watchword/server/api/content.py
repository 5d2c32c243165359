"""The content of a request, read strictly: bounded, of a named media type, and with one meaning only (F11)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from watchword.core.records import Json
from watchword.http.syntax import Unreadable, members, read_params
from watchword.server.api.errors import Wrong, invalid

LONGEST_CONTENT = 65_536
"""In bytes."""
MOST_FIELDS = 50
"""Of a form."""
DEEPEST = 32
"""Arrays and objects inside each other."""

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


class Content(BaseModel):
    """What a route takes. Nothing that was sent is ever repeated in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


M = TypeVar("M", bound=Content)


def content(model: type[M], *, forms: bool = False) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads the content as this model, from JSON or, where `forms`, from a form too."""
    accepted = (JSON_TYPE, FORM_TYPE) if forms else (JSON_TYPE,)

    async def read(request: Request) -> M:
        media_type = media_type_of(request, accepted)
        received = await read_bounded(request)
        value = read_form(received) if media_type == FORM_TYPE else read_json(received)
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise invalid(model, error) from None

    return read


async def json_object(request: Request) -> dict[str, Json]:
    """The content as a JSON object of any shape."""
    media_type_of(request, (JSON_TYPE,))
    value = read_json(await read_bounded(request))
    if not isinstance(value, dict):
        raise Wrong("invalid-content", "Send a JSON object.")
    return value


def media_type_of(request: Request, accepted: tuple[str, ...]) -> str:
    """The media type, where it is one of those: `text/plain` that happens to be JSON needs no preflight (F27)."""
    lines = request.headers.getlist("content-type")
    media_type, *parameters = (members(lines[0], ";") if len(lines) == 1 else []) or [""]
    read = read_params(parameters)
    known = not isinstance(read, Unreadable) and all(
        (name, value.lower()) == ("charset", "utf-8") for name, value in read
    )
    if media_type.lower() not in accepted or not known:
        raise Wrong(
            "unsupported-content",
            f"Send {' or '.join(accepted)}, in UTF-8, and say so in Content-Type.",
            fields=((b"accept", ", ".join(accepted).encode()),),
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        # Nothing is ever decompressed: a small request could become a large one.
        raise Wrong("unsupported-content", "Send it uncompressed.", fields=((b"accept-encoding", b"identity"),))
    return media_type.lower()


async def read_bounded(request: Request) -> bytes:
    """All of the content, of which no more than the limit is ever read."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 10 or int(length) > LONGEST_CONTENT:
        raise _too_large()
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > LONGEST_CONTENT:
            raise _too_large()
    return bytes(received)


def _too_large() -> Wrong:
    return Wrong("content-too-large", f"At most {LONGEST_CONTENT} bytes are taken.")


# --- JSON (RFC 8259), as interoperable as I-JSON (RFC 7493) demands -------------------------------------------------


def read_json(content: bytes) -> Json:
    """The value, where all readers of JSON would read the same one.

    Raises:
        Wrong: for a member that comes twice, half a surrogate pair, a number beyond doubles, and what is no JSON.
    """
    _check_depth(content)
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_integer,
        )
        json.dumps(value, ensure_ascii=False).encode()  # finds half surrogate pairs, which \u can spell
    except (ValueError, RecursionError):
        # A UnicodeDecodeError is a ValueError too. Its message would repeat what was sent.
        raise Wrong("malformed-content", "This is not JSON that has one meaning only.") from None
    return cast(Json, value)


# Strings hide brackets, so they are matched too; one that never ends hides the rest, and is no JSON.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


def _check_depth(content: bytes) -> None:
    depth = 0
    for match in _BRACKETS.finditer(content):
        first = content[match.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > DEEPEST:
            raise Wrong("malformed-content", f"Nothing is nested deeper than {DEEPEST} levels.")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member comes twice")
    return value


def _no_number(text: str) -> float:
    raise ValueError("not a number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("beyond what a double holds")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("beyond what anybody counts")
    return int(text)


# --- forms (the URL standard, section 5.1) --------------------------------------------------------------------------


def read_form(content: bytes) -> dict[str, str]:
    """The fields of a form.

    Raises:
        Wrong: for a field that comes twice, too many fields, and what is not UTF-8.
    """
    pairs = read_pairs(content)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Wrong("malformed-content", "A field comes twice.")
    return fields


def read_pairs(content: bytes) -> list[tuple[str, str]]:
    """The fields of a form, in order. Only `&` separates them: some readers take `;` too, and would see other fields.

    Raises:
        Wrong: for too many fields, and what is not UTF-8.
    """
    try:
        return parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(content),
            errors="strict",
            max_num_fields=MOST_FIELDS,
            separator="&",
        )
    except ValueError:
        raise Wrong("malformed-content", f"This is not a form of at most {MOST_FIELDS} fields in UTF-8.") from None
