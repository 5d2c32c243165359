"""Access tokens by reference: `ww_o_…`, which mean nothing to anybody but this server."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from watchword.core.ask import Steps
from watchword.core.grants import CLIENT_SUBJECT, FIRST_PARTY
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.principal import Authentication, Instant, Principal
from watchword.core.questions import FindToken, FoundToken
from watchword.core.records import principal_of


class ReferenceTokens:
    """Judges reference tokens for one audience. `size` bounds how many that have expired are remembered."""

    def __init__(self, *, audience: str, size: int = 10_000) -> None:
        self._audience = audience
        self._size = size
        self._dead: OrderedDict[bytes, None] = OrderedDict()

    def judge(self, fingerprint: bytes, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
        """What the reference token with this fingerprint proves."""
        found: FoundToken | None = yield FindToken(fingerprint)
        if found is None:
            return _UNKNOWN
        token = found.token
        if self._audience not in token.audience:
            return _AUDIENCE
        if token.expires_at <= now or fingerprint in self._dead:
            self._bury(fingerprint)
            return _EXPIRED
        refusal = refusal_of(found)
        if refusal is not None:
            return refusal
        outcome = found.accepted.get((mechanism, realm))
        if outcome is None:
            outcome = found.accepted[mechanism, realm] = Accepted(_principal(found, mechanism, realm))
        return outcome

    def _bury(self, fingerprint: bytes) -> None:
        """No clock that is set back revives it (F8)."""
        self._dead[fingerprint] = None
        if len(self._dead) > self._size:
            self._dead.popitem(last=False)


def refusal_of(found: FoundToken) -> Rejected | None:
    """Why the account or the client of the token lets nobody use it; None where that is not so."""
    token, account, client = found.token, found.account, found.client
    if token.client_id != FIRST_PARTY and (client is None or client.disabled):
        return _CLIENT
    if account is None:
        return None if client is not None and client.stamp == token.stamp else _CHANGED
    return _CHANGED if account.disabled or account.stamp != token.stamp else None


def _principal(found: FoundToken, mechanism: str, realm: str) -> Principal:
    token = found.token
    authentication = Authentication(
        mechanism=mechanism, amr=token.amr, acr=token.acr, auth_time=token.auth_time, session=token.family
    )
    client_id = None if token.client_id == FIRST_PARTY else token.client_id
    if found.account is not None:
        who = principal_of(found.account, realm, authentication)
        return replace(who, scopes=token.scopes, client_id=client_id)
    assert found.client is not None, "whoever acts for nobody else is a client"
    return Principal(
        subject=CLIENT_SUBJECT + found.client.id,
        realm=realm,
        authentication=authentication,
        roles=found.client.roles,
        scopes=token.scopes,
        client_id=client_id,
        stamp=found.client.stamp,
    )


_UNKNOWN = Rejected("unknown-token")
_AUDIENCE = Rejected("audience")
_CLIENT = Rejected("client-disabled")
_CHANGED = Rejected("credentials-changed")
_EXPIRED = Stale("expired")
