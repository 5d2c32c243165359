"""CouchDB's log-in: a user name and a password become its cookie, of which the server keeps nothing (S2.25, S2.26)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.decision import Refused
from watchword.core.outcome import Accepted
from watchword.core.principal import Instant, Principal
from watchword.core.questions import FindAccount
from watchword.core.space import ProtectionSpace
from watchword.flows.login import prove
from watchword.http.message import Request
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.tokens.couchdb_cookie import CouchdbCookie, CouchdbCookies, Hash
from watchword.tokens.password import Password


@dataclass(frozen=True, slots=True)
class CouchdbLogIn:
    """Who has logged in, and the cookie that proves it from now on."""

    principal: Principal
    cookie: str = field(repr=False)


def log_in_to_couchdb(
    credentials: Password, request: Request, space: ProtectionSpace, session: CouchdbSession, now: Instant
) -> Steps[CouchdbLogIn | Refused]:
    """A cookie for who has this user name and password. Everything is refused by the decision table.

    A wrong password clears the cookie that was there, as CouchDB does.
    """
    decision = yield from prove(credentials, request, space, now)
    if isinstance(decision, Refused):
        return replace(decision, clears=(*decision.clears, session)) if decision.cell == "C07" else decision
    assert decision.principal is not None
    try:
        account = yield from ask(FindAccount(decision.principal.subject, fresh=True))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    if account is None or account.disabled or account.stamp != decision.principal.stamp:
        # The password was changed, or the account disabled or deleted, between the proof and now.
        return unavailable(reason="account-changed", retry_after=1)
    return CouchdbLogIn(decision.principal, session.cookies.of(account, now))


def couchdb_cookie_judged(request: Request, session: CouchdbSession, now: Instant) -> Steps[Refused | None]:
    """For a request that proved nobody, on a target that is open to all: refused where its cookie could not be judged.

    To say "nobody" then would log people out whose cookies are good.
    """
    credentials = session.read(request)
    if isinstance(credentials, CouchdbCookie):
        try:
            if isinstance((yield from session.verify(credentials, request, now)), Accepted):
                return unavailable()  # a moment ago nobody could tell
        except AnswerFailed as failure:
            return unavailable(str(failure))
    return None


def couchdb_cookie_for(
    name: str, cookies: CouchdbCookies, now: Instant, *, hash: Hash | None = None
) -> Steps[str | None]:
    """A cookie for the account of this name, without its password: for administrators. None where there is no such
    account, or where it is disabled.

    Raises:
        AnswerFailed: where it could not be found.
    """
    account = yield from ask(FindAccount(name, fresh=True))
    return None if account is None or account.disabled else cookies.of(account, now, hash)
