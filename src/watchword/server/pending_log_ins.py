"""The cookies of log-ins that are under way at an identity provider: one for each, and not too many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from watchword.core.principal import Instant
from watchword.crypto.sealing import Sealing
from watchword.http.cookies import clear_cookie, read_cookies, set_cookie
from watchword.http.message import Fields, Request
from watchword.tokens.log_in_with import LIFETIME, PendingLogIn, label_of, read_log_in

MOST: Final = 5
"""Log-ins that may be under way in one browser; the oldest gives way to one more."""

_NAME: Final = "watchword-login-"
_LABEL: Final = re.compile(r"[0-9a-f]{16}")
_MOST_CLEARED: Final = 20
"""In one answer: whoever sends hundreds gets no answer of hundreds of lines."""


def pending_log_in(request: Request, state: str, sealing: Sealing) -> PendingLogIn | None:
    """The log-in that this browser began with this `state`, whether or not it is over."""
    label = label_of(state)
    values = read_cookies(request.lines(b"cookie")).get(_prefix(request) + label, ())
    # Somebody else may have planted a second one.
    return read_log_in(values[0].encode("latin-1"), label, sealing) if len(values) == 1 else None


def cookie_lines(request: Request, pending: PendingLogIn, value: str, sealing: Sealing, now: Instant) -> Fields:
    """The fields that have the browser keep this log-in, and forget those for which there is no room."""
    name = _prefix(request) + pending.label
    # Lax: it is sent when the provider's page leads back here, and with nothing else that another site begins.
    kept = set_cookie(name, value, max_age=int(LIFETIME), secure=request.peer.secure)
    return ((b"set-cookie", kept), *(_cleared(request, label) for label in _surplus(request, sealing, now)))


def cleared_cookie(request: Request, state: str) -> Fields:
    """The fields that have the browser forget the log-in with this `state`, where it has sent one."""
    label = label_of(state)
    sent = _prefix(request) + label in read_cookies(request.lines(b"cookie"))
    return (_cleared(request, label),) if sent else ()


def _surplus(request: Request, sealing: Sealing, now: Instant) -> Sequence[str]:
    """The labels of those that are over, or were begun before all others that there is room for."""
    prefix = _prefix(request)
    over: list[str] = []
    alive: list[tuple[Instant, str]] = []
    for name, values in read_cookies(request.lines(b"cookie")).items():
        label = name.removeprefix(prefix)
        if label == name or not _LABEL.fullmatch(label):
            continue  # somebody else's
        pending = read_log_in(values[0].encode("latin-1"), label, sealing)
        if pending is None or pending.expires_at <= now:
            over.append(label)
        else:
            alive.append((pending.expires_at, label))
    oldest = sorted(alive, reverse=True)[MOST - 1 :]
    return [*over, *(label for _, label in oldest)][:_MOST_CLEARED]


def _cleared(request: Request, label: str) -> tuple[bytes, bytes]:
    return b"set-cookie", clear_cookie(_prefix(request) + label, secure=request.peer.secure)


def _prefix(request: Request) -> str:
    """Over TLS no other host can plant such a cookie; on cleartext loopback the prefix would promise what is not so."""
    return f"__Host-{_NAME}" if request.peer.secure else _NAME
