"""Assertions by which OAuth clients authenticate with a key of their own: `private_key_jwt` (RFC 7523 section 3).

The key is chosen among the client's own by its name alone, and is bound to one algorithm. An assertion lives for
an hour at most, and can be used once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from watchword.core.principal import Instant
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.algorithms import ALGORITHMS
from watchword.crypto.jose.jwk_set import JwkSet, read_jwk_set
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object
from watchword.tokens.access_token import LAST_INSTANT

CLIENT_ASSERTION = "client-assertion"
"""The purpose under which assertions are spent."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE = 3600.0
"""How far ahead an assertion may expire, in seconds: until then its `jti` is remembered. A minute would do, but an hour
is what common libraries ask for; since each is good once, more than a minute helps only who steals one unused."""
LEEWAY = 30.0
"""How far the client's clock may differ from ours, in seconds."""
SIGNING_ALGORITHMS = tuple(sorted(name for name, algorithm in ALGORITHMS.items() if algorithm.kty != "oct"))
"""Those that a client's key may have. A shared secret is none: it would have to be kept as it is."""

_LONGEST_NAME = 255
"""Of a client's id, or of a `jti`, in characters."""
# RFC 7523 leaves `typ` open; what says that it is something else is not taken for an assertion (RFC 8725 section 3.11).
_TYPES = frozenset((None, "jwt", "client-authentication+jwt"))


@dataclass(frozen=True, slots=True)
class SpendableAssertion:
    """What remains to be done of an assertion that is good: to spend it, remembered until `remember_until`.

    `value` stands for its client with its `jti`, whatever these contain: the client's id follows its own length.
    """

    value: bytes
    remember_until: Instant


def claimed_client(assertion: str) -> str | None:
    """The client that the assertion says it comes from, so that its key can be found. Nothing is verified. Total."""
    try:
        jws.read_header(assertion)
        subject = read_object(base64url.decode(assertion.split(".")[1]), most=jws.LONGEST_TOKEN).get("sub")
    except JoseRefused:
        return None
    return subject if isinstance(subject, str) and 0 < len(subject) <= _LONGEST_NAME else None


def verify_assertion(
    assertion: str, jwks: str, *, expected_client: str, expected_audience: frozenset[str], now: Instant
) -> SpendableAssertion:
    """What an assertion of this client, signed with one of the keys in its JWK Set, says.

    `expected_audience` are the names that we go by, any of which it may be meant for; it may be for nobody else.

    Raises:
        JoseRefused: where any of that is not so, or it is not the time for it.
    """
    header = jws.read_header(assertion)
    if header.typ not in _TYPES:
        raise JoseRefused("type")
    key = _keys(jwks).find(header.kid)
    if key is None:
        raise JoseRefused("unknown-key")
    claims = read_object(jws.verify(assertion, key), most=jws.LONGEST_TOKEN)
    if claims.get("iss") != expected_client or claims.get("sub") != expected_client:
        raise JoseRefused("issuer")
    meant_for = claims.get("aud")
    listed = meant_for if isinstance(meant_for, list) else [meant_for]
    if not listed or not all(isinstance(one, str) and one in expected_audience for one in listed):
        # One that somebody else takes as well, somebody else can use here.
        raise JoseRefused("audience")
    expires_at = _instant(claims, "exp")
    if expires_at is None:
        raise JoseRefused("claims")
    if expires_at + LEEWAY <= now:
        raise JoseRefused("expired")
    begins = max(_instant(claims, "iat") or 0.0, _instant(claims, "nbf") or 0.0)
    if begins > now + LEEWAY or expires_at > now + LONGEST_LIFE + LEEWAY:
        raise JoseRefused("not-yet-valid")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_NAME:
        raise JoseRefused("claims")
    return SpendableAssertion(_value(expected_client, jti), expires_at + LEEWAY)


def _value(client_id: str, jti: str) -> bytes:
    """Kept as its digest by every version: to write it another way would let old assertions be used again."""
    client, name = (text.encode("utf-8", "surrogatepass") for text in (client_id, jti))
    return len(client).to_bytes(4, "big") + client + name


@lru_cache(maxsize=64)
def _keys(jwks: str) -> JwkSet:
    """The same few clients come again and again."""
    return read_jwk_set(jwks)


def _instant(claims: dict[str, Json], name: str) -> Instant | None:
    value = claims.get(name)
    if name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LAST_INSTANT:
        raise JoseRefused("claims")
    return float(value)
