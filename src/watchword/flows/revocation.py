"""Clients give back tokens that they no longer need, or that somebody else has got hold of (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.grants import Client
from watchword.core.principal import Instant
from watchword.core.questions import EndFamilies, FindFamily, RevokeToken
from watchword.flows.revoking_tokens import find_access_token
from watchword.http.oauth_error import OAuthError
from watchword.tokens.format import API_KEY, AUTH_KEY, AUTH_TOKEN, CLIENT_SECRET, SESSION, kind_of
from watchword.tokens.refresh import read_refresh_token
from watchword.tokens.sealed import looks_sealed
from watchword.tokens.self_contained import SelfContainedTokens

_NOT_REVOKED_HERE = frozenset((API_KEY, AUTH_KEY, AUTH_TOKEN, CLIENT_SECRET, SESSION))
_ANOTHERS = OAuthError("invalid_grant", "The token was issued to another client.")


@dataclass(frozen=True, slots=True)
class Revoked:
    """What ended; `subject` is whose it was, None where there was nothing to end, which is as good."""

    subject: str | None = None
    session: str | None = None


def revoke(
    token: str, client: Client, *, self_contained: SelfContainedTokens, now: Instant
) -> Steps[Revoked | OAuthError]:
    """End a token that this client was given. With a refresh token everything ends that came of the same log-in.

    Section 2.1 has the client told where the token is another's; section 2.2 has it not told where the token is
    unknown.

    Raises:
        AnswerFailed: where it may be alive still.
    """
    if kind_of(token) in _NOT_REVOKED_HERE or looks_sealed(token.encode("utf-8", "surrogatepass")):
        return OAuthError("unsupported_token_type", "Access tokens and refresh tokens are revoked here.")
    presented = read_refresh_token(token)
    if presented is not None:
        # One that was redeemed will do: whoever has it is the client, or somebody for whom the log-in had better end.
        family = yield from ask(FindFamily(presented.handle))
        if family is None:
            return Revoked()
        if family.client_id != client.id:
            return _ANOTHERS
        yield from ask(EndFamilies((family.id,)))
        return Revoked(family.subject, family.id)
    # Whatever became of its account: what does not hold just now may hold again.
    found = yield from find_access_token(token.encode("utf-8", "surrogatepass"), self_contained, now)
    if found is None:
        return Revoked()
    if found.client_id != client.id:
        return _ANOTHERS
    yield from ask(RevokeToken(found.id, found.expires_at))
    return Revoked(found.subject, found.family)
