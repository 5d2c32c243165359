"""A whole entrance for outside stores, from request to decision: all of it is real but who keeps the passwords."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stores.door import Clock
from tests.table.real import REALM, basic, cookie, received
from watchword.core.ask import AnswerFailed, ask
from watchword.core.decision import Decision, Granted, Refused
from watchword.core.guard import check
from watchword.core.policy import Limits
from watchword.core.questions import (
    CheckPassword,
    FindAccount,
    FindCredentials,
    FindSession,
    IssueAuthToken,
    StartSession,
    TouchSession,
)
from watchword.core.records import Account, Session
from watchword.core.space import Protection, ProtectionSpace
from watchword.crypto.secret import Secret, fingerprint
from watchword.edge.drive import Answers, run
from watchword.http.authentication import Challenge
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.stores import CredentialStore, Denied, Identity
from watchword.stores.admission.passwords import PasswordAdmission
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.asking.remembered import Remembered
from watchword.stores.asking.slots import Slots
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.format import SESSION, encode

TOKENS = DerivedTokens(keys=(Secret(b"k" * 32),), ttl=900)
SPACE = ProtectionSpace(
    realm=REALM,
    mechanisms=(SessionCookie(REALM, "Cookie"), AuthToken(REALM, TOKENS), Basic(REALM, leaves_tokens=True)),
    cookie_challenge=Challenge("Cookie", {"realm": REALM}),
)


@dataclass
class Elsewhere:
    """Passwords that somebody else keeps, and who may be `away`. `knows`: it can tell who is unknown."""

    knows: bool = True
    away: bool = False
    asked: int = 0
    people: dict[str, tuple[str, Identity]] = field(default_factory=dict[str, tuple[str, Identity]])

    def add(self, name: str, password: str, **told: Any) -> None:
        """Somebody with this password, about whom this is told."""
        self.people[name] = (password, Identity(name=told.pop("as_name", name), **told))

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`."""
        self.asked += 1
        if self.away:
            raise AnswerFailed("the store is away")
        kept, identity = self.people.get(name, (None, None))
        if identity is None or kept is None:
            return Denied("unknown-user" if self.knows else "refused-elsewhere", knows=False)
        if kept.encode() != password.reveal():
            return Denied("wrong-password" if self.knows else "refused-elsewhere", knows=self.knows)
        return identity


class FailsOnce:
    """Passes every call on to what is behind it, and counts; the one with this number fails in its place.

    Several that share a `count` count together.
    """

    def __init__(self, behind: object, number: int, count: list[str]) -> None:
        self._behind = behind
        self._number = number
        self._count = count

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._behind, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self._count.append(name)
            if len(self._count) == self._number:
                raise AnswerFailed(f"{name} failed")
            return call(*arguments, **named)

        return counted


class Entrance:
    """What one process of a server has: Basic, session cookies and auth tokens, over this store and this storage."""

    def __init__(
        self,
        store: CredentialStore,
        storage: Any,
        *,
        clock: Clock | None = None,
        rechecks: Mapping[str, float] | None = None,
    ) -> None:
        self.storage = storage
        self.clock = clock or Clock()
        monotonic: Callable[[], float] = lambda: self.clock.monotonic  # noqa: E731 - handed on thrice
        admission = PasswordAdmission(
            store,
            throttle=Throttle(storage, clock=monotonic),
            places=Places(storage, Limits(), clock=monotonic),
            remembered=Remembered(bytes(32), ttls=rechecks or {}, clock=monotonic),
            slots=Slots(4, patience=60),
            find_account=storage.find_account,
            find_account_now=storage.find_account,
        )
        self.answers = Answers()
        self.answers.add(CheckPassword, inline=admission.inline, threaded=admission.threaded)
        for question, answer in (
            (FindAccount, storage.find_account),
            (FindCredentials, storage.find_credentials),
            (FindSession, storage.find_session),
            (TouchSession, storage.touch_session),
            (StartSession, storage.start_session),
            (IssueAuthToken, storage.issue_auth_token),
        ):
            self.answers.add(question, threaded=answer)

    def decide(self, *fields: str) -> Decision:
        """What becomes of a request with these field lines."""
        steps = check(received("GET /records/1", *fields), Protection([(SPACE, ())]), self.clock.now)
        return run(steps, self.answers)[1]

    def knock(self, name: str, password: str) -> str:
        """The cell that a request by Basic ends in."""
        return cell_of(self.decide(basic(name, password)))

    def log_in(self, name: str) -> str:
        """The line with the cookie of a new session of the account as it is now."""
        account = self.account(name)
        token = encode(SESSION, os.urandom(32))
        session = Session(
            id=os.urandom(9).hex(),
            fingerprint=fingerprint(token.encode()),
            subject=name,
            stamp=account.stamp,
            created_at=self.clock.now,
            auth_time=self.clock.now,
            last_seen=self.clock.now,
            expires_at=self.clock.now + 3600,
            idle_timeout=1800,
        )
        assert self.storage.start_session(StartSession(session))
        return cookie(token)

    def auth_token(self, name: str) -> str:
        """The line with the auth token that is shown to this user."""
        shown = run(TOKENS.issue(name, self.clock.now), self.answers)
        assert shown is not None
        return basic(name, shown.token)

    def account(self, name: str) -> Account:
        """The account of this name, which there is."""
        found = run(ask(FindAccount(name, fresh=True)), self.answers)
        assert found is not None
        return found


def cell_of(decision: Decision) -> str:
    """C00 where it was granted."""
    if isinstance(decision, Granted):
        return "C00"
    assert isinstance(decision, Refused)
    return decision.cell


def reasons_of(decision: Decision) -> str:
    """What operators are told."""
    assert isinstance(decision, Refused)
    return " ".join(decision.reasons)
