"""Names that go over the wire (realm, schemes, cookies, methods), and statuses: what may be configured of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal, TypeAlias

from watchword.config.problems import shown
from watchword.config.values import Read, Unfit, choice
from watchword.config.values.hosts import is_address
from watchword.core.cells import CELLS
from watchword.http.cookies import set_cookie
from watchword.http.syntax import is_token

# The IANA registry of authentication schemes, what Microsoft and Amazon added to it in practice, and our own.
_SCHEMES = frozenset(
    "apikey auth-key aws4-hmac-sha256 basic bearer certificate concealed digest dpop gnap hawk hoba hmac kerberos "
    "mutual negotiate ntlm oauth privatetoken scram-sha-1 scram-sha-256 signature token trusted-proxy vapid".split()
)


def _realm(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit
    if not (value.isascii() and value.isprintable()):
        raise ValueError(
            "a realm is sent to every client in a quoted-string, which holds no control characters and has no agreed "
            'encoding; write it in ASCII, such as "OpenMRS"'
        )
    return value


def _cookie_scheme(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not is_token(value):
        raise ValueError(
            f"{shown(value)} is no token of RFC 9110, as the name of an authentication scheme must be; "
            'write letters, digits and hyphens, such as "Watchword-Cookie"'
        )
    if value.lower() in _SCHEMES:
        raise ValueError(
            f"{shown(value)} is the name of another authentication scheme, and clients would answer it as that; "
            'write a name of your own, such as "Watchword-Cookie"'
        )
    return value


def _apikey_scheme(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not is_token(value):
        raise ValueError(
            f"{shown(value)} is no token of RFC 9110, as the name of an authentication scheme must be; "
            'write letters, digits and hyphens, such as "APIKEY"'
        )
    if value.lower() in _SCHEMES - _OF_KEYS:
        raise ValueError(
            f'{shown(value)} is the name of another authentication scheme; write "APIKEY", or a name of your own'
        )
    return value


_OF_KEYS = frozenset(("apikey", "token"))


def _method(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not is_token(value):
        raise ValueError(f'{shown(value)} is no request method; write one token of RFC 9110 for each, such as "GET"')
    if value.upper() != value and value.upper() in _METHODS:
        raise ValueError(f'methods are case-sensitive, and nobody sends {shown(value)}; write "{value.upper()}"')
    return value


_METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"))


def _cookie_name(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not is_token(value) or len(value) > 128:
        raise ValueError(f'{shown(value)} cannot be the name of a cookie; write a token, such as "__Host-watchword"')
    for prefix in ("__Host-", "__Secure-"):
        if value.lower().startswith(prefix.lower()) and (not value.startswith(prefix) or value == prefix):
            raise ValueError(f'{shown(value)} is no good name of a cookie; write "{prefix}" and a name after it')
    return value


def _cookie_domain(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    try:
        set_cookie("name", "value", max_age=1, domain=value)
    except ValueError:
        raise Unfit from None
    if "." not in value or is_address(value):
        raise ValueError(
            f'user agents refuse the domain {shown(value)}; write a domain of yours, such as "example.com"'
        )
    return value.lower()


def _same_site(value: object) -> str:
    if isinstance(value, str) and value.lower() == "none":
        raise ValueError(
            "None would send the session along with requests from every page on the web; "
            'write "Lax" or "Strict", and let pages of other sites send a token in Authorization'
        )
    return str(choice("Lax", "Strict").function(value))


def _status(cell: str, *, theirs: bool = False) -> Read:
    """A status that the decision table lets this cell be answered with. `theirs`: it tells of somebody else's
    authentication."""
    options = CELLS[cell].options
    listed = " or ".join(map(str, options))

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit
        if value == CELLS["C25"].status:
            raise ValueError(f"{value} is for forward proxies, which this is none; write {listed}")
        if theirs and value == CELLS["C03"].status:
            raise ValueError(f"{value} would say that the log-in here has failed; write {listed}")
        if value not in _ASSIGNED:
            raise ValueError(f"IANA lists no HTTP status {shown(value)}; write {listed}")
        if value not in options:
            raise ValueError(f"{value} would tell clients something else than the decision ({cell}); write {listed}")
        return value

    return Read(listed, read)


_ASSIGNED = frozenset(status.value for status in HTTPStatus)

RealmName: TypeAlias = Annotated[str, Read("the name of what is protected, in ASCII", _realm)]
CookieScheme: TypeAlias = Annotated[
    str, Read("the name of an authentication scheme, a token of RFC 9110", _cookie_scheme)
]
ApiKeyScheme: TypeAlias = Annotated[
    str, Read("the name of an authentication scheme, a token of RFC 9110", _apikey_scheme)
]
Method: TypeAlias = Annotated[str, Read("a request method", _method)]
CookieName: TypeAlias = Annotated[str, Read("the name of a cookie", _cookie_name)]
CookieDomain: TypeAlias = Annotated[str, Read("a domain without a leading dot", _cookie_domain)]
SameSite: TypeAlias = Annotated[Literal["Lax", "Strict"], Read('"Lax" or "Strict"', _same_site)]
MalformedStatus: TypeAlias = Annotated[int, _status("C08")]
ApiKeyStatus: TypeAlias = Annotated[int, _status("C09")]
SessionExpiredStatus: TypeAlias = Annotated[int, _status("C05")]
RejectedStatus: TypeAlias = Annotated[int, _status("C19", theirs=True)]
StoredStatus: TypeAlias = Annotated[int, _status("C20", theirs=True)]
