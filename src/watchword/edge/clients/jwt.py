"""Access tokens with refresh tokens, which rotate: one refresh for all who need it, and nothing is lost (S2.18)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from watchword.core.advice import Advice
from watchword.edge.clients.failures import CannotAuthenticateNow, LogInNeeded
from watchword.edge.clients.password import Password, SecondFactor, form
from watchword.edge.clients.place import place
from watchword.edge.clients.renewal import AGAIN, Kept, Trips, authenticated
from watchword.edge.clients.steps import Answer, Asked, Flow, answer_to
from watchword.edge.clients.told import Told, json_members, text_of, told


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, the refresh token beside it, and when the access token ends (seconds since 1970), if known."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


class JwtAuth:
    """Sends an access token, and renews it with the refresh token: before it ends, where it is known when, or when
    the server says so. Without tokens, or when they are over, it logs in with the password, where it has one.

    `on_tokens` is told of new tokens before they are used, so that they can be kept for the next start: a refresh
    token is good once. It runs where the request runs, and should be quick. The rest is as for `SessionAuth`.
    """

    def __init__(
        self,
        url: str,
        username: str | None = None,
        password: str | None = None,
        *,
        tokens: Tokens | None = None,
        on_tokens: Callable[[Tokens], None] | None = None,
        scope: str = "",
        device: str = "",
        second_factor: SecondFactor | None = None,
        origins: Iterable[str] = (),
        patience: float = 5.0,
        log_in_path: str = "/auth/login",
        refresh_path: str = "/auth/token",
        clock: Callable[[], float] = time.time,
    ) -> None:
        if (username is None) != (password is None):
            raise ValueError("A user name and a password come together.")
        self._password: Password | None = None
        if username is not None and password is not None:
            self._password = Password(username, password, second_factor)
        elif tokens is None:
            raise ValueError("Give tokens, or a user name and a password.")
        self.place = place(url, origins)
        self.patience = patience
        self.clock = clock
        self.kept: Kept[Tokens] = Kept(tokens, clock)
        self._on_tokens = on_tokens
        self._more = {name: value for name, value in (("scope", scope), ("device", device)) if value}
        self._log_in_path = log_in_path
        self._refresh_path = refresh_path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.base!r})"

    @property
    def tokens(self) -> Tokens | None:
        """The latest tokens; None before the first log-in, and after they were refused for good."""
        return self.kept.held

    def flow(self, asked: Asked) -> Flow[None]:
        return authenticated(self, asked)

    def written(self, held: Tokens, asked: Asked) -> Mapping[str, str]:
        return {"authorization": f"Bearer {held.access_token}"}

    def is_over(self, held: Tokens) -> bool:
        renewable = held.refresh_token is not None or self._password is not None
        return renewable and held.expires_at is not None and held.expires_at <= self.clock()

    def can_renew(self, held: Tokens, answered: Told) -> bool:
        if self._password is not None:
            return self._password.helps(answered)
        return answered.advice in AGAIN and answered.advice is not Advice.STEP_UP

    def obtain(self, held: Tokens | None, answered: Told | None, trips: Trips) -> Flow[Tokens]:
        if held is not None and held.refresh_token is not None and self._refreshes(answered):
            trips.take()
            renewed = yield from self._refreshed(held.refresh_token)
            if renewed is not None:
                return self._noted(renewed)
        self.kept.held = None
        if self._password is None:
            raise LogInNeeded("The tokens are over, and cannot be renewed: log in again.")
        if not trips.take():
            raise LogInNeeded("The tokens are over, and could not be renewed: the next call logs in with the password.")
        asking = self._password.log_in(self.place.url(self._log_in_path), self._more)
        answer = yield from answer_to(asking)
        tokens = self._read(answer)
        if tokens is None:
            raise self._password.failed(told(answer, self.clock()))
        return self._noted(tokens)

    def _refreshes(self, answered: Told | None) -> bool:
        """Not where only a log-in helps: where a fresh one is asked for, or the token was revoked."""
        if answered is None or self._password is None:
            return True
        return answered.advice is not Advice.STEP_UP and answered.code != "invalid-token"

    def _refreshed(self, refresh_token: str) -> Flow[Tokens | None]:
        """None where the refresh token is good no more.

        Raises:
            CannotAuthenticateNow: where the answer does not say that.
        """
        members = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        asking = form(self.place.url(self._refresh_path), members)
        answer = yield from answer_to(asking)
        tokens = self._read(answer, refresh_token)
        if tokens is not None or _is_over(answer):
            return tokens
        found = told(answer, self.clock())
        raise CannotAuthenticateNow(
            f"The tokens could not be renewed, and are kept: status {answer.status}.",
            status=answer.status,
            code=found.code,
            retry_after=found.retry_after,
        )

    def _read(self, answer: Answer, refresh_token: str | None = None) -> Tokens | None:
        """The tokens that an answer gives. Servers that do not rotate leave the refresh token out."""
        members = json_members(answer)
        access_token = text_of(members, "access_token")
        if answer.status != _DONE or not self.place.is_home(answer.url) or access_token is None:
            return None
        seconds = members.get("expires_in")
        timed = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        return Tokens(
            access_token,
            text_of(members, "refresh_token") or refresh_token,
            self.clock() + float(seconds) if timed and isinstance(seconds, int | float) else None,
        )

    def _noted(self, tokens: Tokens) -> Tokens:
        try:
            if self._on_tokens is not None:
                self._on_tokens(tokens)
        finally:
            self.kept.held = tokens  # whatever became of the callback: the old refresh token is spent
        return tokens


_DONE = 200
_OVER = "invalid_grant"


def _is_over(answer: Answer) -> bool:
    """Whether a refresh was refused for good (RFC 6749 section 5.2). Whatever else came of it may pass."""
    return 400 <= answer.status < 500 and json_members(answer).get("error") == _OVER
