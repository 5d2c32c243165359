"""API keys, in `Authorization`: libraries take that off when they follow a redirect elsewhere, and X-API-Key not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from watchword.core.advice import Advice
from watchword.crypto.secret import Secret
from watchword.edge.clients.place import place
from watchword.edge.clients.renewal import Trips, waited
from watchword.edge.clients.steps import Asked, Attempt, Flow, attempt
from watchword.edge.clients.told import told
from watchword.http.syntax import is_token


class ApiKeyAuth:
    """Sends an API key with every request. Nothing can be done about one that is refused: the answer is the caller's.

    `scheme` is that of the server's challenge. The rest is as for `SessionAuth`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        scheme: str = "APIKEY",
        origins: Iterable[str] = (),
        patience: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not is_token(scheme):
            raise ValueError("An authentication scheme is a token of RFC 9110, such as APIKEY or Bearer.")
        self.place = place(url, origins)
        self.patience = patience
        self.clock = clock
        self._key = Secret(key)
        self._scheme = scheme

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.base!r})"

    def flow(self, asked: Asked) -> Flow[None]:
        if not self.place.covers(asked.url):
            yield Attempt({})
            return
        fields = {"authorization": f"{self._scheme} {self._key.reveal_text()}"}
        answer = yield from attempt(fields)
        answered = told(answer, self.clock())
        if answered.advice is Advice.WAIT and self.place.covers(answer.url):
            yield from waited(answered, asked, lambda: fields, Trips(), self.patience)
