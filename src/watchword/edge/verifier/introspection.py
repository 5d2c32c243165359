"""Asking the authentication server about one token (RFC 7662 section 2), over connections that stay open."""

from __future__ import annotations

import http.client
import os
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from urllib.parse import quote_plus, urlencode

from watchword.core.ask import AnswerFailed
from watchword.core.questions import IntrospectToken
from watchword.core.records import Json
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import read_object
from watchword.edge.verifier.wire import AuthenticationServer, Refused

PATH = "/oauth2/introspect"
_LONGEST = 256 * 1024
_MOST_IDLE = 32


class Introspection:
    """Answers `IntrospectToken`, in whatever thread it is asked. `client` is the id and secret of an OAuth client with
    the role `verifier`."""

    def __init__(self, server: AuthenticationServer, client: tuple[str, str]) -> None:
        self._server = server
        # RFC 6749 section 2.3.1: both are form-encoded before they become Basic credentials.
        pair = ":".join(quote_plus(part) for part in client)
        self._authorization = f"Basic {b64encode(pair.encode()).decode('ascii')}"
        self._idle: deque[tuple[int, http.client.HTTPConnection]] = deque()  # with the process that opened it

    def introspect(self, question: IntrospectToken) -> Mapping[str, Json] | None:
        """What is told of the token, where it is alive. Raises AnswerFailed where nobody tells."""
        form = urlencode({"token": question.token.reveal()})
        try:
            answer = read_object(self._posted(form), most=_LONGEST)
        except (Refused, JoseRefused, OSError, http.client.HTTPException) as failure:
            raise AnswerFailed(f"introspection: {type(failure).__name__} {failure}") from None
        active = answer.get("active")
        if not isinstance(active, bool):
            raise AnswerFailed("introspection: the answer does not say whether the token is active")
        return answer if active else None

    def close(self) -> None:
        """Close the connections that stay open for the next question."""
        while self._idle:
            self._idle.pop()[1].close()

    def _posted(self, form: str) -> bytes:
        while True:
            connection, used = self._connection()
            try:
                content = self._server.post(connection, PATH, form, self._authorization, most=_LONGEST)
            except BaseException as failure:
                connection.close()
                # The server may have closed a connection that was idle for long. To ask twice does no harm.
                if used and isinstance(failure, ConnectionError | http.client.HTTPException):
                    continue
                raise
            if len(self._idle) < _MOST_IDLE:
                self._idle.append((os.getpid(), connection))
            else:
                connection.close()
            return content

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        """A connection that nobody else uses, and whether it was used before. After a fork, none is shared."""
        while True:
            try:
                process, connection = self._idle.pop()
            except IndexError:
                return self._server.connect(), False
            if process == os.getpid():
                return connection, True
            connection.close()
