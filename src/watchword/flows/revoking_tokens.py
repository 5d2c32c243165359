"""Ending what tokens stand for: a whole log-in by any of its tokens, or one access token alone (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.decision import Refused
from watchword.core.grants import CLIENT_SUBJECT, FIRST_PARTY
from watchword.core.principal import Instant
from watchword.core.questions import EndFamilies, FindFamily, FindToken, RevokeToken
from watchword.crypto.secret import fingerprint
from watchword.flows.session_backend import SessionBackend, StoredSessions
from watchword.http.authentication import Authorization
from watchword.http.credentials import authorization
from watchword.http.message import Request
from watchword.tokens.format import REFERENCE, SESSION, kind_of
from watchword.tokens.refresh import read_refresh_token
from watchword.tokens.sealed import looks_sealed
from watchword.tokens.self_contained import SelfContainedTokens, Verified, looks_self_contained

_STORED = StoredSessions()


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a log-out ended; `subject` is whose it was, None where there was nothing to end."""

    subject: str | None = None
    family: str | None = None


def log_out_tokens(
    request: Request,
    refresh_token: str | None,
    *,
    self_contained: SelfContainedTokens,
    now: Instant,
    client_id: str = FIRST_PARTY,
    sessions: SessionBackend = _STORED,
) -> Steps[LoggedOut | Refused]:
    """End the log-in that a refresh token, or the Bearer token of the request, belongs to, with all its tokens.

    Tokens that are none, or dead already, end nothing, and that is not told (RFC 7009 section 2.2).
    """
    try:
        ended = LoggedOut()
        presented = None if refresh_token is None else read_refresh_token(refresh_token)
        if presented is not None:
            family = yield from ask(FindFamily(presented.handle))
            if family is not None and family.client_id == client_id:
                yield from ask(EndFamilies((family.id,)))
                ended = LoggedOut(family.subject, family.id)
        field = authorization(request)
        if isinstance(field, Authorization) and field.scheme == "bearer" and field.token68 is not None:
            token = field.token68.encode("latin-1")
            ended_too = yield from _end_by_bearer(token, self_contained, sessions, now)
            ended = ended_too if ended.subject is None else ended
        return ended
    except AnswerFailed as failure:
        return unavailable(str(failure))


@dataclass(frozen=True, slots=True)
class FoundAccessToken:
    """An access token that has not expired, of either kind, whatever became of what it stands for."""

    id: str
    client_id: str
    subject: str
    family: str | None
    expires_at: Instant


def find_access_token(
    token: bytes, self_contained: SelfContainedTokens, now: Instant
) -> Steps[FoundAccessToken | None]:
    """The access token that this is; None where it has expired, or is none of ours.

    Raises:
        AnswerFailed: where that cannot be found out.
    """
    if looks_self_contained(token):
        found = yield from self_contained.verified(token)
        if not isinstance(found, Verified) or found.claims.issuer != self_contained.issuer:
            return None
        claims = found.claims
        if claims.expires_at <= now:
            return None
        return FoundAccessToken(claims.jti, claims.client, claims.subject, claims.family, claims.expires_at)
    if kind_of(token.decode("latin-1")) != REFERENCE:
        return None
    kept = yield from ask(FindToken(fingerprint(token)))
    if kept is None or kept.token.expires_at <= now:
        return None
    known = kept.token
    subject = known.subject if kept.account is not None else CLIENT_SUBJECT + known.client_id
    return FoundAccessToken(known.id, known.client_id, subject, known.family, known.expires_at)


def _end_by_bearer(
    token: bytes, self_contained: SelfContainedTokens, sessions: SessionBackend, now: Instant
) -> Steps[LoggedOut]:
    if kind_of(token.decode("latin-1")) == SESSION or looks_sealed(token):
        yield from sessions.end(token, now)
        return LoggedOut()
    found = yield from find_access_token(token, self_contained, now)
    if found is None:
        return LoggedOut()
    if found.family is None:
        yield from ask(RevokeToken(found.id, found.expires_at))
    else:
        yield from ask(EndFamilies((found.family,)))
    return LoggedOut(found.subject, found.family)
