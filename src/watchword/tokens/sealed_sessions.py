"""Judging sessions that are kept by the client: what a token says, and what became of it since (ASVS 7.4.1).

All such sessions of an account hang on one record of ours, their anchor. It is no log-in itself, and there is one
however many there are. Whatever ends an account's sessions ends it too: a new password, a disabled or deleted account,
"log out everywhere", a mass revocation. No clock decides which sessions were begun before that: those begun after it
hang on another anchor. One session alone is ended by its id, which is remembered until it would have expired.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.grants import FIRST_PARTY
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import (
    FindSession,
    FindSessionKeys,
    FindStanding,
    FoundSession,
    RevokeToken,
    SessionKey,
    SessionKeys,
)
from watchword.core.records import Session
from watchword.core.revocations import SelfContained, Standing
from watchword.crypto.secret import fingerprint
from watchword.http.message import Request
from watchword.tokens.binding import Bindings
from watchword.tokens.sealed import LONGEST, Form, key_id, looks_sealed, seal, unseal
from watchword.tokens.session import touch_interval

KEPT = "kept"
"""Where an anchor's data names the one session that stayed when the account's others were ended."""

_UNKNOWN = Rejected("unknown-session")
_DISABLED = Rejected("account-disabled")
_CHANGED = Rejected("credentials-changed")
_TOO_OLD = Stale("absolute-timeout")
_IDLE = Stale("idle-timeout")
_UNBOUND = Bindings()


def anchor_of(subject: str) -> bytes:
    """Under which fingerprint the anchor of this account is kept. No token has it: tokens' are SHA-256."""
    return hashlib.sha512(b"watchword anchor v1" + subject.encode("utf-8", "surrogatepass")).digest()[:32]


def stays_under(session: Session, anchor: Session) -> bool:
    """Whether it was begun under this anchor, or stayed when all that hung on the one before ended."""
    return anchor.id == session.stamp or anchor.data.get(KEPT) == session.id


@dataclass(slots=True)
class Opened:
    """A session that one of our keys has vouched for, with what is computed of it once.

    `session.stamp` is the id of the anchor that it was begun, or last renewed, under.
    """

    session: Session
    key: SessionKey
    keys: FindSessionKeys
    anchor: FindSession
    standing: FindStanding
    dead: Stale | None = None
    """It was seen to have expired: no clock that is set back revives it (F8)."""
    renewed_at: Instant | None = None
    _found: FoundSession | None = None

    def found(self, anchor: FoundSession) -> FoundSession:
        """The session with its account, as one that is kept here would be found."""
        if self._found is None or self._found.account is not anchor.account:
            self._found = FoundSession(replace(self.session, stamp=anchor.session.stamp), anchor.account)
        return self._found

    def is_due(self, now: Instant) -> bool:
        """Whether a token that says of this use is to be handed over in place of this one: once in an interval."""
        interval = touch_interval(self.session.idle_timeout)
        if now - self.session.last_seen < interval:
            return False
        return self.renewed_at is None or not 0 <= now - self.renewed_at < interval


@dataclass(frozen=True, slots=True)
class Renewal:
    """A token to be handed over in place of the one that was sent; `max_age` in seconds."""

    token: str
    max_age: int
    of: Opened
    at: Instant


