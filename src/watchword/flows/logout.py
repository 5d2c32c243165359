"""Logging out: every session whose token the request carries ends, on every node (ASVS 7.4.1)."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.beside import unavailable
from watchword.core.circumstances import Circumstances
from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.core.space import ProtectionSpace
from watchword.crypto.secret import Secret
from watchword.flows.session_backend import SessionBackend
from watchword.http.authentication import Authorization
from watchword.http.credentials import authorization
from watchword.http.message import Request
from watchword.mechanisms import auth_key
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.mechanisms.url_session import UrlSession


def log_out(
    request: Request,
    cookie: SessionCookie,
    circumstances: Circumstances,
    space: ProtectionSpace,
    *,
    backend: SessionBackend,
    now: Instant,
) -> Steps[int | Refused]:
    """End the sessions that the request carries tokens of; how many there were, which may be none.

    A cookie that a page of another origin made the browser send counts for nothing: nobody is logged out by a link.
    """
    ended = 0
    try:
        for token in presented_tokens(request, cookie, circumstances, space):
            ended += yield from backend.end(token, now)
    except AnswerFailed as failure:
        return unavailable(str(failure))
    return ended


def presented_tokens(
    request: Request, cookie: SessionCookie, circumstances: Circumstances, space: ProtectionSpace
) -> tuple[bytes, ...]:
    """The tokens of sessions in the request, Auth-Keys among them, as far as they were sent on purpose or by a page of
    our own. In URLs they are looked for where the space takes them from there."""
    found: list[bytes] = []
    if not circumstances.foreign and (sent := cookie.read(request)) is not None:
        found += sent.values
    field = authorization(request)
    if isinstance(field, Authorization) and field.scheme == "bearer" and field.token68 is not None:
        found.append(field.token68.encode("latin-1"))
    found += request.lines(auth_key.FIELD)
    for mechanism in space.mechanisms:
        if isinstance(mechanism, UrlSession) and isinstance(in_url := mechanism.read(request), Secret):
            found.append(in_url.reveal())
    return tuple(dict.fromkeys(found))
