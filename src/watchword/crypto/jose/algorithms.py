"""The signature algorithms (RFC 7518 section 3, RFC 8037): how each one signs and verifies.

`none`, RSA1_5 and whatever else is not in `ALGORITHMS` do not exist here. What can be refused by looking at a
signature's length or at its numbers is refused before any cryptography.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from watchword.crypto.secret import Secret

Public: TypeAlias = (
    Secret | rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)
"""What verifies. An HMAC's secret verifies and signs."""
Private: TypeAlias = (
    Secret | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)
Verifier: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether the second argument is a signature of the first."""
Signer: TypeAlias = Callable[[bytes], bytes]
Kty: TypeAlias = Literal["oct", "RSA", "EC", "OKP"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the table: the kind of key, and the hash. PSS salts are as long as the hash (section 3.5)."""

    kty: Kty
    hash: SHA256 | SHA384 | SHA512
    pss: bool = False


ALGORITHMS = {
    "HS256": Algorithm("oct", SHA256()),
    "HS384": Algorithm("oct", SHA384()),
    "HS512": Algorithm("oct", SHA512()),
    "RS256": Algorithm("RSA", SHA256()),
    "RS384": Algorithm("RSA", SHA384()),
    "RS512": Algorithm("RSA", SHA512()),
    "PS256": Algorithm("RSA", SHA256(), pss=True),
    "PS384": Algorithm("RSA", SHA384(), pss=True),
    "PS512": Algorithm("RSA", SHA512(), pss=True),
    "ES256": Algorithm("EC", SHA256()),
    "ES384": Algorithm("EC", SHA384()),
    "ES512": Algorithm("EC", SHA512()),
    "EdDSA": Algorithm("OKP", SHA512()),  # its curve settles the hash
}


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of RFC 7518 section 3.4: the one algorithm that uses it, its group's order, its length in bytes."""

    alg: str
    curve: ec.EllipticCurve
    length: int
    order: int


CURVES = {
    "P-256": Curve("ES256", ec.SECP256R1(), 32, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "P-384": Curve(
        "ES384",
        ec.SECP384R1(),
        48,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    ),
    "P-521": Curve(
        "ES512",
        ec.SECP521R1(),
        66,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
    ),
}


def curve_of(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> tuple[str, Curve] | None:
    """The curve's name in a JWK, and the curve; None where no algorithm uses it."""
    return next(((name, curve) for name, curve in CURVES.items() if curve.curve.name == key.curve.name), None)


def verifier(alg: str, key: Public) -> Verifier:
    """How the key verifies by this algorithm.

    Raises:
        ValueError: where the key is not of the algorithm's kind.
    """
    match ALGORITHMS.get(alg), key:
        case Algorithm("oct", digest), Secret():
            return _hmac_verifier(digest.name, digest.digest_size, key.reveal())
        case Algorithm("RSA") as algorithm, rsa.RSAPublicKey():
            return _rsa_verifier(algorithm, key)
        case Algorithm("EC", digest), ec.EllipticCurvePublicKey():
            named = curve_of(key)
            if named is not None and named[1].alg == alg:
                return _ecdsa_verifier(named[1], digest, key)
        case Algorithm("OKP"), ed25519.Ed25519PublicKey():
            return _eddsa_verifier(64, key)
        case Algorithm("OKP"), ed448.Ed448PublicKey():
            return _eddsa_verifier(114, key)
        case _:
            pass
    raise ValueError("the key is not of the algorithm's kind")


def signer(alg: str, key: Private) -> Signer:
    """How the key signs by this algorithm.

    Raises:
        ValueError: where the key is not of the algorithm's kind.
    """
    match ALGORITHMS.get(alg), key:
        case Algorithm("oct", digest), Secret():
            return lambda message: hmac.digest(key.reveal(), message, digest.name)
        case Algorithm("RSA") as algorithm, rsa.RSAPrivateKey():
            scheme = _rsa_padding(algorithm)
            return lambda message: key.sign(message, scheme, algorithm.hash)
        case Algorithm("EC", digest), ec.EllipticCurvePrivateKey():
            named = curve_of(key)
            if named is not None and named[1].alg == alg:
                return _ecdsa_signer(named[1].length, digest, key)
        case Algorithm("OKP"), ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            return key.sign
        case _:
            pass
    raise ValueError("the key is not of the algorithm's kind")


def _hmac_verifier(digest: str, length: int, secret: bytes) -> Verifier:
    return lambda message, signature: (
        len(signature) == length and hmac.compare_digest(hmac.digest(secret, message, digest), signature)
    )


def _rsa_verifier(algorithm: Algorithm, key: rsa.RSAPublicKey) -> Verifier:
    length, scheme, digest = (key.key_size + 7) // 8, _rsa_padding(algorithm), algorithm.hash

    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != length:
            return False
        try:
            key.verify(signature, message, scheme, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def _rsa_padding(algorithm: Algorithm) -> padding.PSS | padding.PKCS1v15:
    if algorithm.pss:
        return padding.PSS(padding.MGF1(algorithm.hash), algorithm.hash.digest_size)
    return padding.PKCS1v15()


def _ecdsa_verifier(curve: Curve, digest: SHA256 | SHA384 | SHA512, key: ec.EllipticCurvePublicKey) -> Verifier:
    """Of `R || S`, each as long as the curve (section 3.4); DER never matches that length and those ranges."""
    scheme, length, order = ec.ECDSA(digest), curve.length, curve.order

    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * length:
            return False
        r, s = int.from_bytes(signature[:length], "big"), int.from_bytes(signature[length:], "big")
        if not (0 < r < order and 0 < s < order):
            return False
        try:
            key.verify(encode_dss_signature(r, s), message, scheme)
        except InvalidSignature:
            return False
        return True

    return verify


def _ecdsa_signer(length: int, digest: SHA256 | SHA384 | SHA512, key: ec.EllipticCurvePrivateKey) -> Signer:
    scheme = ec.ECDSA(digest)

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, scheme))
        return r.to_bytes(length, "big") + s.to_bytes(length, "big")

    return sign


def _eddsa_verifier(length: int, key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) -> Verifier:
    def verify(message: bytes, signature: bytes) -> bool:
        if len(signature) != length:
            return False
        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify
