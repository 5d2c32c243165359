"""Sessions: begun at log-in, judged at every request (ASVS 7.2 and 7.3)."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.outcome import Outcome, Rejected, Stale
from watchword.core.principal import Instant, Principal
from watchword.core.questions import FindSession, FoundSession, TouchSession
from watchword.core.records import Session
from watchword.crypto import secret
from watchword.tokens.format import SESSION, base62, new_token

LONGEST_USER_AGENT = 256
"""In characters: it is kept to be recognised by a person, not to be judged."""

_UNKNOWN = Rejected("unknown-session")
_DISABLED = Rejected("account-disabled")
_CHANGED = Rejected("credentials-changed")
_TOO_OLD = Stale("absolute-timeout")
_IDLE = Stale("idle-timeout")


def judge_session(fingerprint: bytes, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
    """What a session token with this fingerprint proves.

    This runs for nearly every request, so it asks by `yield` itself and shares the outcomes.
    """
    fresh = False
    while True:
        found: FoundSession | None = yield FindSession(fingerprint, fresh)
        if found is None:
            return _UNKNOWN
        session, account = found.session, found.account
        if account.disabled:
            return _DISABLED
        if session.stamp != account.stamp:
            return _CHANGED
        if session.expires_at <= now:
            return _TOO_OLD
        if now < session.last_seen + session.idle_timeout:
            break
        if fresh:
            return _IDLE
        fresh = True  # another process may have seen it meanwhile, so ask the storage itself
    if now - session.last_seen >= touch_interval(session.idle_timeout):
        with suppress(AnswerFailed):  # a full disk logs nobody out; use that is not noted only ends it earlier
            yield TouchSession(fingerprint, now)
    return found.accepted(mechanism, realm)


def touch_interval(idle_timeout: float) -> float:
    """How old `last_seen` may grow before it is written again, in seconds: that keeps writes rare."""
    return min(60.0, idle_timeout / 30)


def new_session(
    principal: Principal,
    entropy: bytes,
    now: Instant,
    *,
    idle_timeout: float,
    lifetime: float,
    address: str = "",
    user_agent: str = "",
) -> tuple[Session, str]:
    """A session that begins now for whoever has just been proven, and its token, which is kept nowhere.

    `entropy` is 32 random bytes. `idle_timeout` and `lifetime`, the inactivity timeout and the absolute maximum, are
    in seconds.
    """
    token = new_token(SESSION, entropy)
    session = Session(
        id=_public_id(token),
        fingerprint=secret.fingerprint(token.encode("ascii")),
        subject=principal.subject,
        stamp=principal.stamp,
        created_at=now,
        auth_time=principal.authentication.auth_time,
        last_seen=now,
        expires_at=now + lifetime,
        idle_timeout=idle_timeout,
        amr=principal.authentication.amr,
        address=address,
        user_agent=user_agent[:LONGEST_USER_AGENT],
    )
    return session, token


def _public_id(token: str) -> str:
    """An id that can be shown: it tells neither the token nor its fingerprint."""
    return base62(hashlib.sha256(b"watchword session id v1" + token.encode("ascii")).digest()[:16])
