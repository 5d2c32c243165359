"""CouchDB as a credential store: whoever may log in there, at `/_session`, may log in here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.http.answers import read_answer, sendable_name, sendable_password, text_of, texts_of

if TYPE_CHECKING:
    from watchword.stores.http.asked import Asked

SERVER_ADMIN: Final = "_admin"


class CouchDBSession:
    """Logs in at CouchDB, and lets go of the session that it gets.

    Roles are taken over, but those that CouchDB reserves for itself (they begin with an underscore): its server admins
    have `admin_roles` here.
    """

    def __init__(self, session: Asked, *, admin_roles: frozenset[str] = frozenset()) -> None:
        self._session = session
        self._admin_roles = admin_roles

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`. CouchDB does not tell an unknown name from a wrong password."""
        asked, text = sendable_name(name), sendable_password(password)
        if asked is None:
            return Denied("unusable-name", knows=False)
        if text is None:
            return Denied("unusable-password", knows=False)
        content = json.dumps({"name": asked, "password": text}).encode("ascii")
        answered = self._session.post(content, "application/json")
        if answered.status not in (200, 401):
            raise AnswerFailed(f"CouchDB answers {answered.status}")
        answer = read_answer(answered.content)
        if answered.status == 401:
            if answer.get("error") != "unauthorized":  # somebody on the way wants credentials
                raise AnswerFailed("the refusal is none of CouchDB's")
            return Denied("refused-elsewhere", knows=False)
        if answer.get("ok") is not True:
            raise AnswerFailed("the answer is none of CouchDB's")
        told = answer.get("name")
        roles = texts_of(answer.get("roles"), "a role")
        return Identity(
            # Null for server admins in CouchDB 1. It knows names by one spelling only.
            name=asked if told is None else text_of(told, "the name"),
            roles=frozenset(role for role in roles if not role.startswith("_"))
            | (self._admin_roles if SERVER_ADMIN in roles else frozenset()),
        )
