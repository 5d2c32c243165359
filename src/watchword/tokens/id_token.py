"""Judging ID tokens (OpenID Connect Core 1.0 sections 2 and 3.1.3.7): who has just logged in at a provider.

The key is chosen among the provider's by its name, and is bound to one algorithm; the token chooses nothing. What is
looked at after the signature, in this order:

| the claim                                                                        | code          |
|----------------------------------------------------------------------------------|---------------|
| `iss` that is not the expected one, character for character                      | issuer        |
| `aud` without us; `azp` that is somebody else, or missing where others are meant | audience      |
| `exp` or `iat` missing; any claim of the wrong type; no usable `sub`             | claims        |
| `exp` on this very second or before; `iat` longer ago than a log-in may take     | expired       |
| `iat` or `nbf` ahead of us                                                       | not-yet-valid |
| `nonce` that is not the one of this log-in                                       | nonce         |
| `at_hash` that is not of the access token that came beside it                    | token-hash    |
| `auth_time` missing or too long ago, where `max_age` was asked for               | too-old       |
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey

from watchword.core.identity_providers import IdToken
from watchword.core.principal import Instant
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.algorithms import ALGORITHMS
from watchword.crypto.jose.jws import Header
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object
from watchword.crypto.secret import Secret, equal
from watchword.tokens.access_token import LAST_INSTANT

LEEWAY = 30.0
"""How far the provider's clock may differ from ours, in seconds."""
LONGEST_AGE = 600.0
"""How long before now a token may have been issued, in seconds: no log-in takes longer."""
LONGEST_SUBJECT = 255
"""Of `sub`, in characters of ASCII (section 2); and of a session's id."""

# OpenID Connect leaves `typ` open; what says that it is something else, such as a log-out token, is no ID token
# (RFC 8725 section 3.11).
_TYPES = frozenset((None, "jwt"))


def id_token_header(token: str, algorithms: frozenset[str]) -> Header:
    """The header of what should be an ID token, so that its key can be found. Nothing is verified.

    Raises:
        JoseRefused: where no ID token of this provider has such a header.
    """
    header = jws.read_header(token)
    if header.typ not in _TYPES:
        raise JoseRefused("type")
    if header.alg not in algorithms:
        raise JoseRefused("algorithm")
    return header


def verify_id_token(
    token: str,
    key: Key,
    *,
    expected_issuer: str,
    expected_client: str,
    expected_nonce: str,
    now: Instant,
    max_age: int | None = None,
    access_token: Secret | None = None,
) -> IdToken:
    """What an ID token that this key signed says.

    `max_age` is how old the proof of the person may be, in seconds, where the request asked for that. `access_token` is
    what came beside the ID token.

    Raises:
        JoseRefused: with one of the codes above, or one of a token in general.
    """
    claims = read_object(jws.verify(token, key), most=jws.LONGEST_TOKEN)
    if claims.get("iss") != expected_issuer:
        raise JoseRefused("issuer")
    _meant_for(claims, expected_client)
    issued_at = _times(claims, now)
    nonce = _text(claims, "nonce")
    if nonce is None or not equal(nonce.encode(), expected_nonce.encode()):
        raise JoseRefused("nonce")
    _belongs_to(claims, key, access_token)
    return IdToken(
        issuer=expected_issuer,
        subject=_subject(claims),
        issued_at=issued_at,
        auth_time=_auth_time(claims, now, max_age),
        acr=_text(claims, "acr"),
        amr=_texts(claims, "amr"),
        sid=_session(claims),
        claims=claims,
    )


def _meant_for(claims: dict[str, Json], expected_client: str) -> None:
    meant_for, party = claims.get("aud"), _text(claims, "azp")
    listed = meant_for if isinstance(meant_for, list) else [meant_for]
    if expected_client not in listed or not all(isinstance(one, str) for one in listed):
        raise JoseRefused("audience")
    others = any(one != expected_client for one in listed)
    if (party is None and others) or party not in (None, expected_client):
        raise JoseRefused("audience")


def _times(claims: dict[str, Json], now: Instant) -> Instant:
    """When it was issued, where it holds now."""
    expires_at, issued_at = _instant(claims, "exp"), _instant(claims, "iat")
    if expires_at is None or issued_at is None:
        raise JoseRefused("claims")
    if expires_at + LEEWAY <= now or issued_at + LONGEST_AGE + LEEWAY <= now:
        raise JoseRefused("expired")
    if max(issued_at, _instant(claims, "nbf") or 0.0) > now + LEEWAY:
        raise JoseRefused("not-yet-valid")
    return issued_at


def _belongs_to(claims: dict[str, Json], key: Key, access_token: Secret | None) -> None:
    """Section 3.1.3.6: the left half of the access token's hash, by the hash of the signature's algorithm."""
    told = _text(claims, "at_hash")
    if told is None:
        return
    if access_token is None:
        raise JoseRefused("token-hash")
    if isinstance(key.material, Ed448PublicKey):
        digest = hashlib.shake_256(access_token.reveal()).digest(114)
    else:
        digest = hashlib.new(ALGORITHMS[key.alg].hash.name, access_token.reveal()).digest()
    if not equal(told.encode(), base64url.encode(digest[: len(digest) // 2]).encode()):
        raise JoseRefused("token-hash")


def _auth_time(claims: dict[str, Json], now: Instant, max_age: int | None) -> Instant | None:
    """When the person last proved who they are. Never later than now, whatever the provider's clock says."""
    proven_at = _instant(claims, "auth_time")
    if proven_at is not None and proven_at > now + LEEWAY:
        raise JoseRefused("not-yet-valid")
    if max_age is not None and (proven_at is None or proven_at + max_age + LEEWAY <= now):
        raise JoseRefused("too-old")
    return None if proven_at is None else min(proven_at, now)


def _subject(claims: dict[str, Json]) -> str:
    subject = _text(claims, "sub")
    if subject is None or not 0 < len(subject) <= LONGEST_SUBJECT or not (subject.isascii() and subject.isprintable()):
        raise JoseRefused("claims")
    return subject


def _session(claims: dict[str, Json]) -> str | None:
    sid = _text(claims, "sid")
    if sid is not None and not 0 < len(sid) <= LONGEST_SUBJECT:
        raise JoseRefused("claims")
    return sid


def _text(claims: dict[str, Json], name: str) -> str | None:
    """The claim; None where there is none. `null` is not none."""
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str):
        raise JoseRefused("claims")
    return value


def _texts(claims: dict[str, Json], name: str) -> frozenset[str]:
    listed = claims.get(name, [])
    if not isinstance(listed, list):
        raise JoseRefused("claims")
    texts = [one for one in listed if isinstance(one, str)]
    if len(texts) != len(listed):
        raise JoseRefused("claims")
    return frozenset(texts)


def _instant(claims: dict[str, Json], name: str) -> Instant | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_INSTANT:
        raise JoseRefused("claims")
    return float(value)
