"""The cookies that keep an ID token until its owner logs out at its provider, each sent to the one path that needs it.

While the session lives there is one for `/logout`. Whoever logs out there has it exchanged for another, which is good
for two minutes at the page that leads on to the provider. So whoever sits down at the same browser later is told
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from watchword.core.identity_providers import IdentityProvider
from watchword.core.principal import Instant
from watchword.core.records import Session
from watchword.crypto.sealing import Sealing
from watchword.http.cookies import clear_cookie, find_cookie, set_cookie
from watchword.http.message import Fields, Request
from watchword.tokens.log_out_hint import LogOutHint, Use, read_hint, sealed_hint

TIME_TO_GO_ON: Final = 120.0
"""In seconds: how long after a log-out here the provider is told whose it is."""

_NAME: Final = "watchword-log-out"
_LOG_OUT: Final = "/logout"


def kept_fields(
    request: Request, hint: LogOutHint, sealing: Sealing, entropy: Callable[[int], bytes], now: Instant
) -> Fields:
    """The field that has the browser keep it, where it fits into a cookie."""
    return _set(request, hint, "kept", _LOG_OUT, sealing, entropy, now)


def kept_hint(request: Request, sealing: Sealing, now: Instant) -> LogOutHint | None:
    """What this browser keeps."""
    return _read(request, "kept", sealing, now)


def exchanged_fields(
    request: Request,
    hint: LogOutHint,
    ended: Session | None,
    provider: IdentityProvider | None,
    sealing: Sealing,
    entropy: Callable[[int], bytes],
    now: Instant,
) -> Fields:
    """The fields by which it is kept no more, and is on its way where it belongs to the session that has just ended."""
    cleared = ((b"set-cookie", _cleared(request, _LOG_OUT)),)
    if ended is None or ended.linked is None or provider is None or provider.name != hint.provider:
        return cleared
    if (ended.subject, ended.linked.issuer) != (hint.subject, provider.issuer):
        return cleared
    given = replace(hint, expires_at=now + TIME_TO_GO_ON)
    return (*cleared, *_set(request, given, "on its way", _page(provider), sealing, entropy, now))


def hint_on_its_way(request: Request, provider: IdentityProvider, sealing: Sealing, now: Instant) -> LogOutHint | None:
    """What the provider is to be told, once."""
    hint = _read(request, "on its way", sealing, now)
    return hint if hint is not None and hint.provider == provider.name else None


def used_fields(request: Request, provider: IdentityProvider) -> Fields:
    """The field that removes it from its way, where it came along."""
    if not find_cookie(request.lines(b"cookie"), _name(request).encode()):
        return ()
    return ((b"set-cookie", _cleared(request, _page(provider))),)


def _set(
    request: Request,
    hint: LogOutHint,
    use: Use,
    path: str,
    sealing: Sealing,
    entropy: Callable[[int], bytes],
    now: Instant,
) -> Fields:
    value = sealed_hint(hint, use, sealing, entropy)
    if value is None:
        return ()
    name, secure, lifetime = _name(request), request.peer.secure, max(1, int(hint.expires_at - now))
    line = set_cookie(name, value, max_age=lifetime, path=path, secure=secure, same_site="Strict")
    return ((b"set-cookie", line),)


def _read(request: Request, use: Use, sealing: Sealing, now: Instant) -> LogOutHint | None:
    values = find_cookie(request.lines(b"cookie"), _name(request).encode())
    # Somebody else may have planted a second one.
    return read_hint(values[0], use, sealing, now) if len(values) == 1 else None


def _cleared(request: Request, path: str) -> bytes:
    return clear_cookie(_name(request), path=path, secure=request.peer.secure, same_site="Strict")


def _page(provider: IdentityProvider) -> str:
    return f"/login/with/{provider.name}/logout"


def _name(request: Request) -> str:
    """Over TLS nobody without it can plant one. `__Host-` would have it sent with every request: it is long."""
    return f"__Secure-{_NAME}" if request.peer.secure else _NAME
