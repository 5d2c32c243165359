"""Authentication for clients of requests: `requests.get(url, auth=WatchwordAuth(SessionAuth(url, user, password)))`."""

from __future__ import annotations

from functools import partial
from typing import Any

import requests
import requests.auth

from watchword.edge.clients.api_key import ApiKeyAuth
from watchword.edge.clients.auth_token import AuthTokenAuth
from watchword.edge.clients.failures import (
    CannotAuthenticateNow,
    LogInNeeded,
    LogInRefused,
    NotAuthenticated,
    NotRepeatable,
    SecondFactorNeeded,
)
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.requests_driver import DEFAULT_TIMEOUT, Sending, answer_of, begin, go_on
from watchword.edge.clients.session import SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth
from watchword.edge.clients.steps import Answer, Ask, Kind

__all__ = [
    "ApiKeyAuth",
    "AuthTokenAuth",
    "CannotAuthenticateNow",
    "JwtAuth",
    "LogInNeeded",
    "LogInRefused",
    "NotAuthenticated",
    "NotRepeatable",
    "SecondFactorNeeded",
    "SessionAuth",
    "SignedRequestAuth",
    "Tokens",
    "WatchwordAuth",
]


class WatchwordAuth(requests.auth.AuthBase):
    """Authenticates requests in one of the ways above, and does what refusals tell: see
    docs/reference/client-actions.md. For any number of threads and sessions at once.

    Log-ins and refreshes go over `session`, with its certificates and proxies, or over one of their own; each waits for
    at most `timeout` seconds.
    """

    def __init__(
        self, kind: Kind, *, session: requests.Session | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        self.kind = kind
        self._session = session
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"WatchwordAuth({self.kind!r})"

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        sending = begin(self.kind, r, self._ask)
        r.register_hook("response", partial(self._answered, sending))
        return r

    def _answered(self, sending: Sending, response: requests.Response, **options: Any) -> requests.Response:
        return go_on(sending, response, self._ask, partial(_sent_again, options))

    def _ask(self, asking: Ask) -> Answer:
        if self._session is not None:
            return _asked(self._session, asking, self._timeout)
        with requests.Session() as session:
            return _asked(session, asking, self._timeout)


def _sent_again(
    options: dict[str, Any], request: requests.PreparedRequest, before: requests.Response
) -> requests.Response:
    before.content  # noqa: B018 - read, so that the connection can be used again
    before.close()
    response: requests.Response = before.connection.send(request, **options)
    response.request = request
    return response


def _asked(session: requests.Session, asking: Ask, timeout: float) -> Answer:
    # Prepared apart from the session: its own authentication, and what netrc says, are for its own requests.
    request = requests.Request(asking.method, asking.url, headers=dict(asking.fields), data=asking.content).prepare()
    options: dict[str, Any] = dict(session.merge_environment_settings(asking.url, {}, None, None, None))
    response = session.send(request, timeout=timeout, allow_redirects=False, **options)
    return answer_of(response, response.content or b"")
