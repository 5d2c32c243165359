"""The cryptographic part of a JWK, by its kind (RFC 7518 section 6, RFC 8037 section 2)."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from watchword.crypto.jose import base64url, edwards
from watchword.crypto.jose.algorithms import CURVES
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json
from watchword.crypto.secret import Secret

RSA_SIZES = range(2048, 8193)
LONGEST_EXPONENT = 4
"""In bytes: every exponent in use fits, and verifying takes time in its length."""
LONGEST_SECRET = 1024
"""In bytes."""


def secret(members: Mapping[str, Json], shortest: int) -> Secret:
    """The secret of an HMAC, at least as long as its hash (RFC 7518 section 3.2). `shortest` is in bytes."""
    k = _bytes(members, "k", LONGEST_SECRET)
    if len(k) < shortest:
        raise JoseRefused("weak")
    return Secret(k)


def rsa_public(members: Mapping[str, Json]) -> rsa.RSAPublicKey:
    """The RSA key of `n` and `e` (section 6.3.1)."""
    try:
        return _rsa_numbers(members).public_key()
    except ValueError:
        raise JoseRefused("inconsistent") from None


def rsa_private(members: Mapping[str, Json]) -> rsa.RSAPrivateKey:
    """The RSA key of two primes and all that belongs to them (section 6.3.2); `n`, `e` and `d` alone are too few."""
    if "oth" in members:
        raise JoseRefused("unsupported")
    public = _rsa_numbers(members)
    longest = RSA_SIZES[-1] // 8
    d, p, q, dp, dq, qi = (_number(members, name, longest) for name in ("d", "p", "q", "dp", "dq", "qi"))
    if p * q != public.n:
        raise JoseRefused("inconsistent")
    try:
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()
    except ValueError:
        raise JoseRefused("inconsistent") from None


def ec_public(members: Mapping[str, Json]) -> ec.EllipticCurvePublicKey:
    """The point `x`, `y`, which lies on the curve `crv` (section 6.2.1). `crv` is one that we know."""
    curve = CURVES[str(members["crv"])]
    x, y = (int.from_bytes(_exactly(members, name, curve.length), "big") for name in "xy")
    try:
        return ec.EllipticCurvePublicNumbers(x, y, curve.curve).public_key()
    except ValueError:
        raise JoseRefused("inconsistent") from None


def ec_private(members: Mapping[str, Json]) -> ec.EllipticCurvePrivateKey:
    """The private key `d` of the point (section 6.2.2)."""
    curve, public = CURVES[str(members["crv"])], ec_public(members)
    d = int.from_bytes(_exactly(members, "d", curve.length), "big")
    if not 0 < d < curve.order:
        raise JoseRefused("inconsistent")
    private = ec.derive_private_key(d, curve.curve)
    if private.public_key() != public:
        raise JoseRefused("inconsistent")
    return private


def okp_public(members: Mapping[str, Json]) -> ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
    """The point `x` of Ed25519 or Ed448 (RFC 8037 section 2). `crv` is one of these."""
    crv = str(members["crv"])
    x = _exactly(members, "x", 32 if crv == "Ed25519" else 57)
    if not edwards.is_sound(crv, x):
        raise JoseRefused("weak")
    try:
        return (ed25519.Ed25519PublicKey if crv == "Ed25519" else ed448.Ed448PublicKey).from_public_bytes(x)
    except UnsupportedAlgorithm:  # an OpenSSL without Ed448
        raise JoseRefused("unsupported") from None


def okp_private(members: Mapping[str, Json]) -> ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
    """The private key `d` of the point."""
    public = okp_public(members)
    private: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    if isinstance(public, ed25519.Ed25519PublicKey):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(_exactly(members, "d", 32))
    else:
        private = ed448.Ed448PrivateKey.from_private_bytes(_exactly(members, "d", 57))
    if private.public_key() != public:
        raise JoseRefused("inconsistent")
    return private


def _rsa_numbers(members: Mapping[str, Json]) -> rsa.RSAPublicNumbers:
    n = _number(members, "n", RSA_SIZES[-1] // 8)
    e = _number(members, "e", LONGEST_EXPONENT)
    if n.bit_length() < RSA_SIZES[0] or e < 3:
        raise JoseRefused("weak")
    if not (n & 1 and e & 1):
        raise JoseRefused("inconsistent")
    return rsa.RSAPublicNumbers(e, n)


def _bytes(members: Mapping[str, Json], name: str, most: int) -> bytes:
    text = members.get(name)
    if not isinstance(text, str):
        raise JoseRefused("malformed")
    if len(text) > (4 * most + 2) // 3:
        raise JoseRefused("oversize")
    return base64url.decode(text)


def _exactly(members: Mapping[str, Json], name: str, length: int) -> bytes:
    """Section 6.2.1.2: full length, leading zeros included."""
    decoded = _bytes(members, name, length)
    if len(decoded) != length:
        raise JoseRefused("malformed")
    return decoded


def _number(members: Mapping[str, Json], name: str, most: int) -> int:
    """A Base64urlUInt: big-endian, in no more bytes than it needs (section 2). `most` is in bytes."""
    decoded = _bytes(members, name, most)
    if not decoded or decoded[0] == 0:
        raise JoseRefused("malformed")
    return int.from_bytes(decoded, "big")
