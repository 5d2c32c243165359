"""Keys written as JWKs (RFC 7517), and named by their thumbprint (RFC 7638)."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from watchword.crypto.jose import base64url
from watchword.crypto.jose.algorithms import curve_of
from watchword.crypto.jose.key import Key, SigningKey
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, write_object
from watchword.crypto.secret import Secret


def public_jwk(key: Key) -> dict[str, str]:
    """The key as a public JWK, to be published.

    Raises:
        JoseRefused: private, for an HMAC's secret.
    """
    if isinstance(key.material, Secret):
        raise JoseRefused("private")
    named = {} if key.kid is None else {"kid": key.kid}
    return _required(key) | named | {"alg": key.alg, "use": "sig"}


def private_jwk(key: SigningKey) -> Secret:
    """The key as a JWK with its secret, in JSON, for a file that its owner alone can read."""
    members = _required(key.key) | ({} if key.kid is None else {"kid": key.kid}) | {"alg": key.alg, "use": "sig"}
    match key.material:
        case Secret():
            pass
        case rsa.RSAPrivateKey():
            numbers = key.material.private_numbers()
            parts = {
                "d": numbers.d,
                "p": numbers.p,
                "q": numbers.q,
                "dp": numbers.dmp1,
                "dq": numbers.dmq1,
                "qi": numbers.iqmp,
            }
            members |= {name: _spelled(number) for name, number in parts.items()}
        case ec.EllipticCurvePrivateKey():
            length = (key.material.key_size + 7) // 8
            members["d"] = _spelled(key.material.private_numbers().private_value, length)
        case _:
            members["d"] = base64url.encode(key.material.private_bytes_raw())
    return Secret(write_object(dict[str, Json](members)))


def thumbprint(key: Key) -> str:
    """The SHA-256 thumbprint (RFC 7638), which makes a good `kid`."""
    required = _required(key)
    return base64url.encode(sha256(write_object({name: required[name] for name in sorted(required)})).digest())


def _required(key: Key) -> dict[str, str]:
    """The members that make the key (RFC 7638 section 3.2)."""
    match key.material:
        case Secret():
            return {"kty": "oct", "k": base64url.encode(key.material.reveal())}
        case rsa.RSAPublicKey():
            numbers = key.material.public_numbers()
            return {"kty": "RSA", "n": _spelled(numbers.n), "e": _spelled(numbers.e)}
        case ec.EllipticCurvePublicKey():
            found = curve_of(key.material)
            assert found is not None, "a Key has a curve of its algorithm"
            name, curve = found
            point = key.material.public_numbers()
            return {
                "kty": "EC",
                "crv": name,
                "x": _spelled(point.x, curve.length),
                "y": _spelled(point.y, curve.length),
            }
        case ed25519.Ed25519PublicKey():
            crv = "Ed25519"
        case _:
            crv = "Ed448"
    return {"kty": "OKP", "crv": crv, "x": base64url.encode(key.material.public_bytes(Encoding.Raw, PublicFormat.Raw))}


def _spelled(number: int, length: int | None = None) -> str:
    return base64url.encode(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))
