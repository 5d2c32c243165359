"""The last resort: an error that nobody expected is noted, and answered without telling anybody how (ASVS 16.5.4)."""

from __future__ import annotations

from collections.abc import Callable

from watchword.core.events import Event
from watchword.core.respond import PROBLEM_TYPE
from watchword.edge.asgi import Application, Receive, Scope, Send, send_response
from watchword.http.caching import NO_STORE
from watchword.http.message import Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.server.log import unexpected


def with_last_resort(
    application: Application, entropy: Callable[[int], bytes], log: Callable[[Event], None]
) -> Application:
    """The application, whose errors end here. `entropy(n)` gives n random bytes, for the ids of requests."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except Exception as error:
            request_id = entropy(9).hex()
            log(unexpected("watchword.server", error, id=request_id))
            try:
                await send_response(_internal_error(request_id), send, method=scope.get("method", ""))
            except Exception:
                raise error from None  # an answer had begun: the server can only close the connection

    return guarded


def _internal_error(request_id: str) -> Response:
    problem = Problem(
        type=PROBLEM_TYPE + "internal-error",
        title="Internal error",
        status=500,
        detail="Something went wrong here. It was noted.",
        instance=f"urn:watchword:request:{request_id}",
        code="internal-error",
    )
    return Response(500, ((b"content-type", CONTENT_TYPE), NO_STORE, *SECURITY_FIELDS), problem.body())
