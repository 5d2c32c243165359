"""What the request alone says about how it may be answered: the facts of stages 1 and 5 of the decision table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from watchword.core.space import ProtectionSpace
from watchword.http.authentication import Unreadable
from watchword.http.cors import preflight
from watchword.http.credentials import authorization
from watchword.http.fields import SAFE_METHODS, negotiate
from watchword.http.forwarded import is_loopback
from watchword.http.message import Peer, Request
from watchword.http.origin import from_browser, is_foreign, is_navigation, own_origin


class Suppress(Enum):
    """Which challenges the client asked to be spared."""

    NOTHING = "nothing"
    POPUPS = "no-popup"
    ALL = "remove"


class Face(Enum):
    """In which form a refusal is told (C24)."""

    PROBLEM = "problem"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """A frozen value; the defaults are those of a request without anything remarkable.

    - `preflight`: a CORS preflight (C22); `oversize`: credentials or header section over their size (C18).
    - `cleartext`: neither TLS, nor loopback, nor a trusted proxy that says TLS, nor allowed (C14).
    - `peer_allowed`: the peer may come here at all (C14).
    - `broken`: why the request's credentials cannot be read as any (C10), None where they can.
    - `authorization`: an Authorization field is present, whatever its scheme; `scheme`: that scheme in lower case,
      where it can be read; `bearer`: Bearer was used in one, readable or not.
    - `presents`: credentials of some kind are present, for C14 on public targets.
    - `unsafe`: the method is not safe (RFC 9110 section 9.2.1); `foreign`: the Origin veto holds.
    - `browser`: the request comes from a browser, so Basic and Digest may be replays.
    - `navigation`: an HTML navigation (C23). `proxying`: forward-proxy mode (C25).
    """

    preflight: bool = False
    oversize: bool = False
    cleartext: bool = False
    peer_allowed: bool = True
    broken: str | None = None
    authorization: bool = False
    scheme: str = ""
    bearer: bool = False
    presents: bool = False
    unsafe: bool = False
    foreign: bool = False
    browser: bool = False
    navigation: bool = False
    proxying: bool = False
    suppress: Suppress = Suppress.NOTHING
    face: Face = Face.PROBLEM
    calm: bool = field(init=False, repr=False, compare=False)
    """Whether no row of stage 1 can fit, and no veto holds."""

    def __post_init__(self) -> None:
        calm = self.peer_allowed and self.broken is None
        calm = calm and not (self.preflight or self.oversize or self.cleartext or self.foreign)
        object.__setattr__(self, "calm", calm)


# What is seen at a glance of nearly every request, by whether its method is safe, and by the scheme of its
# Authorization field, which is empty where it has none.
_AT_A_GLANCE = {
    (safe, scheme): Circumstances(
        unsafe=not safe, authorization=bool(scheme), scheme=scheme, presents=bool(scheme), bearer=scheme == "bearer"
    )
    for safe in (True, False)
    for scheme in ("", "basic", "bearer", "apikey")
}

# Browsers send some of these (a preflight has an Origin, too), programs hardly any.
_REMARKABLE = frozenset(
    (
        b"client-cert",
        b"no-auth-challenge",
        b"origin",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"upgrade",
    )
)
_CARRIERS = (b"authorization", b"cookie", b"x-api-key", b"auth-key", b"client-cert")
_CREDENTIALS_LIMIT = 16_384


def read_circumstances(request: Request, space: ProtectionSpace, *, broken: str | None = None) -> Circumstances:
    """The circumstances of a request in a protection space.

    `broken` is what the caller already found wrong with it, such as a target that can be read in two ways.
    """
    seen = None if broken is not None else _seen_at_a_glance(request, space)
    return _read_carefully(request, space, broken) if seen is None else seen


def _seen_at_a_glance(request: Request, space: ProtectionSpace) -> Circumstances | None:
    """The circumstances where nothing is remarkable, so that no further look is needed; else None."""
    field_of = request.field
    accept, cookie, line = field_of(b"accept"), field_of(b"cookie"), field_of(b"authorization")
    key, auth_key = field_of(b"x-api-key"), field_of(b"auth-key")
    if (
        request.repeated
        or not request.is_without(_REMARKABLE)
        or b"noauthchallenge" in request.target
        or _in_cleartext(request.peer, space)
        or (space.peer_filter is not None and not space.allows_peer(request.peer.address))
        or (accept is not None and b"html" in accept.lower())
        or (cookie is not None and len(cookie) > _CREDENTIALS_LIMIT)
        or (line is not None and len(line) > _CREDENTIALS_LIMIT)
        or (key is not None and len(key) > _CREDENTIALS_LIMIT)
        or (auth_key is not None and len(auth_key) > _CREDENTIALS_LIMIT)
    ):
        return None
    safe = request.method in SAFE_METHODS
    field = None if line is None else authorization(request)
    if field is None:
        return _AT_A_GLANCE[safe, ""]
    if isinstance(field, Unreadable):
        return None
    if field.scheme == "bearer" and (not field.raw or b"access_token" in request.target):
        return None
    return _AT_A_GLANCE.get((safe, field.scheme))


def _read_carefully(request: Request, space: ProtectionSpace, broken: str | None) -> Circumstances:
    peer = request.peer
    field = authorization(request)
    if broken is None:
        if isinstance(field, Unreadable):
            broken = field.reason
        elif field is not None and field.scheme == "bearer":
            if not field.raw:
                broken = "Bearer without a token"
            elif _names_parameter(request.query, b"access_token"):
                broken = "one token by two transports"
    own = space.own_origins
    if not own and (origin := own_origin(request)) is not None:
        own = frozenset((origin,))
    return Circumstances(
        preflight=preflight(request),
        oversize=_oversize(request),
        cleartext=_in_cleartext(peer, space),
        peer_allowed=space.allows_peer(peer.address),
        broken=broken,
        authorization=field is not None,
        scheme="" if field is None or isinstance(field, Unreadable) else field.scheme,
        bearer=_uses_bearer(request),
        presents=field is not None or space.reads_any(request),
        unsafe=request.method not in SAFE_METHODS or _opens_websocket(request),
        foreign=is_foreign(request, own | space.cors),
        browser=from_browser(request),
        navigation=is_navigation(request),
        suppress=_suppress(request, space),
        face=Face.HTML if _html(request) else Face.PROBLEM,
    )


def with_login_route(circumstances: Circumstances) -> Circumstances:
    """The same for a route that reads credentials from its content: it presents some."""
    return replace(circumstances, presents=True)


def _in_cleartext(peer: Peer, space: ProtectionSpace) -> bool:
    # Where a proxy did not tell the client's address, a loopback address is only the proxy's own (F15).
    return not (peer.secure or space.allow_cleartext or (peer.told and is_loopback(peer.address)))


def _uses_bearer(request: Request) -> bool:
    return any(line.partition(b" ")[0].lower() == b"bearer" for line in request.lines(b"authorization"))


def _oversize(request: Request) -> bool:
    return any(len(line) > _CREDENTIALS_LIMIT for name in _CARRIERS for line in request.lines(name))


def _opens_websocket(request: Request) -> bool:
    """A handshake is a GET, but what it opens is not safe: no page of another origin may open it (ASVS 4.4.2)."""
    return any(b"websocket" in line.lower() for line in request.lines(b"upgrade"))


def _html(request: Request) -> bool:
    accept = request.lines(b"accept")
    # Without text/html there is nothing to weigh; most API clients send */* or nothing.
    if not any(b"text/html" in line.lower() for line in accept):
        return False
    return negotiate(accept, ("application/problem+json", "application/json", "text/html")) == "text/html"


def _suppress(request: Request, space: ProtectionSpace) -> Suppress:
    if b"no-auth-challenge" in request or _names_parameter(request.query, b"noauthchallenge"):
        return Suppress.ALL if space.no_auth_challenge == "remove" else Suppress.POPUPS
    if space.fetch_spares_popups and request.field(b"sec-fetch-dest") == b"empty":
        return Suppress.POPUPS
    return Suppress.NOTHING


def _names_parameter(query: bytes, name: bytes) -> bool:
    return name in query and any(part.partition(b"=")[0] == name for part in query.split(b"&"))
