"""The content of a request, read strictly: bounded, of a named media type, and with one meaning only (F11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from watchword.core.records import Json
from watchword.http.json_text import DEEPEST, NESTED_DEEPER, read_json_text
from watchword.http.syntax import Unreadable, members, read_params
from watchword.server.api.errors import Wrong, invalid

LONGEST_CONTENT = 65_536
"""In bytes."""
MOST_FIELDS = 50
"""Of a form."""

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


async def read_bounded(request: Request, longest: int = LONGEST_CONTENT) -> bytes:
    """All of the content, of which no more than the limit is ever read."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 10 or int(length) > longest:
        raise _too_large(longest)
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > longest:
            raise _too_large(longest)
    return bytes(received)


def _too_large(longest: int) -> Wrong:
    return Wrong("content-too-large", f"At most {longest} bytes are taken.")


# --- JSON ------------------------------------------------------------------------------------------------------------


def read_json(content: bytes) -> Json:
    """The value, where all readers of JSON would read the same one.

    Raises:
        Wrong: for a member that comes twice, half a surrogate pair, a number beyond doubles, and what is no JSON.
    """
    value = read_json_text(content)
    if isinstance(value, Unreadable):
        raise unreadable(value)
    return value


def unreadable(why: Unreadable) -> Wrong:
    """What is wrong with content that is not JSON, or nested too deep."""
    deep = why is NESTED_DEEPER
    told = f"Nothing is nested deeper than {DEEPEST} levels." if deep else "This is not JSON that has one meaning only."
    return Wrong("malformed-content", told)


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
