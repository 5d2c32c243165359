"""Self-contained access tokens (RFC 9068): claims in, a signed token out, and back.

Reading has two steps, because the first is dear and always ends alike, while the second is cheap and depends on the
time: `verified` looks at the signature and at the shape of the claims, and its result may be kept under the token's
fingerprint; `fits` says whether such claims are good here and now, and is asked each time. Which key a token needs is
for the caller to find, by `kid_of`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import floor, isfinite
from typing import Literal, NamedTuple

from watchword.core.principal import Instant
from watchword.crypto.jose import jws
from watchword.crypto.jose.key import Key, SigningKey
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object, write_object

TYPE = "at+jwt"
"""Section 2.1. Other tokens of the same issuer have another `typ`, so that none passes for an access token."""
LAST_INSTANT = 253_402_300_799
"""The end of the year 9999: the last second that the usual calendars can write."""


class AccessClaims(NamedTuple):
    """What an access token says. A tuple, because one is made of every token, and a frozen dataclass takes longer.

    `scopes` is None where the token has no `scope` at all: what that means is for whoever trusts the issuer to say.
    `client` is the OAuth client's id. `family` (claim `sid`) names the log-in that the token comes from; `state`
    (claim `ww_state`) is a digest of the account's state when it was issued: who sees another state refuses it.
    """

    issuer: str
    subject: str
    audience: tuple[str, ...]
    client: str
    jti: str
    issued_at: Instant
    expires_at: Instant
    not_before: Instant | None = None
    auth_time: Instant | None = None
    scopes: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    entitlements: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    family: str | None = None
    state: str | None = None
    acr: str | None = None
    amr: frozenset[str] = frozenset()


def encode(claims: AccessClaims, key: SigningKey) -> str:
    """The claims as a token that this key signs. Times are cut to whole seconds, so that none lives longer than meant.

    Raises:
        ValueError: where the key has no name, where the token could not be read again, or would be born expired.
    """
    if key.kid is None:
        raise ValueError("a key that signs access tokens has a name")
    members: dict[str, Json] = {
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audience[0] if len(claims.audience) == 1 else list(claims.audience),
        "client_id": claims.client,
        "jti": claims.jti,
        "iat": _whole(claims.issued_at),
        "exp": _whole(claims.expires_at),
    }
    optional: dict[str, Json] = {
        "nbf": None if claims.not_before is None else _whole(claims.not_before),
        "auth_time": None if claims.auth_time is None else _whole(claims.auth_time),
        "scope": None if claims.scopes is None else " ".join(sorted(claims.scopes)),
        "roles": _listed(claims.roles),
        "groups": _listed(claims.groups),
        "entitlements": _listed(claims.entitlements),
        "permissions": _listed(claims.permissions),
        "sid": claims.family,
        "ww_state": claims.state,
        "acr": claims.acr,
        "amr": _listed(claims.amr),
    }
    members |= {name: value for name, value in optional.items() if value is not None}
    try:
        read = _read(members)
    except JoseRefused:
        raise ValueError("an access token cannot carry such claims") from None
    if read.expires_at <= read.issued_at or read.scopes != claims.scopes:
        raise ValueError("an access token lives for a second at least, and a scope has no space in it")
    return jws.sign(write_object(members), key, typ=TYPE)


def kid_of(token: str | bytes) -> str | None:
    """The name of the key that the token claims to be signed with; None where it names none. Nothing is verified.

    Raises:
        JoseRefused: where no key could make this token a good one.
    """
    return jws.read_header(token).kid


def verified(token: str | bytes, key: Key) -> AccessClaims:
    """The claims of an access token that this key signed. Whether they hold here and now is for `fits` to say.

    Raises:
        JoseRefused: what `jws.verify` refuses, an unreadable or incomplete set of claims, or a `cnf`.
    """
    payload = jws.verify(token, key, expected_type=TYPE)
    members = read_object(payload, most=jws.LONGEST_TOKEN)
    # Most are plain ASCII without escapes, so that no text in them has a control character to look for.
    return _read(members, plain=b"\\" not in payload and payload.isascii() and payload.decode("ascii").isprintable())


def fits(
    claims: AccessClaims, *, expected_issuer: str, expected_audience: str, now: Instant, leeway: float = 0.0
) -> Literal["issuer", "audience", "expired", "not-yet-valid"] | None:
    """Why a token with these claims is not good here and now; None where it is good (section 4).

    `leeway`, in seconds, is how far the issuer's clock may differ from ours.
    """
    if claims.issuer != expected_issuer:
        return "issuer"
    if expected_audience not in claims.audience:
        return "audience"
    if claims.expires_at + leeway <= now:
        return "expired"
    latest = now + leeway
    if claims.issued_at > latest or (claims.not_before is not None and claims.not_before > latest):
        return "not-yet-valid"
    return None


# --- claims ----------------------------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# scope = scope-token *( SP scope-token ), scope-token = 1*( %x21 / %x23-5B / %x5D-7E )   (RFC 6749 section 3.3)
_SCOPE_TOKEN = r"[\x21\x23-\x5b\x5d-\x7e]++"
_SCOPE = re.compile(rf"(?:{_SCOPE_TOKEN}(?: {_SCOPE_TOKEN})*+)?")


def _read(members: Mapping[str, Json], *, plain: bool = False) -> AccessClaims:
    """`plain` says that there is no control character anywhere in the members."""
    if "cnf" in members:  # RFC 7800: good only together with a proof, for which nobody asked
        raise JoseRefused("confirmation")
    text = _plain_text if plain else _text
    return AccessClaims(
        issuer=text(members.get("iss")),
        subject=text(members.get("sub")),
        audience=_audience(members.get("aud"), text),
        client=text(members.get("client_id")),
        jti=text(members.get("jti")),
        issued_at=_instant(members.get("iat")),
        expires_at=_instant(members.get("exp")),
        not_before=_instant(members["nbf"]) if "nbf" in members else None,
        auth_time=_instant(members["auth_time"]) if "auth_time" in members else None,
        scopes=_scopes(members["scope"]) if "scope" in members else None,
        roles=_values(members["roles"], text) if "roles" in members else _NONE,
        groups=_values(members["groups"], text) if "groups" in members else _NONE,
        entitlements=_values(members["entitlements"], text) if "entitlements" in members else _NONE,
        permissions=_values(members["permissions"], text) if "permissions" in members else _NONE,
        family=text(members["sid"]) if "sid" in members else None,
        state=text(members["ww_state"]) if "ww_state" in members else None,
        acr=text(members["acr"]) if "acr" in members else None,
        amr=_values(members["amr"], text) if "amr" in members else _NONE,
    )


_NONE: frozenset[str] = frozenset()


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value or _CONTROL.search(value):
        raise JoseRefused("claims")
    return value


def _plain_text(value: Json) -> str:
    """The same where there are no control characters."""
    if isinstance(value, str) and value:
        return value
    raise JoseRefused("claims")


def _instant(value: Json) -> Instant:
    """A NumericDate (RFC 7519 section 2), which may have a fraction. `true` is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_INSTANT:
        raise JoseRefused("claims")
    return float(value)


def _audience(value: Json, text: Callable[[Json], str]) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (text(value),)
    if not value:
        raise JoseRefused("claims")
    return tuple(map(text, value))


def _scopes(value: Json) -> frozenset[str]:
    if not isinstance(value, str) or not _SCOPE.fullmatch(value):
        raise JoseRefused("claims")
    return frozenset(value.split())


def _values(listed: Json, text: Callable[[Json], str]) -> frozenset[str]:
    """Strings, or objects that have a `value` as in SCIM (section 2.2.3.1, RFC 7643 section 2.4)."""
    if not isinstance(listed, list):
        raise JoseRefused("claims")
    return frozenset([text(one.get("value") if isinstance(one, dict) else one) for one in listed])


def _listed(values: frozenset[str]) -> Json:
    return [*sorted(values)] or None


def _whole(instant: Instant) -> int:
    """Whole seconds, downwards. What is no instant at all goes through, for `_read` to refuse."""
    return floor(instant) if isfinite(instant) else -1
