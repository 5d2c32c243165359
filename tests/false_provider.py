"""An OpenID provider on loopback that says whatever a test wants it to say: honest until something of it is changed.

    with false_provider() as provider:
        provider.url                                     # its issuer
        provider.claims["aud"] = "somebody else"         # instead of what an honest one would say; LEFT_OUT: not at all
        provider.header["alg"] = "none"
        provider.sign = lambda message: b""
        provider.discovery["token_endpoint"] = "..."
        provider.answers["/jwks"] = Answer(content=b"...", delay=3.0)    # in place of what it would answer
        provider.honest()                                # all of that is taken back

What it signs is put together by hand here, so that it can be put together wrongly.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

LEFT_OUT: Final = object()
"""In the place of a value: there is no such member."""

RSA_KEY: Final = rsa.generate_private_key(65537, 2048)
EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
STRANGER: Final = rsa.generate_private_key(65537, 2048)
"""A key that no provider has."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered at a path, after a while: so many seconds, or until a test lets go of what is held."""

    status: int = 200
    content: bytes = b"{}"
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0
    held: threading.Event | None = None


@dataclass(slots=True)
class FalseProvider:
    """A running one. `somebody` is whom its page logs in, without a word; `codes` are those it gave, with their nonces.

    `forms` are what was POSTed to its token endpoint, and `asked` the paths of all requests.
    """

    url: str
    somebody: str = "eve-9"
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    header: dict[str, Any] = field(default_factory=dict[str, Any])
    discovery: dict[str, Any] = field(default_factory=dict[str, Any])
    authorization: dict[str, Any] = field(default_factory=dict[str, Any])
    tokens: dict[str, Any] = field(default_factory=dict[str, Any])
    user_info: dict[str, Any] = field(default_factory=dict[str, Any])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    sign: Callable[[bytes], bytes] | None = None
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    forms: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    asked: list[str] = field(default_factory=list[str])

    def honest(self) -> None:
        """Say the truth again."""
        self.somebody, self.sign = "eve-9", None
        for changed in (
            *(self.claims, self.header, self.discovery, self.authorization, self.tokens, self.user_info),
            *(self.answers, self.codes, self.forms, self.asked),
        ):
            changed.clear()

    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        return changed_by(
            self.discovery,
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/me",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/end",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
            },
        )

    def authorized(self, asked: Mapping[str, str]) -> str:
        """Where a browser is sent back to that brought this request."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        told = changed_by(self.authorization, {"code": code, "state": asked["state"], "iss": self.url})
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def redeemed(self, form: Mapping[str, str]) -> dict[str, Any]:
        """What it gives for a code, whosever that is."""
        asked = self.codes.get(form.get("code", ""), {})
        access_token = secrets.token_urlsafe(16)
        return changed_by(
            self.tokens,
            {
                "access_token": access_token,
                "token_type": "Bearer",
                "expires_in": 600,
                "id_token": self.id_token(
                    client_id=asked.get("client_id", ""), nonce=asked.get("nonce", ""), access_token=access_token
                ),
            },
        )

    def id_token(self, *, client_id: str, nonce: str, access_token: str) -> str:
        """An ID token for this client."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.somebody,
            "aud": client_id,
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": nonce,
            "sid": f"session of {self.somebody}",
            "at_hash": encoded(sha256(access_token.encode()).digest()[:16]),
            "preferred_username": self.somebody.partition("-")[0],
        }
        return self.signed(changed_by(self.claims, claims))

    def logout_token(self, *, client_id: str, **claims: Any) -> str:
        """A logout token for this client. `claims` are changed, as above."""
        now = int(time.time())
        told = {
            "iss": self.url,
            "aud": client_id,
            "exp": now + 120,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            "sub": self.somebody,
        }
        return self.signed(changed_by(claims, told), {"typ": "logout+jwt"})

    def signed(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """A token with these claims."""
        told = changed_by(self.header, {"alg": "RS256", "kid": "rsa", **(header or {})})
        return compact(told, claims, self.sign or by_rs256(RSA_KEY))

    def answered(self, path: str, query: Mapping[str, str], form: Mapping[str, str]) -> Answer:
        match path:
            case "/.well-known/openid-configuration":
                return in_json(self.metadata())
            case "/jwks":
                return in_json({"keys": [public_jwk(RSA_KEY, "rsa", "RS256"), public_jwk(EC_KEY, "ec", "ES256")]})
            case "/authorize":
                return Answer(303, b"", {"Location": self.authorized(query)})
            case "/token":
                return in_json(self.redeemed(form))
            case "/me":
                return in_json(changed_by(self.user_info, {"sub": self.somebody}))
            case _:
                return Answer(404)


def changed_by(changes: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The same with these changes."""
    return {name: value for name, value in {**told, **changes}.items() if value is not LEFT_OUT}


def in_json(value: object) -> Answer:
    return Answer(content=json.dumps(value).encode(), fields={"Content-Type": "application/json"})


def encoded(value: bytes) -> str:
    """In base64url without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A JWS in compact form, whatever becomes of it."""
    message = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{message}.{encoded(sign(message.encode()))}"


def by_rs256(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def by_es256(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def pem(key: rsa.RSAPrivateKey) -> bytes:
    """The public key, as everybody can have it."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, alg: str) -> dict[str, str]:
    """The public key as a JWK (RFC 7518 section 6)."""
    whose = {"kid": kid, "alg": alg, "use": "sig"}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3), **whose}
    point = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32), **whose}


def _number(value: int, length: int) -> str:
    return encoded(value.to_bytes(length, "big"))


@contextmanager
def false_provider() -> Iterator[FalseProvider]:
    """One that is served until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer({})

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", "0")))
            form = dict(parse_qsl(content.decode()))
            if self.path == "/token":
                provider.forms.append({**form, "authorization": self.headers.get("authorization", "")})
            self.answer(form)

        def answer(self, form: Mapping[str, str]) -> None:
            target = urlsplit(self.path)
            provider.asked.append(target.path)
            wanted = provider.answers.get(target.path)
            answer = provider.answered(target.path, dict(parse_qsl(target.query)), form) if wanted is None else wanted
            time.sleep(answer.delay)
            if answer.held is not None:
                answer.held.wait(60)
            with suppress(OSError):  # whoever asked may have gone
                self.send_response(answer.status)
                for name, value in answer.fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = FalseProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
