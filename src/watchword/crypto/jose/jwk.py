"""JSON Web Keys (RFC 7517), read strictly.

What `read_public` and `read_private` refuse, beside what is no key at all (`malformed`):

| the JWK                                                                         | code         |
|---------------------------------------------------------------------------------|--------------|
| an RSA modulus of more than 8192 bits, an exponent of more than 32, a huge secret | oversize   |
| an RSA modulus of less than 2048 bits, a secret shorter than the hash, a point of small order | weak |
| a point that is not on its curve, private members that do not fit the public ones | inconsistent |
| a secret where a public key is expected, or none where a private one is         | private      |
| `use` other than sig, `key_ops` without verify (public) or sign (private)       | use          |
| an `alg` other than the demanded one, or none where kind and curve leave a choice | algorithm  |
| another `kty` or `crv`                                                          | unsupported  |

`x5u`, `x5c`, `jku` and all other members are ignored: nothing is fetched, no certificate is believed.
"""

from __future__ import annotations

from collections.abc import Mapping

from watchword.crypto.jose import jwk_material as material
from watchword.crypto.jose.algorithms import ALGORITHMS, CURVES, Kty, Public
from watchword.crypto.jose.key import Key, SigningKey, is_name, signing_key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object

LONGEST_JWK = 16 * 1024
"""In bytes: a private RSA key of the greatest size has less than half of it."""

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))


def read_public(jwk: str | bytes | Mapping[str, Json], *, alg: str | None = None) -> Key:
    """The verifying key that a public JWK holds. Where `alg` is given, for no other algorithm.

    A mapping can no longer tell of members that came twice: give text from strangers as it came.

    Raises:
        JoseRefused: with one of the codes above.
    """
    members = _members(jwk)
    kty = _kty(members)
    if kty == "oct" or not _PRIVATE.isdisjoint(members):
        raise JoseRefused("private")
    bound = _algorithm(members, kty, alg)
    _refuse_other_uses(members, "verify")
    key: Public
    match kty:
        case "RSA":
            key = material.rsa_public(members)
        case "EC":
            key = material.ec_public(members)
        case "OKP":
            key = material.okp_public(members)
    return Key(bound, key, _kid(members))


def read_private(jwk: str | bytes | Mapping[str, Json], *, alg: str | None = None) -> SigningKey:
    """The signing key that a private JWK, or a symmetric one, holds. `alg` as above.

    Raises:
        JoseRefused: with one of the codes above.
    """
    members = _members(jwk)
    kty = _kty(members)
    if _PRIVATE.isdisjoint(members):
        raise JoseRefused("private")
    bound = _algorithm(members, kty, alg)
    _refuse_other_uses(members, "sign")
    kid = _kid(members)
    match kty:
        case "oct":
            return signing_key(bound, material.secret(members, ALGORITHMS[bound].hash.digest_size), kid)
        case "RSA":
            return signing_key(bound, material.rsa_private(members), kid)
        case "EC":
            return signing_key(bound, material.ec_private(members), kid)
        case "OKP":
            return signing_key(bound, material.okp_private(members), kid)


def _members(jwk: str | bytes | Mapping[str, Json]) -> Mapping[str, Json]:
    # Not `isinstance(jwk, Mapping)`: for text, that walks through every Mapping that the process has.
    return read_object(jwk, most=LONGEST_JWK) if isinstance(jwk, str | bytes) else jwk


def _kty(members: Mapping[str, Json]) -> Kty:
    match members.get("kty"):
        case "oct" | "RSA" | "EC" | "OKP" as kty:
            return kty
        case str():
            raise JoseRefused("unsupported")
        case _:
            raise JoseRefused("malformed")


def _kid(members: Mapping[str, Json]) -> str | None:
    if "kid" not in members:
        return None
    kid = members["kid"]
    if not (isinstance(kid, str) and is_name(kid)):
        raise JoseRefused("malformed")
    return kid


def _algorithm(members: Mapping[str, Json], kty: Kty, demanded: str | None) -> str:
    """The one algorithm, from the JWK's `alg`, its curve, and what is demanded: whoever speaks must say the same."""
    named = [] if demanded is None else [demanded]
    if "alg" in members:
        alg = members["alg"]
        if not isinstance(alg, str):
            raise JoseRefused("malformed")
        named.append(alg)
    if kty in ("EC", "OKP"):
        crv = members.get("crv")
        if not isinstance(crv, str):
            raise JoseRefused("malformed")
        if kty == "EC" and crv in CURVES:
            named.append(CURVES[crv].alg)
        elif kty == "OKP" and crv in ("Ed25519", "Ed448"):
            named.append("EdDSA")
        else:
            raise JoseRefused("unsupported")
    if len(set(named)) != 1 or named[0] not in ALGORITHMS or ALGORITHMS[named[0]].kty != kty:
        raise JoseRefused("algorithm")
    return named[0]


def _refuse_other_uses(members: Mapping[str, Json], operation: str) -> None:
    """Refuse a key that is for something else (RFC 7517 sections 4.2 and 4.3)."""
    if "use" in members and members["use"] != "sig":
        raise JoseRefused("use")
    if "key_ops" in members:
        operations = members["key_ops"]
        if not isinstance(operations, list) or not all(isinstance(one, str) for one in operations):
            raise JoseRefused("malformed")
        if operations.count(operation) != 1:
            raise JoseRefused("use")
