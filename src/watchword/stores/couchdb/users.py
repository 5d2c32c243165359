"""The `_users` database of a CouchDB, for a command that changes passwords in it: page by page, one by one.

Redirects are not followed, because the administrator's password goes along.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote, urlsplit

from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.http.json_text import Json, read_json_text
from watchword.http.syntax import Unreadable
from watchword.outgoing.http import Outgoing

PREFIX: Final = "org.couchdb.user:"
_LAST: Final = PREFIX + "\ufff0"
_LARGEST: Final = 16 * 1024 * 1024
_PATIENCE: Final = 30.0
"""Seconds for a page of users, whole."""


@dataclass(frozen=True, slots=True)
class UserDocument:
    """A document of a user, as it is kept, and the user's name."""

    name: str
    document: Mapping[str, Json] = field(repr=False)


class CouchDBUsers:
    """`url` is CouchDB's, `admin` the name and password of one of its administrators."""

    def __init__(self, url: str, admin: tuple[str, Secret], *, authorities: Path | None = None) -> None:
        self._base = url.rstrip("/") + "/_users"
        self._outgoing = Outgoing(
            "CouchDB",
            patience=_PATIENCE,
            largest=_LARGEST,
            private_hosts=[urlsplit(url).hostname or ""],
            authorities=authorities,
        )
        name, password = admin
        self._authorization = b"Basic " + b64encode(name.encode() + b":" + password.reveal())

    def page(self, after: str | None, most: int) -> list[UserDocument]:
        """The next users after this one, in CouchDB's order, at most so many; none at the end.

        Raises:
            AnswerFailed: where CouchDB does not answer, or not with that.
        """
        first = PREFIX if after is None else PREFIX + after
        query = "&".join(
            f"{key}={quote(json.dumps(value), safe='')}"
            for key, value in (
                ("include_docs", True),
                ("startkey", first),
                ("endkey", _LAST),
                ("limit", most + 1),  # the first is the one that the page before ended with
            )
        )
        answer = self._asked("GET", f"/_all_docs?{query}")[1]
        rows = answer.get("rows")
        if not isinstance(rows, list):
            raise AnswerFailed("CouchDB answers with no list of users")
        found = [user for row in rows if isinstance(row, dict) and (user := _user(row.get("doc"))) is not None]
        return [user for user in found if user.name != after][:most]

    def find(self, name: str) -> UserDocument | None:
        """The user of this name; None where there is none. Raises as above."""
        status, answer = self._asked("GET", self._of(name), (200, 404))
        return _user(answer) if status == 200 else None

    def put(self, user: UserDocument) -> bool:
        """Whether the document was taken: not where another one has been put there meanwhile. Raises as above."""
        content = json.dumps(user.document).encode("ascii")
        return self._asked("PUT", self._of(user.name), (200, 201, 202, 409), content)[0] != 409

    def _of(self, name: str) -> str:
        return f"/{quote(PREFIX + name, safe='')}"

    def _asked(
        self, method: str, target: str, expected: tuple[int, ...] = (200,), content: bytes = b""
    ) -> tuple[int, Mapping[str, Json]]:
        fields = [(b"accept", b"application/json"), (b"authorization", self._authorization)]
        if content:
            fields.append((b"content-type", b"application/json"))
        answered = self._outgoing.ask(method, self._base + target, fields=tuple(fields), content=content)
        if answered.status not in expected:
            refused = answered.status in (401, 403)
            raise AnswerFailed(
                "CouchDB refuses the administrator" if refused else f"CouchDB answers {answered.status} to {method}"
            )
        answer = read_json_text(answered.content)
        if isinstance(answer, Unreadable) or not isinstance(answer, dict):
            raise AnswerFailed("CouchDB answers with no JSON object")
        return answered.status, answer


def _user(document: object) -> UserDocument | None:
    """The user of this document; None for what is no user's, such as a design document."""
    match document:
        case {"_id": str(key), "name": str(name), "type": "user"} if key == PREFIX + name:
            return UserDocument(name, cast("Mapping[str, Json]", document))
        case _:
            return None
