"""Judging logout tokens (OpenID Connect Back-Channel Logout 1.0 sections 2.4, 2.6): who has logged out at a provider.

Whoever can send one ends sessions, so each holds for minutes, and once. What is looked at after the signature:

| the claim                                                                          | code          |
|------------------------------------------------------------------------------------|---------------|
| `iss` that is not the expected one, character for character                        | issuer        |
| `aud` without us                                                                   | audience      |
| `exp`, `iat` or `jti` missing; `events` without the event of a log-out; a `nonce`; | claims        |
| neither `sub` nor `sid`; any of them of the wrong type                             |               |
| `exp` on this very second or before; `iat` longer ago than `LONGEST_LIFE`          | expired       |
| `iat` or `nbf` ahead of us                                                         | not-yet-valid |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.principal import Instant
from watchword.crypto.jose import jws
from watchword.crypto.jose.jws import Header
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object
from watchword.tokens.access_token import LAST_INSTANT
from watchword.tokens.id_token import LEEWAY, LONGEST_SUBJECT

LOGOUT_TOKEN = "logout-token"
"""The purpose under which logout tokens are spent."""
EVENT = "http://schemas.openid.net/event/backchannel-logout"
"""The member of `events` that says that it is a log-out."""
LONGEST_LIFE = 600.0
"""How long after it was issued a logout token may come, in seconds. Section 2.4 recommends two minutes."""

_TYPE = "logout+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutToken:
    """Whose sessions are to end: those of this subject, those of this session at the provider, or what is in both.

    `once` stands for the issuer with the token's `jti`: it is to be spent, and remembered until `remember_until`.
    """

    issuer: str
    subject: str | None
    sid: str | None
    once: bytes = field(repr=False)
    remember_until: Instant


def logout_token_header(token: str, algorithms: frozenset[str]) -> Header:
    """The header of what should be a logout token, so that its key can be found. Nothing is verified.

    `typ` must say that it is one: an ID token, or an access token that is a JWT, is never taken for it (ASVS 10.5.5).

    Raises:
        JoseRefused: where no logout token of this provider has such a header.
    """
    header = jws.read_header(token)
    if header.typ != _TYPE:
        raise JoseRefused("type")
    if header.alg not in algorithms:
        raise JoseRefused("algorithm")
    return header


def verify_logout_token(
    token: str, key: Key, *, expected_issuer: str, expected_client: str, now: Instant
) -> LogoutToken:
    """What a logout token that this key signed says.

    Raises:
        JoseRefused: with one of the codes above, or one of a token in general.
    """
    claims = read_object(jws.verify(token, key, expected_type=_TYPE), most=jws.LONGEST_TOKEN)
    if claims.get("iss") != expected_issuer:
        raise JoseRefused("issuer")
    meant_for = claims.get("aud")
    if expected_client not in (meant_for if isinstance(meant_for, list) else [meant_for]):
        raise JoseRefused("audience")
    remember_until = _times(claims, now)
    events = claims.get("events")
    # Of a log-in there is a nonce, of a log-out never.
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict) or "nonce" in claims:
        raise JoseRefused("claims")
    subject, sid, jti = (_name(claims, name) for name in ("sub", "sid", "jti"))
    if jti is None or (subject is None and sid is None):
        raise JoseRefused("claims")
    return LogoutToken(
        issuer=expected_issuer,
        subject=subject,
        sid=sid,
        once=_once(expected_issuer, jti),
        remember_until=remember_until,
    )


def _times(claims: dict[str, Json], now: Instant) -> Instant:
    """Until when it would be taken, where it is now."""
    expires_at, issued_at, begins_at = (_instant(claims, name) for name in ("exp", "iat", "nbf"))
    if expires_at is None or issued_at is None:
        raise JoseRefused("claims")
    until = min(expires_at, issued_at + LONGEST_LIFE) + LEEWAY
    if until <= now:
        raise JoseRefused("expired")
    if max(issued_at, begins_at or 0.0) > now + LEEWAY:
        raise JoseRefused("not-yet-valid")
    return until


def _once(issuer: str, jti: str) -> bytes:
    """Kept as its digest by every version. The issuer follows its own length, so that no two are alike."""
    whose, name = (text.encode("utf-8", "surrogatepass") for text in (issuer, jti))
    return len(whose).to_bytes(4, "big") + whose + name


def _name(claims: dict[str, Json], name: str) -> str | None:
    """The claim; None where there is none. `null` is not none."""
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_SUBJECT:
        raise JoseRefused("claims")
    return value


def _instant(claims: dict[str, Json], name: str) -> Instant | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_INSTANT:
        raise JoseRefused("claims")
    return float(value)