class SealedSessions:
    """Seals sessions in one form, and judges them.

    `longest` is the longest that one lives now, in seconds, whatever it was when it was begun. `room` is how many
    characters of a token fit into a cookie. At most `size` are remembered, by their fingerprints: what they say, and
    never the tokens; the one that was seen first gives way.
    """

    def __init__(
        self,
        form: Form,
        *,
        longest: float,
        entropy: Callable[[int], bytes],
        room: int = LONGEST,
        size: int = 10_000,
    ) -> None:
        self.form: Form = form
        self.longest = longest
        self.room = room
        self._entropy = entropy
        self._size = size
        self._known: OrderedDict[bytes, Opened] = OrderedDict()

    def __len__(self) -> int:
        """How many sessions are remembered."""
        return len(self._known)

    def takes(self, token: bytes) -> bool:
        """Whether the token is one to be judged here. Others may be those of sessions that are kept on the server."""
        return looks_sealed(token)

    def judge(
        self,
        token: bytes,
        request: Request,
        now: Instant,
        *,
        mechanism: str,
        realm: str,
        bindings: Bindings = _UNBOUND,
    ) -> Steps[Outcome]:
        """What the token proves. Where another is to be handed over in its place, that waits at the request."""
        opened = yield from self.open(token)
        if opened is None:
            return _UNKNOWN
        anchor = yield from self.alive(opened)
        if isinstance(anchor, Rejected):
            return anchor
        session = opened.session
        opened.dead = opened.dead or _expired(session, now)
        if opened.dead is not None:
            return opened.dead
        if session.binding:
            other = bindings.judge(session.binding, request, session.fingerprint)
            if other is not None:
                if bindings.ends and isinstance(other, Stale):
                    yield RevokeToken(session.id, session.expires_at)
                return other
        if opened.is_due(now):
            with suppress(AnswerFailed):  # as with sessions kept here: use that is not noted only ends it earlier
                yield from self._renew(opened, anchor, request, mechanism, now)
        accepted: Accepted = opened.found(anchor).accepted(mechanism, realm)
        return accepted

    def open(self, token: bytes) -> Steps[Opened | None]:
        """What the token says; None where no key of ours vouches for it."""
        name = fingerprint(token)
        opened = self._known.get(name)
        if opened is not None:
            keys: SessionKeys = yield opened.keys
            key = keys.named(opened.key.id)
            return opened if key is opened.key or key == opened.key else None
        id = key_id(token)
        if id is None:
            return None
        needed = FindSessionKeys(id)
        keys = yield needed
        key = keys.named(id)
        session = None if key is None else unseal(token, key)
        if key is None or session is None:
            return None
        ends = min(session.expires_at, session.created_at + self.longest)
        session = replace(session, expires_at=ends)
        standing = FindStanding(revocable(session.id, session.created_at))
        opened = Opened(session, key, needed, FindSession(anchor_of(session.subject)), standing)
        self._known[name] = opened
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return opened

    def alive(self, opened: Opened) -> Steps[FoundSession | Rejected]:
        """The anchor with its account, unless the session was ended or its account changed. Its age does not matter."""
        found: FoundSession | None = yield opened.anchor
        if found is None:
            return _UNKNOWN
        if found.account.disabled:
            return _DISABLED
        if found.session.stamp != found.account.stamp:
            return _CHANGED
        if not stays_under(opened.session, found.session):
            return _UNKNOWN
        standing: Standing = yield opened.standing
        return _UNKNOWN if standing is Standing.REVOKED else found

    def token_of(self, session: Session, anchor: Session) -> Steps[str | None]:
        """The token of a session that hangs on this anchor; None where no cookie is long enough."""
        keys: SessionKeys = yield FindSessionKeys()
        token = seal(self.form, replace(session, stamp=anchor.id), keys.seals, self._entropy)
        return token if len(token) <= self.room else None

    def renewal(self, request: Request, mechanism: str) -> Renewal | None:
        """What to hand over in the answer to this request, once it is granted."""
        found = None if request.memo is None else request.memo.get(_MEMO + mechanism)
        if not isinstance(found, Renewal):
            return None
        found.of.renewed_at = found.at
        return found

    def _renew(
        self, opened: Opened, anchor: FoundSession, request: Request, mechanism: str, now: Instant
    ) -> Steps[None]:
        session = replace(opened.session, last_seen=now)
        token = yield from self.token_of(session, anchor.session)
        if token is None:
            return
        if request.memo is None:
            request.memo = {}
        request.memo[_MEMO + mechanism] = Renewal(token, max(1, int(session.expires_at - now)), opened, now)


_MEMO = "session renewal: "


def _expired(session: Session, now: Instant) -> Stale | None:
    if session.expires_at <= now:
        return _TOO_OLD
    return None if now < session.last_seen + session.idle_timeout else _IDLE


def revocable(id: str, created_at: Instant) -> SelfContained:
    """By what one session alone is ended. No account is called "": what became of accounts is looked up beside it."""
    return SelfContained(
        subject="",
        state="",
        client_id=FIRST_PARTY,
        token_id=id,
        family=None,
        scopes=None,
        issued_at=created_at,
    )
