"""A user name and a password, and what comes of sending them to a log-in route."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from watchword.core.advice import Advice
from watchword.crypto.secret import Secret
from watchword.edge.clients.failures import CannotAuthenticateNow, LogInRefused, NotAuthenticated, SecondFactorNeeded
from watchword.edge.clients.renewal import AGAIN
from watchword.edge.clients.steps import Ask
from watchword.edge.clients.told import Told

SecondFactor = Callable[[], str]
"""Gives a code whenever one is needed: an authenticator's."""


class Password:
    """Who logs in, and how. Once it was refused, it is never sent again."""

    def __init__(self, name: str, secret: str, second_factor: SecondFactor | None = None) -> None:
        self.name = name
        self._secret = Secret(secret)
        self._second_factor = second_factor
        self._refused: NotAuthenticated | None = None

    def __repr__(self) -> str:
        return f"Password({self.name!r})"

    def reveal(self) -> Secret:
        """The password, to be sent.

        Raises:
            NotAuthenticated: where it was refused before.
        """
        if self._refused is not None:
            raise self._refused.again()
        return self._secret

    def log_in(self, url: str, more: Mapping[str, str]) -> Ask:
        """The request that logs in. The code comes along, so that one request is enough. Raises as `reveal`."""
        members = {"username": self.name, "password": self.reveal().reveal_text(), **more}
        if self._second_factor is not None:
            members["code"] = self._second_factor()
        return Ask(url=url, fields={**_JSON, "content-type": "application/json"}, content=json.dumps(members).encode())

    def failed(self, answered: Told) -> NotAuthenticated:
        """Why a log-in failed that was answered so. Where the password is wrong, it is kept in mind."""
        failure = why_not(answered)
        if answered.advice in (Advice.LOG_IN, Advice.REFRESH):
            self._refused = failure
        return failure

    def helps(self, answered: Told) -> bool:
        """Whether logging in again changes anything about this answer."""
        if answered.advice is not Advice.STEP_UP or self._second_factor is not None:
            return answered.advice in AGAIN
        # A fresh log-in is one thing that may be asked for, a stronger one another.
        return not any(challenge.param("acr_values") for challenge in answered.challenges)


def form(url: str, members: Mapping[str, str]) -> Ask:
    """A request with a form, as OAuth's token endpoint wants it (RFC 6749 section 3.2)."""
    fields = {**_JSON, "content-type": "application/x-www-form-urlencoded"}
    return Ask(url=url, fields=fields, content=urlencode(members).encode("ascii"))


def why_not(answered: Told) -> NotAuthenticated:
    """Why a log-in failed that was answered so."""
    failure, message = _why(answered)
    code = "" if answered.code is None else f", {answered.code}"
    return failure(
        f"{message} (status {answered.status}{code})",
        status=answered.status,
        code=answered.code,
        retry_after=answered.retry_after,
    )


def _why(answered: Told) -> tuple[type[NotAuthenticated], str]:
    if answered.advice is Advice.STEP_UP:
        return SecondFactorNeeded, "The account needs a second factor: give the client a second_factor."
    if answered.advice is Advice.WAIT or answered.status >= _THEIR_FAULT:
        return CannotAuthenticateNow, "The server cannot check credentials at the moment."
    return LogInRefused, "The log-in was refused."


_JSON = {"accept": "application/json"}
_THEIR_FAULT = 500
