"""Sessions that clients keep themselves: begun, ended and changed without a record of any of them.

What is kept is one anchor for each account (see `tokens/sealed_sessions.py`). Sessions of other kinds, and those that
were begun before clients kept them, are kept on the server as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.principal import Instant
from watchword.core.questions import (
    EndSession,
    FindAccount,
    FindSession,
    FindSessionKeys,
    FindStanding,
    FoundSession,
    ListSessions,
    RevokeToken,
    SpendOnce,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import SEALED, SESSION, Json, Session
from watchword.core.revocations import Standing
from watchword.flows.session_backend import Begun, NotWritten, Presented, Proof, StoredSessions, Written
from watchword.tokens.access_token import LAST_INSTANT
from watchword.tokens.format import base62
from watchword.tokens.sealed import is_session_id, new_session_id
from watchword.tokens.sealed_sessions import KEPT, SealedSessions, anchor_of, revocable

_LEAST_ANCHORED = 400 * 86_400.0
"""For how many seconds after an account's last log-in its anchor is kept, at least. Longer than a session lives."""

_GROWTH = 512
"""Characters that stay free in a cookie with data: a proof that is raised says more than the one before."""

_STORED = StoredSessions()


@dataclass(frozen=True, slots=True)
class ClientKeptSessions:
    """A `SessionBackend`. `entropy(n)` gives n random bytes."""

    sealed: SealedSessions
    entropy: Callable[[int], bytes]

    def begin(
        self, session: Session, token: str, *, replaces: Sequence[bytes], most: int | None, now: Instant
    ) -> Steps[Begun | None]:
        if session.kind != SESSION:
            return (yield from _STORED.begin(session, token, replaces=replaces, most=most, now=now))
        anchor = yield from self._anchored(session, now)
        if anchor is None:
            return None
        keys = yield from ask(FindSessionKeys())
        begun = replace(session, id=new_session_id(session.subject, keys.seals, self.entropy(8)))
        text = yield from self.sealed.token_of(begun, anchor)
        if text is None:
            raise AnswerFailed("the session does not fit into a cookie")
        for other in replaces:
            yield from self.end(other, now)
        return Begun(begun, text)

    def find(self, token: bytes, *, fresh: bool = False) -> Steps[FoundSession | None]:
        if not self.sealed.takes(token):
            return (yield from _STORED.find(token, fresh=fresh))
        opened = yield from self.sealed.open(token)
        anchor = None if opened is None else (yield from self.sealed.alive(opened))
        if opened is None or not isinstance(anchor, FoundSession):
            return None
        found = opened.found(anchor)
        if fresh or opened.renewed_at is None:
            return found
        # The same session as its client knows it: the answer to its last request came with another token.
        return FoundSession(replace(found.session, last_seen=opened.renewed_at), found.account)

    def end(self, token: bytes, now: Instant) -> Steps[bool]:
        if not self.sealed.takes(token):
            return (yield from _STORED.end(token, now))
        found = yield from self.find(token)
        if found is None or found.session.expires_at <= now:
            return False  # whoever logs out again and again has nothing more noted
        yield from ask(RevokeToken(found.session.id, found.session.expires_at))
        return True

    def end_by_id(self, subject: str, id: str, now: Instant) -> Steps[bool]:
        if (yield from _STORED.end_by_id(subject, id, now)):
            return True
        keys = yield from ask(FindSessionKeys())
        if not any(is_session_id(id, subject, key) for key in keys.opens):
            return False
        if (yield from ask(FindStanding(revocable(id, now)))) is Standing.REVOKED:
            return False
        # It was begun at some time before now, and lives no longer than this from now on.
        yield from ask(RevokeToken(id, now + self.sealed.longest))
        return True

    def end_all(self, subject: str, keep: Presented | None, now: Instant) -> Steps[int]:
        if keep is None or not self.sealed.takes(keep.token):
            return (yield from _STORED.end_all(subject, keep, now))
        ended = yield from _STORED.end_all(subject, None, now)
        if keep.session.subject == subject:
            yield from self.keep(keep, now)
        return ended

    def end_linked(
        self,
        issuer: str,
        at: Instant | None,
        *,
        sid: str | None = None,
        account: str | None = None,
        spends: SpendOnce | None = None,
    ) -> Steps[int | None]:
        # Beside identity providers clients keep no sessions: nobody could find those that a provider ends.
        return (yield from _STORED.end_linked(issuer, at, sid=sid, account=account, spends=spends))

    def keep(self, kept: Presented, now: Instant, *, proof: Proof | None = None) -> Steps[str | None]:
        if not self.sealed.takes(kept.token):
            return None
        account = yield from ask(FindAccount(kept.session.subject, fresh=True))
        if account is None:
            return None
        anchor = self._new_anchor(account.name, account.stamp, now)
        data: dict[str, Json] = {KEPT: kept.session.id}
        if not (yield from ask(StartSession(replace(anchor, data=data)))):
            # Somebody has logged in since the others ended: what they hang on is there already.
            found = yield from ask(FindSession(anchor.fingerprint, fresh=True))
            if found is None or not (yield from ask(WriteSessionData(anchor.fingerprint, data))):
                return None
            anchor = found.session
        if proof is None:
            return None
        raised = replace(kept.session, amr=proof.amr, acr=proof.acr, last_seen=now)
        return (yield from self.sealed.token_of(raised, anchor))

    def listed(self, subject: str, now: Instant, current: Session | None) -> Steps[tuple[Session, ...]]:
        """An anchor stands for all that hang on it, unless the one that asks is there to be shown."""
        found = yield from ask(ListSessions(subject, now))
        own = tuple(each for each in found if each.kind != SEALED)
        if current is not None and current.subject == subject and all(each.id != current.id for each in own):
            return (current, *own)
        anchors = (self._until_the_last(each) for each in found if each.kind == SEALED)
        return (*own, *(each for each in anchors if each.expires_at > now))

    def write(self, presented: Presented, data: Mapping[str, Json], now: Instant) -> Steps[Written]:
        if not self.sealed.takes(presented.token):
            return (yield from _STORED.write(presented, data, now))
        if self.sealed.form == "signed":
            return NotWritten.NONE
        opened = yield from self.sealed.open(presented.token)
        anchor = None if opened is None else (yield from self.sealed.alive(opened))
        if opened is None or not isinstance(anchor, FoundSession):
            return NotWritten.GONE
        token = yield from self.sealed.token_of(replace(opened.session, data=data, last_seen=now), anchor.session)
        return NotWritten.TOO_LONG if token is None or len(token) > self.sealed.room - _GROWTH else token

    def _anchored(self, session: Session, now: Instant) -> Steps[Session | None]:
        """The anchor of the session's account, which is begun where there is none; None where that was changed."""
        question = FindSession(anchor_of(session.subject), fresh=True)
        found = yield from ask(question)
        if found is None:
            anchor = self._new_anchor(session.subject, session.stamp, now)
            if (yield from ask(StartSession(anchor))):
                return anchor
            found = yield from ask(question)  # somebody else began one at this very moment
        if found is None or found.account.disabled or found.account.stamp != session.stamp:
            return None
        if found.session.stamp != session.stamp:
            yield from ask(EndSession(found.session.fingerprint))
            return None
        yield from ask(TouchSession(found.session.fingerprint, now))
        return found.session

    def _until_the_last(self, anchor: Session) -> Session:
        """The anchor, as one that ends when the last session that may hang on it does."""
        return replace(anchor, expires_at=anchor.last_seen + self.sealed.longest)

    def _new_anchor(self, subject: str, stamp: str, now: Instant) -> Session:
        return Session(
            id=base62(self.entropy(16)),
            fingerprint=anchor_of(subject),
            subject=subject,
            stamp=stamp,
            created_at=now,
            auth_time=now,
            last_seen=now,
            expires_at=float(LAST_INSTANT),
            idle_timeout=max(_LEAST_ANCHORED, 2 * self.sealed.longest),
            kind=SEALED,
        )
