"""Log-ins at CouchDB that go along with those here: its `/_session`, asked for the cookie (S2.30)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from watchword.core.ask import AnswerFailed
from watchword.core.questions.couchdb import RelayAnswer, RelayLogIn, RelayRefused
from watchword.http.couchdb_relayed import read_relayed
from watchword.stores.http.answers import read_answer, sendable_password

if TYPE_CHECKING:
    from watchword.stores.http.asked import Asked


class CouchDBRelay:
    """Posts to `/_session`. The answer is bounded in time and size, and no redirect is followed."""

    def __init__(self, session: Asked) -> None:
        self._session = session

    def log_in(self, question: RelayLogIn) -> RelayAnswer:
        """CouchDB's cookie, or its clear no.

        Raises:
            AnswerFailed: for everything else, such as a 401 of somebody on the way.
        """
        password = sendable_password(question.password)
        if password is None:
            return RelayRefused()
        content = json.dumps({"name": question.name, "password": password}).encode("ascii")
        answered = self._session.post(content, "application/json")
        if answered.status not in (200, 401):
            raise AnswerFailed(f"CouchDB answers {answered.status}")
        answer = read_answer(answered.content)
        if answered.status == 401:
            if answer.get("error") != "unauthorized":
                raise AnswerFailed("the refusal is none of CouchDB's")
            return RelayRefused()
        cookie = read_relayed([value for name, value in answered.fields if name == b"set-cookie"])
        if answer.get("ok") is not True or cookie is None:
            raise AnswerFailed("the answer is none of CouchDB's")
        return cookie
