"""Carries out steps as authentication of requests, or of its successor niquests, whose interface is the same.

Such a library calls its authentication before it has a connection, and hands it every answer in a hook. So whatever a
client asks by itself goes over a session of its own, and what is repeated over the connection of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, MutableMapping
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from watchword.edge.clients.steps import Answer, Ask, Asked, Attempt, InTurn, Kind, Step, Wait
from watchword.edge.clients.told import is_problem

DEFAULT_TIMEOUT = 30.0
"""Seconds that are waited for answers to requests of the client's own."""


class SentRequest(Protocol):
    """What is used of the library's prepared requests."""

    method: Any
    url: Any
    headers: Any
    body: Any

    @property
    def path_url(self) -> str: ...
    def copy(self) -> Self: ...
    def register_hook(self, event: Any, hook: Any) -> None: ...


class Head(Protocol):
    """What is used of the library's responses, but for their content."""

    status_code: Any
    url: Any
    headers: Any
    history: Any
    raw: Any
    request: Any


class GotResponse(Head, Protocol):
    """What is used of responses that were got in a thread."""

    @property
    def content(self) -> bytes | None: ...


S = TypeVar("S", bound=GotResponse)
H = TypeVar("H", bound=Head)


class Sending:
    """A flow that has sent its request, and waits for the answer to it."""

    def __init__(self, kind: Kind, request: SentRequest) -> None:
        self._content = _Content(request.body)
        self.flow: Generator[Step, Answer | None, None] = kind.flow(_asked(request, self._content))
        self.over = False

    def next(self, answer: Answer | None) -> Step | None:
        """What is to be done after this; None at the end."""
        try:
            return self.flow.send(answer)
        except StopIteration:
            self.over = True
            return None
        except BaseException:
            self.over = True
            raise

    def close(self) -> None:
        """Let the flow go of whatever it holds."""
        self.over = True
        self.flow.close()

    def repeated(self, response: Head, step: Attempt) -> Any:
        """The request of this response, with other credentials."""
        request = response.request.copy()
        self._content.rewind()
        write(request, step)
        return request


def begin(kind: Kind, request: SentRequest, ask: Callable[[Ask], Answer]) -> Sending:
    """Write credentials into a request that is about to be sent."""
    sending = Sending(kind, request)
    try:
        step = sending.next(None)
        while step is not None and not isinstance(step, Attempt):
            step = sending.next(carried_out(step, ask))
        assert step is not None, "a flow sends the request at least once"
    except BaseException:
        sending.close()
        raise
    write(request, step)
    return sending


def go_on(sending: Sending, response: S, ask: Callable[[Ask], Answer], send: Callable[[Any, S], S]) -> S:
    """The answer that its caller gets, after whatever the first one advised."""
    if sending.over:
        return response
    try:
        step = sending.next(_read(response))
        while step is not None:
            if isinstance(step, Attempt):
                response = followed(send(sending.repeated(response, step), response), response)
                step = sending.next(_read(response))
            else:
                step = sending.next(carried_out(step, ask))
    finally:
        sending.close()
    return response


def carried_out(step: Ask | Wait | InTurn, ask: Callable[[Ask], Answer]) -> Answer | None:
    """What comes of a step that is not the request itself."""
    if isinstance(step, Ask):
        return ask(step)
    if isinstance(step, Wait):
        time.sleep(step.seconds)
    else:
        step.turn.result()
    return None


def followed(response: H, before: H) -> H:
    """The answer to the repeated request, with the one before it in its history."""
    response.history.append(before)
    return response


def write(request: SentRequest, step: Attempt) -> None:
    """Put the fields of credentials into a request."""
    for name, value in step.fields.items():
        request.headers[name] = value


def answer_of(response: Head, content: bytes) -> Answer:
    """The answer, with as much of its content as was read."""
    # Its own fields have all lines of a name in one, which cannot be taken apart again where they are cookies.
    lines: Mapping[str, Any] = getattr(response.raw, "headers", None) or response.headers
    return Answer(
        status=response.status_code,
        url=str(response.url),
        fields=tuple((_bytes(name).lower(), _bytes(value)) for name, value in lines.items()),
        content=content,
    )


def is_read(response: Head) -> bool:
    """Whether clients look at the content of this answer to the request."""
    fields: Mapping[str, Any] = response.headers
    return is_problem(_text(fields.get("content-type") or ""))


def _read(response: GotResponse) -> Answer:
    return answer_of(response, (response.content or b"") if is_read(response) else b"")


class _Content:
    """The content of a request, as far as it can be had again."""

    def __init__(self, body: Any) -> None:
        self.at_hand: bytes | None = None
        self._body = body
        self._position: int | None = None
        if body is None:
            self.at_hand = b""
        elif isinstance(body, bytes | bytearray):
            self.at_hand = bytes(body)
        elif isinstance(body, str):
            self.at_hand = body.encode()
        elif hasattr(body, "seek") and hasattr(body, "tell"):
            try:
                self._position = body.tell()
            except (OSError, ValueError):
                self._position = None

    @property
    def repeatable(self) -> bool:
        return self.at_hand is not None or self._position is not None

    def rewind(self) -> None:
        """To where it began, for a file."""
        if self._position is not None and hasattr(self._body, "seek"):
            self._body.seek(self._position)


def _asked(request: SentRequest, content: _Content) -> Asked:
    headers: MutableMapping[str, Any] = request.headers
    return Asked(
        method=request.method or "GET",
        url=request.url or "",
        target=request.path_url.encode("ascii"),
        host=_text(headers.get("host") or _authority(request.url or "")).encode("ascii"),
        cookie=_text(headers.get("cookie") or ""),
        content=content.at_hand,
        repeatable=content.repeatable,
    )


def _authority(url: str) -> str:
    """What these libraries write into Host."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, default) else f"{host}:{parts.port}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
