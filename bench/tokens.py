"""Self-contained access tokens: judged for the first time and again, beside nothing but the verification by OpenSSL."""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.data import SETTINGS, Data, log_in
from bench.in_process import timed
from bench.measure import BenchFailed, Measure, Measured
from bench.rows import Row, Target, cpu_above, cpu_ratio
from watchword.config.build import build
from watchword.core.ask import ask
from watchword.core.outcome import Accepted, Outcome
from watchword.core.questions import FindSigningKey
from watchword.crypto.jose import base64url
from watchword.crypto.jose.key import SigningKey
from watchword.crypto.secret import Secret
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness
from watchword.storage import open_storage
from watchword.tokens.access_token import AccessClaims, encode
from watchword.tokens.format import base62
from watchword.tokens.self_contained import SelfContainedTokens

_ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256", "HS256")


def _targets(alg: str) -> tuple[Target, ...]:
    raw = f"jwt-raw-{alg}"
    match alg:
        case "ES256" | "EdDSA":
            return (Target(limit=1.15, unit="x", compare=cpu_ratio, to=raw),)
        case "HS256":
            return (Target(limit=5, unit=" us above", compare=cpu_above, to=raw),)
        case _:
            return ()


ROWS = (
    *(Row(name=f"jwt-raw-{alg}", what=f"nothing but the verification of a signature by {alg}") for alg in _ALGORITHMS),
    *(
        Row(
            name=f"jwt-first-{alg}",
            what=f"judging an access token signed by {alg} that was never seen before",
            reference=f"jwt-raw-{alg}",
            targets=_targets(alg),
        )
        for alg in _ALGORITHMS
    ),
    Row(name="jwt-again-ES256", what="judging one that was seen before", reference="jwt-raw-ES256"),
)
_REMEMBERED = 1_000
"""Tokens: each new one soon drives out another, as on a busy server."""


def measures(names: Sequence[str], stack: ExitStack, data: Data, folder: Path) -> dict[str, Measure]:
    """How to measure these rows. Each token is signed just before its turn, so that none comes twice."""
    issuers = {alg: _Issuer(stack, data, folder, alg) for alg in dict.fromkeys(name.split("-")[2] for name in names)}
    found: dict[str, Measure] = {}
    for name in names:
        _, which, alg = name.split("-")
        found[name] = partial({"raw": _raw, "first": _first, "again": _again}[which], issuers[alg])
    return found


class _Issuer:
    """A server that signs by this algorithm, over the storage of the bench."""

    def __init__(self, stack: ExitStack, data: Data, folder: Path, alg: str) -> None:
        settings = SETTINGS.model_copy(update={"tokens": SETTINGS.tokens.model_copy(update={"algorithm": alg})})
        storage = open_storage(settings.storage.url, data.folder, keep_changes_for=settings.tokens.keep_changes_for)
        witness = ServerWitness(Metrics(), lambda event: None)
        parts = build(settings, folder / f"keys-{alg}", witness, storage=storage)
        stack.callback(parts.close)
        self._service = parts.service
        self._engine = parts.service.engine
        policy = parts.service.token_policy
        self._judges = SelfContainedTokens(
            issuer=policy.issuer, audience=policy.audience[0], longest=policy.access_ttl, size=_REMEMBERED
        )
        self.key = self._engine.run(ask(FindSigningKey()))
        assert self.key.alg == alg
        self._claims: AccessClaims | None = None

    async def begin(self) -> None:
        """Log in, for the claims that further tokens copy: once, because for too many log-ins the oldest end."""
        if self._claims is not None:
            return
        now = time.time()
        first = self._engine.run(log_in(self._service.token_policy, now)).encode()
        found = self._engine.run(self._service.self_contained.alive(first, now))
        if found is None or not isinstance(self.judge(first), Accepted):
            raise BenchFailed(f"An access token of the bench is not accepted: {self.key.alg}.")
        self._claims = found.claims

    def new_token(self) -> bytes:
        """One that nobody has seen."""
        assert self._claims is not None
        return encode(self._claims._replace(jti=base62(os.urandom(16))), self.key).encode()

    def judge(self, token: bytes) -> Outcome:
        return self._engine.run(self._judges.judge(token, time.time(), mechanism="bearer", realm="Watchword"))


def _raw(issuer: _Issuer, seconds: float) -> Measured:
    verify = _verification(issuer.key)

    def signed() -> tuple[bytes, bytes]:
        message, _, signature = issuer.new_token().rpartition(b".")
        return _as_openssl_takes_it(base64url.decode(signature.decode()), issuer.key.alg), message

    return asyncio.run(timed(issuer.begin, signed, lambda given: verify(*given), seconds))


def _first(issuer: _Issuer, seconds: float) -> Measured:
    return asyncio.run(timed(issuer.begin, issuer.new_token, issuer.judge, seconds))


def _again(issuer: _Issuer, seconds: float) -> Measured:
    tokens: list[bytes] = []

    async def begin() -> None:
        await issuer.begin()
        tokens.append(issuer.new_token())
        issuer.judge(tokens[0])

    return asyncio.run(timed(begin, lambda: tokens[0], issuer.judge, seconds))


def _as_openssl_takes_it(signature: bytes, alg: str) -> bytes:
    if alg != "ES256":
        return signature
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _verification(signing: SigningKey) -> Callable[[bytes, bytes], object]:
    """What verifies a signature of a message, and does nothing else."""
    match signing.alg, signing.key.material:
        case "ES256", ec.EllipticCurvePublicKey() as on_curve:
            ecdsa = ec.ECDSA(SHA256())
            return lambda signature, message: on_curve.verify(signature, message, ecdsa)
        case "EdDSA", ed25519.Ed25519PublicKey() as edwards:
            return edwards.verify
        case ("RS256" | "PS256") as alg, rsa.RSAPublicKey() as key:
            scheme = padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(SHA256()), 32)
            digest = SHA256()
            return lambda signature, message: key.verify(signature, message, scheme, digest)
        case "HS256", Secret() as secret:
            key_bytes = secret.reveal()
            return lambda signature, message: hmac.compare_digest(hmac.digest(key_bytes, message, "sha256"), signature)
        case _:
            raise BenchFailed(f"The bench cannot verify {signing.alg} by itself.")
