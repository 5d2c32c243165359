"""Content that is read before a request is judged, because mechanisms judge it too: bounded, and handed on whole."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias

from watchword.core.mechanism import ReadsContent
from watchword.core.space import ProtectionSpace
from watchword.http.message import Request

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from watchword.edge.asgi import Message, Receive

    Read: TypeAlias = tuple[Request, Receive]


class Contents:
    """Reads content for those mechanisms of the spaces that want it, and for requests of which they want it only.

    Where there is more than they want, the request is judged as one whose content is not at hand.
    """

    def __init__(self, spaces: Iterable[ProtectionSpace]) -> None:
        self._readers = [m for space in spaces for m in space.mechanisms if isinstance(m, ReadsContent)]

    @property
    def ever_wanted(self) -> bool:
        """Whether content of any request is."""
        return bool(self._readers)

    def wanted(self, request: Request) -> int:
        """How many bytes of content are to be read at most; 0 where none is wanted."""
        if not self._readers:
            return 0
        return max(reader.content_wanted(request) for reader in self._readers)

    async def read(self, request: Request, receive: Receive) -> Read:
        """The request with its content, and what hands that on to the application (ASGI)."""
        most = self.wanted(request)
        if not most:
            return request, receive
        begun: list[Message] = []
        length, whole = 0, False
        while length <= most and not whole:
            message = await receive()
            begun.append(message)
            if message["type"] != "http.request":  # the client has gone
                return request, _resumed(begun, receive)
            length += len(message.get("body", b""))
            whole = not message.get("more_body", False)
        if length <= most:
            request = request.replaced(body=b"".join(message.get("body", b"") for message in begun))
        return request, _resumed(begun, receive)

    def read_now(self, request: Request, environ: WSGIEnvironment) -> Request:
        """The request with its content, which the application finds in `environ` as if nobody had read it (WSGI)."""
        length = self.length_now(request, environ)
        if length is None:
            return request
        content: bytes = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = BytesIO(content)
        return request.replaced(body=content)

    def length_now(self, request: Request, environ: WSGIEnvironment) -> int | None:
        """How many bytes are to be read now; None where none are wanted, more came, or nobody says how many (WSGI)."""
        most = self.wanted(request)
        length = _content_length(environ) if most else None
        return None if length is None or length > most else length


def _resumed(begun: list[Message], receive: Receive) -> Receive:
    waiting = iter(begun)

    async def receive_again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return receive_again


def _content_length(environ: dict[str, Any]) -> int | None:
    """By CONTENT_LENGTH, without which there is no content; None where it comes in chunks, or cannot be read."""
    text = environ.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in environ or not (text.isascii() and text.isdigit()) or len(text) > 18:
        return None
    return int(text)
