"""Logging out: every session whose token the request carries ends, on every node (ASVS 7.4.1)."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.circumstances import Circumstances
from watchword.core.decide import Refused, unavailable
from watchword.core.questions import EndSession
from watchword.crypto.secret import fingerprint
from watchword.http.authentication import Authorization
from watchword.http.credentials import authorization
from watchword.http.message import Request
from watchword.mechanisms.session_cookie import SessionCookie


def log_out(request: Request, cookie: SessionCookie, circumstances: Circumstances) -> Steps[int | Refused]:
    """End the sessions that the request carries tokens of; how many there were, which may be none.

    A cookie that a page of another origin made the browser send counts for nothing: nobody is logged out by a link.
    """
    ended = 0
    try:
        for token in presented_tokens(request, cookie, circumstances):
            ended += yield from ask(EndSession(fingerprint(token)))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    return ended


def presented_tokens(request: Request, cookie: SessionCookie, circumstances: Circumstances) -> tuple[bytes, ...]:
    """The session tokens in the request, as far as they were sent on purpose or by a page of our own."""
    found: list[bytes] = []
    if not circumstances.foreign and (sent := cookie.read(request)) is not None:
        found += sent.values
    field = authorization(request)
    if isinstance(field, Authorization) and field.scheme == "bearer" and field.token68 is not None:
        found.append(field.token68.encode("latin-1"))
    return tuple(dict.fromkeys(found))
