"""What is asked about the keys of sessions that are kept by the client."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class SessionKey:
    """One of the server's keys for sessions. Tokens name it by its `id`."""

    id: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys as they are to be used now: new tokens are made with `seals`, `opens` has those for all tokens that may
    be alive, oldest first."""

    seals: SessionKey
    opens: tuple[SessionKey, ...]

    def named(self, id: str) -> SessionKey | None:
        """The key of this id, where it still opens."""
        return next((key for key in self.opens if key.id == id), None)


@dataclass(frozen=True, slots=True)
class FindSessionKeys(Question[SessionKeys]):
    """The keys of now. A token `needs` the key of this id: where it is not known yet, it may be new."""

    needs: str | None = None
