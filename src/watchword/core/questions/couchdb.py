"""What is asked of a CouchDB beside us, to which log-ins are relayed (S2.30)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.crypto.secret import Secret
from watchword.http.couchdb_relayed import RelayedCookie


@dataclass(frozen=True, slots=True)
class RelayRefused:
    """CouchDB does not take this password for that name."""


RelayAnswer: TypeAlias = RelayedCookie | RelayRefused


@dataclass(frozen=True, slots=True)
class RelayLogIn(Question[RelayAnswer]):
    """Log in at CouchDB, too, with a password that was right here."""

    name: str
    password: Secret = field(repr=False)
