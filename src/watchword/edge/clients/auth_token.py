"""Basic once, then the auth token that the server shows, in the place of the password (RESTHeart)."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from watchword.crypto.secret import Secret
from watchword.edge.clients.failures import LogInRefused
from watchword.edge.clients.password import Password
from watchword.edge.clients.place import place
from watchword.edge.clients.renewal import Kept, Trips, authenticated
from watchword.edge.clients.steps import Answer, Ask, Asked, Flow, answer_to
from watchword.edge.clients.told import Told, json_members, text_of, told


class AuthTokenAuth:
    """Asks for the auth token with the password, and sends that from then on. When it is refused, it asks again.

    `path`, with the user name behind it, is what is asked: for the field Auth-Token, or a member `auth_token`. With
    servers that show the field everywhere, `/roles/` will do as well. The rest is as for `SessionAuth`.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        path: str = "/tokens/",
        origins: Iterable[str] = (),
        patience: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if ":" in username:
            raise ValueError("A user name with a colon cannot be sent by Basic (RFC 7617 section 2).")
        self.place = place(url, origins)
        self.patience = patience
        self.clock = clock
        self.kept: Kept[Secret] = Kept(None, clock)
        self._password = Password(username, password)
        self._path = path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.base!r}, {self._password.name!r})"

    def flow(self, asked: Asked) -> Flow[None]:
        return authenticated(self, asked)

    def written(self, held: Secret, asked: Asked) -> Mapping[str, str]:
        return self._basic(held)

    def is_over(self, held: Secret) -> bool:
        return False

    def can_renew(self, held: Secret, answered: Told) -> bool:
        return self._password.helps(answered)

    def obtain(self, held: Secret | None, answered: Told | None, trips: Trips) -> Flow[Secret]:
        trips.take()
        url = self.place.url(self._path + quote(self._password.name, safe=""))
        fields = {"accept": "application/json", **self._basic(self._password.reveal())}
        answer = yield from answer_to(Ask(method="GET", url=url, fields=fields, content=b""))
        if self.place.is_home(answer.url) and answer.status == _DONE:
            token = _token(answer)
            if token is None:
                raise LogInRefused(
                    "The server shows no auth token: use another kind, or ask another path.", status=answer.status
                )
            return token
        raise self._password.failed(told(answer, self.clock()))

    def _basic(self, secret: Secret) -> Mapping[str, str]:
        pair = self._password.name.encode() + b":" + secret.reveal()
        return {"authorization": "Basic " + b64encode(pair).decode("ascii")}


_DONE = 200


def _token(answer: Answer) -> Secret | None:
    lines = [value for name, value in answer.fields if name.lower() == b"auth-token"]
    if len(lines) == 1 and lines[0]:
        return Secret(lines[0])
    token = text_of(json_members(answer), "auth_token")
    return None if token is None else Secret(token)
