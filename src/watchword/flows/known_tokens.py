"""Any token of ours, found by its text alone: what it is, whose it is, and whether it is alive (RFC 7662 section 2.2).

To look at a token is not to use it: nothing is noted, and nothing prolongs its life.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from watchword.core.ask import Steps, ask
from watchword.core.grants import CLIENT_SUBJECT, FIRST_PARTY, Family, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import FindAccount, FindClient, FindFamily, FindKey, FindToken
from watchword.core.records import SESSION, Account
from watchword.core.revocations import Standing
from watchword.core.second_factor import rests_on_password
from watchword.crypto.secret import equal, fingerprint
from watchword.flows.session_backend import SessionBackend, StoredSessions
from watchword.tokens import format
from watchword.tokens.reference import refusal_of
from watchword.tokens.refresh import RefreshToken, read_refresh_token
from watchword.tokens.self_contained import SelfContainedTokens, looks_self_contained

_STORED = StoredSessions()


class TokenKind(Enum):
    """What a token is for."""

    ACCESS = "access token"
    REFRESH = "refresh token"
    SESSION = "session"
    API_KEY = "API key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A token that is alive, and what it stands for.

    `id` is public, and `session` the id of the log-in that it comes from. `client_id` is None for what no client was
    given: sessions and API keys. `account` is False for a client that acts for itself.
    """

    kind: TokenKind
    id: str
    subject: str
    account: bool = True
    client_id: str | None = None
    audience: tuple[str, ...] = ()
    scopes: Scopes | None = None
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    session: str | None = None
    issued_at: Instant
    expires_at: Instant | None
    auth_time: Instant | None = None
    acr: str | None = None
    amr: frozenset[str] = frozenset()


def find_known(
    text: str, now: Instant, *, self_contained: SelfContainedTokens, sessions: SessionBackend = _STORED
) -> Steps[KnownToken | None]:
    """The token that the text is; None where it is none of ours, has expired, was revoked or used up.

    For whom an access token is meant does not matter here: that is for whoever asked to look at.

    Raises:
        AnswerFailed: where that cannot be found out.
    """
    token = text.encode("utf-8", "surrogatepass")
    if looks_self_contained(token):
        found = yield from _self_contained(token, now, self_contained)
        if found is not None:
            return found
    match format.kind_of(text):
        case format.REFERENCE:
            return (yield from _reference(token, now))
        case format.REFRESH:
            presented = read_refresh_token(text)
            return None if presented is None else (yield from _refresh(presented, now))
        case _:
            # Imported sessions and keys keep the tokens that they had, whatever those look like.
            return (yield from _session(token, now, sessions)) or (yield from _api_key(token, now))


def _self_contained(token: bytes, now: Instant, tokens: SelfContainedTokens) -> Steps[KnownToken | None]:
    found = yield from tokens.alive(token, now)
    if found is None or (yield from ask(found.question)) is not Standing.GOOD:
        return None
    claims = found.claims
    return KnownToken(
        kind=TokenKind.ACCESS,
        id=claims.jti,
        subject=claims.subject,
        account=not claims.subject.startswith(CLIENT_SUBJECT),
        client_id=claims.client,
        audience=claims.audience,
        scopes=claims.scopes,
        roles=claims.roles,
        permissions=claims.permissions,
        session=claims.family,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        auth_time=claims.auth_time,
        acr=claims.acr,
        amr=claims.amr,
    )


def _reference(token: bytes, now: Instant) -> Steps[KnownToken | None]:
    found = yield from ask(FindToken(fingerprint(token)))
    if found is None or found.token.expires_at <= now or refusal_of(found) is not None:
        return None
    kept, whom = found.token, found.account or found.client
    needs_more = found.account is not None and found.account.second_factor
    if needs_more and rests_on_password(kept.amr, log_in=kept.family is not None):
        return None
    assert whom is not None, "whoever acts for nobody else is a client"
    return KnownToken(
        kind=TokenKind.ACCESS,
        id=kept.id,
        subject=kept.subject if found.account is not None else CLIENT_SUBJECT + kept.client_id,
        account=found.account is not None,
        client_id=kept.client_id,
        audience=kept.audience,
        scopes=kept.scopes,
        roles=whom.roles,
        permissions=whom.permissions if isinstance(whom, Account) else frozenset(),
        session=kept.family,
        issued_at=kept.issued_at,
        expires_at=kept.expires_at,
        auth_time=kept.auth_time,
        acr=kept.acr,
        amr=kept.amr,
    )


def _refresh(presented: RefreshToken, now: Instant) -> Steps[KnownToken | None]:
    family = yield from ask(FindFamily(presented.handle))
    if family is None or family.expires_at <= now or not equal(family.fingerprint, presented.fingerprint):
        return None
    account = yield from ask(FindAccount(family.subject, fresh=True))
    if account is None or account.disabled or account.stamp != family.stamp or not (yield from _may_have(family)):
        return None
    return KnownToken(
        kind=TokenKind.REFRESH,
        id=family.id,
        subject=family.subject,
        client_id=family.client_id,
        audience=family.audience,
        scopes=family.scopes,
        roles=account.roles,
        permissions=account.permissions,
        session=family.id,
        issued_at=family.last_used,
        expires_at=family.expires_at,
        auth_time=family.auth_time,
        acr=family.acr,
        amr=family.amr,
    )


def _may_have(family: Family) -> Steps[bool]:
    """May its client still use the family?"""
    if family.client_id == FIRST_PARTY:
        return True
    client = yield from ask(FindClient(family.client_id))
    return client is not None and not client.disabled and (family.scopes or frozenset()) <= client.scopes


def _session(token: bytes, now: Instant, sessions: SessionBackend) -> Steps[KnownToken | None]:
    found = yield from sessions.find(token, fresh=True)
    if found is None:
        return None
    session, account = found.session, found.account
    if session.kind != SESSION or session.binding:
        # Auth-Keys are no tokens for others to take, and of a bound session nobody can say from here whose it is.
        return None
    if account.disabled or session.stamp != account.stamp or session.idle_expires_at <= now:
        return None
    if account.second_factor and rests_on_password(session.amr, log_in=True):
        return None
    return KnownToken(
        kind=TokenKind.SESSION,
        id=session.id,
        subject=account.name,
        roles=account.roles,
        permissions=account.permissions,
        session=session.id,
        issued_at=session.created_at,
        expires_at=session.idle_expires_at,
        auth_time=session.auth_time,
        acr=session.acr,
        amr=session.amr,
    )


def _api_key(token: bytes, now: Instant) -> Steps[KnownToken | None]:
    found = yield from ask(FindKey(fingerprint(token)))
    if found is None:
        return None
    key, account = found.key, found.account
    if account.disabled or (key.expires_at is not None and key.expires_at <= now):
        return None
    return KnownToken(
        kind=TokenKind.API_KEY,
        id=key.id,
        subject=account.name,
        scopes=key.scopes,
        roles=account.roles,
        permissions=account.permissions,
        issued_at=key.created_at,
        expires_at=key.expires_at,
    )
