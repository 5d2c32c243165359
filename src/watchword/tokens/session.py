"""Sessions: begun at log-in, judged at every request (ASVS 7.2 and 7.3)."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.outcome import Outcome, Rejected, Stale
from watchword.core.principal import Instant, Principal
from watchword.core.questions import EndSession, FindSession, FoundSession, TouchSession
from watchword.core.records import AUTH_KEY, SESSION, Session
from watchword.crypto import secret
from watchword.http.message import Request
from watchword.tokens import format
from watchword.tokens.binding import Bindings
from watchword.tokens.format import base62, is_well_formed, new_token

LONGEST_USER_AGENT = 256
"""In characters: it is kept to be recognised by a person, not to be judged."""

_UNKNOWN = Rejected("unknown-session")
_WRONG_KIND = Rejected("wrong-kind")
_DISABLED = Rejected("account-disabled")
_CHANGED = Rejected("credentials-changed")
_TOO_OLD = Stale("absolute-timeout")
_IDLE = Stale("idle-timeout")
_OTHER = Stale("wrong-binding")
_UNBOUND = Bindings()

_FORMATS = {SESSION: format.SESSION, AUTH_KEY: format.AUTH_KEY}

# 16*4096VCHAR: what came with imported sessions. A shorter one could be guessed.
_IMPORTED = re.compile(r"[\x21-\x7e]{16,4096}")


def judge_session(
    fingerprint: bytes,
    now: Instant,
    *,
    mechanism: str,
    realm: str,
    kind: str = SESSION,
    request: Request | None = None,
    bindings: Bindings = _UNBOUND,
) -> Steps[Outcome]:
    """What a session token with this fingerprint proves, presented as one of this kind.

    `request` shows whether a session that is bound to its client comes from that, by `bindings`; without one it is
    taken to come from another.

    This runs for nearly every request, so it asks by `yield` itself and shares the outcomes.
    """
    fresh = False
    while True:
        found: FoundSession | None = yield FindSession(fingerprint, fresh)
        if found is None:
            return _UNKNOWN
        session, account = found.session, found.account
        if session.kind != kind:
            return _WRONG_KIND
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
    if session.binding:
        # After all else: what has ended anyway shows no thief. And before its use is noted: a thief's prolongs nothing.
        other = _OTHER if request is None else bindings.judge(session.binding, request, fingerprint)
        if other is not None:
            if bindings.ends and isinstance(other, Stale):
                yield EndSession(fingerprint)
            return other
    if now - session.last_seen >= touch_interval(session.idle_timeout):
        with suppress(AnswerFailed):  # a full disk logs nobody out; use that is not noted only ends it earlier
            yield TouchSession(fingerprint, now)
    return found.accepted(mechanism, realm)


def is_session_token(text: str, kind: str) -> bool:
    """Whether the text can be the token of a session of this kind: one of ours by its checksum, or an imported one."""
    if text.startswith("ww_"):
        return is_well_formed(text, _FORMATS[kind])
    return _IMPORTED.fullmatch(text) is not None


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
    kind: str = SESSION,
) -> tuple[Session, str]:
    """A session that begins now for whoever has just been proven, and its token, which is kept nowhere.

    `entropy` is 32 random bytes. `idle_timeout` and `lifetime`, the inactivity timeout and the absolute maximum, are
    in seconds.
    """
    token = new_token(_FORMATS[kind], entropy)
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
        acr=principal.authentication.acr,
        address=address,
        user_agent=user_agent[:LONGEST_USER_AGENT],
        kind=kind,
    )
    return session, token


def _public_id(token: str) -> str:
    """An id that can be shown: it tells neither the token nor its fingerprint."""
    return base62(hashlib.sha256(b"watchword session id v1" + token.encode("ascii")).digest()[:16])
