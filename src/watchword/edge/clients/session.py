"""Sessions: one log-in, then its cookie or, for clients without a cookie jar, its token as Bearer (S2.41)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from watchword.edge.clients.password import Password, SecondFactor
from watchword.edge.clients.place import place
from watchword.edge.clients.renewal import Kept, Trips, authenticated
from watchword.edge.clients.steps import Answer, Asked, Flow, answer_to
from watchword.edge.clients.told import Told, json_members, text_of, told
from watchword.http.cookies import read_cookies


@dataclass(frozen=True, slots=True)
class Session:
    """What a log-in gave."""

    token: str | None = field(default=None, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class SessionAuth:
    """Logs in once with `POST /login`, and again when the session has ended.

    `delivery` says how the session is carried: "body" as Bearer token, "cookie" as cookie. `patience` is how many
    seconds of Retry-After are waited for. `origins` may see the session besides the server at `url`.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        delivery: Literal["body", "cookie"] = "body",
        second_factor: SecondFactor | None = None,
        origins: Iterable[str] = (),
        patience: float = 5.0,
        path: str = "/login",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place(url, origins)
        self.patience = patience
        self.clock = clock
        self.kept: Kept[Session] = Kept(None, clock)
        self._password = Password(username, password, second_factor)
        self._delivery = delivery
        self._path = path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.base!r}, {self._password.name!r})"

    def flow(self, asked: Asked) -> Flow[None]:
        return authenticated(self, asked)

    def written(self, held: Session, asked: Asked) -> Mapping[str, str]:
        if held.token is not None:
            return {"authorization": f"Bearer {held.token}"}
        return {"cookie": with_cookies(asked.cookie, held.cookies)}

    def is_over(self, held: Session) -> bool:
        return False

    def can_renew(self, held: Session, answered: Told) -> bool:
        return self._password.helps(answered)

    def obtain(self, held: Session | None, answered: Told | None, trips: Trips) -> Flow[Session]:
        trips.take()
        asking = self._password.log_in(self.place.url(self._path), {"delivery": self._delivery})
        answer = yield from answer_to(asking)
        session = _session(answer) if answer.status == _DONE and self.place.is_home(answer.url) else None
        if session is None:
            raise self._password.failed(told(answer, self.clock()))
        return session


_DONE = 200


def with_cookies(line: str, cookies: Mapping[str, str]) -> str:
    """A Cookie line with these cookies, in the place of those of the same names."""
    others = [
        part.strip() for part in line.split(";") if part.strip() and part.partition("=")[0].strip() not in cookies
    ]
    return "; ".join((*others, *(f"{name}={value}" for name, value in cookies.items())))


def _session(answer: Answer) -> Session | None:
    token = text_of(json_members(answer), "session_token")
    if token is not None:
        return Session(token)
    lines = [value.partition(b";")[0] for name, value in answer.fields if name.lower() == b"set-cookie"]
    cookies = {name: values[-1] for name, values in read_cookies(lines).items() if name and values[-1]}
    return Session(None, cookies) if cookies else None
