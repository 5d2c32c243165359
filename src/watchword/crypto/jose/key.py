"""Keys as values, each bound to exactly one algorithm (RFC 8725 section 3.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from watchword.crypto.jose.algorithms import ALGORITHMS, CURVES, Private, Public, Signer, Verifier, signer, verifier
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret

LONGEST_KID = 256
"""In characters."""
RSA_BITS = 3072
"""Of new keys: 128 bits of strength (NIST SP 800-57 part 1, table 2)."""


@dataclass(frozen=True, slots=True)
class Key:
    """What verifies signatures of one algorithm. `kid` is the name under which tokens ask for it.

    Raises:
        ValueError: where `material` is not of the algorithm's kind.
    """

    alg: str
    material: Public = field(repr=False)
    kid: str | None = None
    _verifier: Verifier = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_verifier", verifier(self.alg, self.material))

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return if the signature is this key's of this message.

        Raises:
            JoseRefused: signature.
        """
        if not self._verifier(message, signature):
            raise JoseRefused("signature")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs. `key` verifies what this signs, and has its name and its algorithm.

    Raises:
        ValueError: where `material` is not of the algorithm's kind. That it fits `key` is not looked at.
    """

    key: Key
    material: Private = field(repr=False)
    _signer: Signer = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_signer", signer(self.key.alg, self.material))

    @property
    def alg(self) -> str:
        """The algorithm's name."""
        return self.key.alg

    @property
    def kid(self) -> str | None:
        """The key's name."""
        return self.key.kid

    def sign(self, message: bytes) -> bytes:
        """The signature, as RFC 7518 section 3 has it on the wire."""
        return self._signer(message)

    def named(self, kid: str) -> SigningKey:
        """The same key under this name."""
        return replace(self, key=replace(self.key, kid=kid))


def is_name(kid: str) -> bool:
    """Whether a key may be called so. What cannot be printed has no place in a log or a header field (F18)."""
    return 0 < len(kid) <= LONGEST_KID and kid.isprintable()


def signing_key(alg: str, material: Private, kid: str | None = None) -> SigningKey:
    """The signing key, and the verifying one that belongs to it, of this material."""
    public: Public = material if isinstance(material, Secret) else material.public_key()
    return SigningKey(Key(alg, public, kid), material)


def generate(alg: str, kid: str | None = None) -> SigningKey:
    """A new key for this algorithm, from the system's random generator. EdDSA gets Ed25519.

    Raises:
        JoseRefused: algorithm, where it is unknown.
    """
    algorithm = ALGORITHMS.get(alg)
    if algorithm is None:
        raise JoseRefused("algorithm")
    material: Private
    match algorithm.kty:
        case "oct":
            material = Secret(secrets.token_bytes(algorithm.hash.digest_size))
        case "RSA":
            material = rsa.generate_private_key(65537, RSA_BITS)
        case "EC":
            material = ec.generate_private_key(next(curve.curve for curve in CURVES.values() if curve.alg == alg))
        case "OKP":
            material = ed25519.Ed25519PrivateKey.generate()
    return signing_key(alg, material, kid)
