"""Forward-auth: a reverse proxy asks, before it passes a request on, whether it may (C26).

Each dialect is what one kind of proxy makes of our answer: nginx turns everything but 2xx, 401 and 403 into a 500,
Traefik and Caddy pass our answer to the client as it is and copy named fields of a 2xx onto the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from watchword.core.decide import status_for_nginx
from watchword.core.decision import Refused
from watchword.core.principal import Instant, Principal
from watchword.http.fields import IDENTITY_FIELDS, field_list, field_value, looks_like
from watchword.http.message import Fields, Response
from watchword.tokens.couchdb_told import ToldToCouchDb


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of proxy needs.

    `only_401_and_403`: other refusals are told as 403, with the true status in X-Auth-Status. `numbered`: content,
    challenges and cookies are told in fields of their own, for a proxy that keeps no content and no repeated fields.
    `always_identity`: a granted answer names every identity field, empty where nobody is proven, so that the proxy
    overwrites what the client sent under the same name.
    """

    only_401_and_403: bool = False
    numbered: bool = False
    always_identity: bool = False


DIALECTS: dict[str, Dialect] = {
    "/verify": Dialect(),
    "/verify/nginx": Dialect(only_401_and_403=True),
    "/verify/traefik": Dialect(always_identity=True),
    "/verify/caddy": Dialect(always_identity=True),
}

_REMEMBERED = 4096
_NOT_GIVEN = (b"watchword-identity", b"")
_ANONYMOUS: Fields = (
    (b"remote-user", b""),
    (b"remote-roles", b""),
    (b"remote-scopes", b""),
    (b"remote-session", b""),
    _NOT_GIVEN,
)


class Identities:
    """The identity fields of principals in one dialect, made once for each: the same few are asked for all the time.

    `couchdb` names them in CouchDB's fields besides, with a token that may be another each second.
    """

    def __init__(self, dialect: Dialect, couchdb: ToldToCouchDb | None = None) -> None:
        nobody = () if couchdb is None else couchdb.names.empty
        self._couchdb = couchdb
        self._couchdb_nobody = nobody if dialect.always_identity else ()
        self._anonymous = (*_ANONYMOUS, *nobody) if dialect.always_identity else ()
        self._beside = (_NOT_GIVEN,) if dialect.always_identity else ()
        self._made: dict[tuple[str, frozenset[str], frozenset[str] | None, str | None], Fields] = {}

    def fields(self, principal: Principal | None, now: Instant) -> Fields:
        """The fields by which the application behind the proxy learns who asks."""
        if self._couchdb is None or principal is None:
            return self._own(principal)
        return (*self._own(principal), *(self._couchdb.fields(principal, now) or self._couchdb_nobody))

    def _own(self, principal: Principal | None) -> Fields:
        if principal is None:
            return self._anonymous
        told = principal.subject, principal.roles, principal.scopes, principal.authentication.session
        made = self._made.get(told)
        if made is None:
            made = (*identity_fields(principal), *self._beside)
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            self._made[told] = made
        return made


def identity_fields(principal: Principal) -> Fields:
    """Who was proven, as fields for the application. Values are safe in any field, whatever the names hold."""
    return (
        (b"remote-user", field_value(principal.subject)),
        (b"remote-roles", field_list(sorted(principal.roles))),
        (b"remote-scopes", field_value(" ".join(sorted(principal.scopes or ())))),
        (b"remote-session", field_value(principal.authentication.session or "")),
    )


_LONGEST_REMEMBERED = 1024


def identity_names(couchdb: ToldToCouchDb | None) -> frozenset[str]:
    """The fields by which applications learn who asks."""
    if couchdb is None:
        return IDENTITY_FIELDS
    return IDENTITY_FIELDS | {name.decode("ascii") for name, _ in couchdb.names.empty}


def imitates_identity(fields: Fields, told: frozenset[str] = IDENTITY_FIELDS) -> bool:
    """Is there a field that applications could take for one that is told, in a spelling that no proxy overwrites
    (F21)?"""
    names = b":".join([name for name, _ in fields])
    return _imitates(names, told) if len(names) <= _LONGEST_REMEMBERED else _imitates.__wrapped__(names, told)


@lru_cache(maxsize=_REMEMBERED)
def _imitates(names: bytes, told: frozenset[str]) -> bool:
    """The same clients send the same names again and again."""
    own = {name.lower().encode() for name in told}
    return any(name not in own and looks_like(name, told) for name in names.split(b":"))


MOST_REPEATED = 4
"""How many lines of WWW-Authenticate, or of Set-Cookie, a proxy that cannot repeat fields is told."""


def in_dialect(response: Response, refused: Refused, dialect: Dialect) -> Response:
    """A refusal as this kind of proxy can pass it on.

    The status is always the true one: a proxy takes for granted what a JSON-RPC client would be told with a 200.
    """
    status = response.status if refused.hidden else refused.status
    if not dialect.only_401_and_403:
        return response if status == response.status else Response(status, response.fields, response.body)
    fields = (*response.fields, (b"x-auth-status", str(status).encode()))
    if dialect.numbered:
        fields = (
            *(line for line in fields if line[0] not in (b"www-authenticate", b"set-cookie")),
            *_numbered(b"x-auth-challenge", _few(response.lines(b"www-authenticate"))),
            *_numbered(b"x-auth-set-cookie", response.lines(b"set-cookie")),
            *_content(response),
        )
    return Response(status_for_nginx(replace(refused, status=status)), fields, response.body)


def granted_in_dialect(fields: Fields, dialect: Dialect) -> Fields:
    """What is added to the application's answer, as this kind of proxy can pass it on."""
    if not dialect.numbered:
        return fields
    cookies = tuple(value for name, value in fields if name == b"set-cookie")
    aside = tuple((_TOLD_ASIDE[name], value) for name, value in fields if name in _TOLD_ASIDE)
    return (*fields, *aside, *_numbered(b"x-auth-set-cookie", cookies)) if aside or cookies else fields


# Our own answer always has them. What the application's needs is told in fields of its own, which are there or not.
_TOLD_ASIDE = {b"cache-control": b"x-auth-cache-control", b"referrer-policy": b"x-auth-referrer-policy"}


def _content(response: Response) -> Fields:
    """Content and its type. That of a redirection is nginx's own: it takes none for one."""
    if response.lines(b"location"):
        return ()
    types = tuple((b"x-auth-content-type", value) for value in response.lines(b"content-type"))
    return (*types, (b"x-auth-problem", response.body if _fits_a_field(response.body) else b""))


def _numbered(name: bytes, lines: tuple[bytes, ...]) -> Fields:
    return tuple((name + b"-%d" % number, line) for number, line in enumerate(lines[:MOST_REPEATED], start=1))


def _few(challenges: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """As many lines as can be told. Challenges are a list: the last line may hold several (RFC 9110 section 11.6.1)."""
    if len(challenges) <= MOST_REPEATED:
        return challenges
    return (*challenges[: MOST_REPEATED - 1], b", ".join(challenges[MOST_REPEATED - 1 :]))


def _fits_a_field(body: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in body)
