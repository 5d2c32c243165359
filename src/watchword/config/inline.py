"""The look-ups that an event loop makes in place: they ask for news once in each of its turns."""

from __future__ import annotations

import asyncio

from watchword.core.ask import NotYet
from watchword.core.credentials import Credential
from watchword.core.questions import (
    FindAccount,
    FindCredentials,
    FindKey,
    FindSession,
    FindStanding,
    FindToken,
    FoundKey,
    FoundSession,
    FoundToken,
)
from watchword.core.records import Account
from watchword.core.revocations import Standing
from watchword.storage import Cached
from watchword.storage.standings import Standings


class InlineLookUps:
    """What is answered from memory. `NOT_YET` sends a question to a thread."""

    def __init__(self, cached: Cached, standings: Standings) -> None:
        self._cached = cached
        self._standings = standings
        self._ends = False

    def find_session(self, question: FindSession) -> FoundSession | NotYet | None:
        self._begin()
        return self._cached.find_session_inline(question)

    def find_account(self, question: FindAccount) -> Account | NotYet | None:
        self._begin()
        return self._cached.find_account_inline(question)

    def find_credentials(self, question: FindCredentials) -> tuple[Credential, ...] | NotYet:
        self._begin()
        return self._cached.find_credentials_inline(question)

    def find_key(self, question: FindKey) -> FoundKey | NotYet | None:
        self._begin()
        return self._cached.find_key_inline(question)

    def find_standing(self, question: FindStanding) -> Standing | NotYet:
        self._begin()
        return self._standings.find_inline(question)

    def find_token(self, question: FindToken) -> FoundToken | NotYet | None:
        self._begin()
        return self._cached.find_token_inline(question)

    def _begin(self) -> None:
        if not self._ends:
            self._ends = True
            asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._ends = False
        self._cached.expire_turn()
        self._standings.expire_turn()
