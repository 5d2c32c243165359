"""A log-in here that is one at CouchDB, too (S2.30). What becomes of that one never changes what becomes of ours."""

from __future__ import annotations

from enum import Enum

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.questions.couchdb import RelayLogIn, RelayRefused
from watchword.crypto.secret import Secret
from watchword.http.couchdb_relayed import RelayedCookie


class NotRelayed(Enum):
    """Why there is no cookie of CouchDB's."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


def relay_log_in(name: str, password: Secret) -> Steps[RelayedCookie | NotRelayed]:
    """CouchDB's cookie for who has just logged in here with this password, or why there is none."""
    try:
        answer = yield from ask(RelayLogIn(name, password))
    except AnswerFailed:
        return NotRelayed.UNAVAILABLE
    return NotRelayed.REFUSED if isinstance(answer, RelayRefused) else answer
