"""The last resort: an error that nobody expected is noted, and answered without telling anybody how (ASVS 16.5.4)."""

from __future__ import annotations

from collections.abc import Callable

from watchword.core.events import Event
from watchword.core.respond import PROBLEM_TYPE
from watchword.edge.asgi import Application, Hot, Receive, Scope, Send, send_response
from watchword.http.caching import NO_STORE
from watchword.http.message import Request, Response
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
            response = _noted(error, entropy, log)
            try:
                await send_response(response, send, method=scope.get("method", ""))
            except Exception:
                raise error from None  # an answer had begun: the server can only close the connection

    return guarded


def hot_with_last_resort(hot: Hot, entropy: Callable[[int], bytes], log: Callable[[Event], None]) -> Hot:
    """The same for a route that may answer in place."""

    def guarded(request: Request) -> Response | Application:
        try:
            answer = hot(request)
        except Exception as error:
            return _noted(error, entropy, log)
        return answer if isinstance(answer, Response) else with_last_resort(answer, entropy, log)

    return guarded


def _noted(error: Exception, entropy: Callable[[int], bytes], log: Callable[[Event], None]) -> Response:
    request_id = entropy(9).hex()
    log(unexpected("watchword.server", error, id=request_id))
    problem = Problem(
        type=PROBLEM_TYPE + "internal-error",
        title="Internal error",
        status=500,
        detail="Something went wrong here. It was noted.",
        instance=f"urn:watchword:request:{request_id}",
        code="internal-error",
    )
    return Response(500, ((b"content-type", CONTENT_TYPE), NO_STORE, *SECURITY_FIELDS), problem.body())
