"""The server in this process, the credentials that its users got, and doors for hosts: all of them over one storage."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.certificates import Authority
from tests.edge.configurations import CONFIGURATIONS, RULES
from tests.edge.raw import CLIENT, HOST, Raw
from tests.edge.verifier.double import Double
from tests.server.api.world import NOW, Fragile, Seen, World, account, basic, password_of
from watchword import Watchword
from watchword.config.build import build
from watchword.config.settings import Settings
from watchword.core import questions
from watchword.core.policy import OVERALL_KEY, account_key, address_key
from watchword.core.questions import FindAccount
from watchword.crypto.jose.key import generate
from watchword.edge.door import Door
from watchword.mechanisms.couchdb import CouchdbSession

PROXY_SECRET = "the secret of the proxy, which nobody else knows".replace(" ", "-")
CLIENTS = Authority()
LONG = timedelta(days=10_000)
CERTIFICATES = {name: CLIENTS.issue(name, begins=-LONG, ends=LONG).pem for name in ("ann", "stranger")}

_PLACEHOLDER = re.compile(rb"\{(\w+)\}")


class House(Protocol):
    """Where scenarios take place, with doors as hosts want them."""

    @property
    def seen(self) -> Seen: ...
    @property
    def on_loop(self) -> Door: ...
    @property
    def in_threads(self) -> Door: ...
    def run(self, work: Any) -> Any: ...
    def filled(self, raw: Raw) -> Raw: ...
    def begin(self, down: tuple[str, ...]) -> None: ...
    def close(self) -> None: ...


@dataclass(eq=False)
class Full:
    """With a storage of its own."""

    world: World
    in_threads: Door
    fragile: tuple[Fragile, ...]
    closing: Callable[[], None]
    tokens: dict[bytes, bytes] = field(default_factory=dict)
    signing: dict[str, str] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=count)

    @property
    def seen(self) -> Seen:
        return self.world.seen

    @property
    def on_loop(self) -> Door:
        return Door(self.world.service.engine, self.world.service.targets)

    def run(self, work: Any) -> Any:
        return self.world.run(work)

    def begin(self, down: tuple[str, ...]) -> None:
        """Everything as at first, but that some questions cannot be answered."""
        for answers in self.fragile:
            answers.down = tuple(getattr(questions, name) for name in down)
        for name in ("ann", "bob", "root", "gone", "nobody"):
            for known in (True, False):
                self.world.storage.forget_failures(account_key(name, CLIENT, known_place=known))
        self.world.storage.forget_failures(address_key(CLIENT))
        self.world.storage.forget_failures(OVERALL_KEY)
        self.seen.cells.clear()

    def filled(self, raw: Raw) -> Raw:
        """With credentials for this one request: some are good once."""

        def fill(text: bytes) -> bytes:
            def value(match: re.Match[bytes]) -> bytes:
                name = match[1]
                if name in (b"digest", b"wrong_digest", b"stale_digest"):
                    return self._digest(raw, name)
                return self.tokens[name]

            # What stands in the credentials of Basic is filled in before they are encoded.
            if text.startswith(b"Basic:"):
                return b"Basic " + b64encode(_PLACEHOLDER.sub(value, text[6:]))
            return _PLACEHOLDER.sub(value, text)

        target = fill(raw.target)
        lines = [(name, fill(value)) for name, value in raw.lines if name != b"sign-with"]
        for name, value in raw.lines:
            if name == b"sign-with":
                lines += self._signed(raw.method, target, raw.content, good=value == b"good")
        return replace(raw, target=target, lines=tuple(lines))

    def close(self) -> None:
        self.closing()
        self.world.close()

    def _digest(self, raw: Raw, kind: bytes) -> bytes:
        if kind == b"stale_digest":
            self.world.now = NOW - 3600
        challenges = self.world("GET", "/whoami").headers.get_list("www-authenticate")
        self.world.now = NOW
        (challenge,) = (each for each in challenges if each.startswith("Digest "))
        realm, nonce = (re.search(rf'{name}="([^"]*)"', challenge) for name in ("realm", "nonce"))
        opaque = re.search(r'opaque="([^"]*)"', challenge)
        assert realm is not None
        assert nonce is not None
        password = "wrong" if kind == b"wrong_digest" else password_of("ann")
        uri = raw.target.decode()

        def hashed(*parts: str) -> str:
            return hashlib.sha256(":".join(parts).encode()).hexdigest()

        response = hashed(
            hashed("ann", realm[1], password), nonce[1], "00000001", "cnonce", "auth", hashed(raw.method, uri)
        )
        more = f', opaque="{opaque[1]}"' if opaque is not None else ""
        return (
            f'Digest username="ann", realm="{realm[1]}", nonce="{nonce[1]}", uri="{uri}", algorithm=SHA-256, qop=auth, '
            f'nc=00000001, cnonce="cnonce", response="{response}"{more}'
        ).encode()

    def _signed(self, method: str, target: bytes, content: bytes, *, good: bool) -> list[tuple[bytes, bytes]]:
        """A signature is good once, so each names a field of its own."""
        asked = AWSRequest(
            method,
            f"https://{HOST.decode()}{target.decode()}",
            headers={"Host": HOST.decode(), "X-Serial": str(next(self.serial))},
            data=content,
        )
        secret = self.signing["secret_access_key"] if good else "a" * 44
        signer = SigV4Auth(Credentials(self.signing["access_key_id"], secret), "watchword", "local")
        asked.context["timestamp"] = datetime.fromtimestamp(self.world.now, UTC).strftime("%Y%m%dT%H%M%SZ")
        signer._modify_request_before_signing(asked)
        signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
        signer._inject_signature_to_request(asked, signature)
        return [(n.encode(), v.encode()) for n, v in asked.headers.items() if n.lower() != "host"]


def full(name: str, data: Path) -> Full:
    """The server of one configuration, in which people have logged in."""
    configuration = dict(CONFIGURATIONS[name])
    if name == "common":
        secret = data / "proxy.secret"
        data.mkdir(parents=True, exist_ok=True)
        secret.touch(0o600)
        secret.write_text(PROXY_SECRET)
        configuration["proxy_header"] = {
            "field": "X-Remote-User",
            "peers": ["10.0.0.5"],
            "secret_field": "X-Proxy-Secret",
            "secret_file": str(secret),
        }
    world = World(data, **{key: _copied(value) for key, value in configuration.items()})
    world.storage.put_accounts([replace(account("ann"), name="held")])
    settings: Settings = world.configured
    # Rate limits, tokens and sessions are one storage's, so that a token is as good or dead for all.
    parts = build(settings, data, world.seen, storage=world.storage, on_loop=False, clock=lambda: world.now)
    threads = Fragile(parts.service.engine.answers)
    engine = replace(parts.service.engine, answers=threads)

    def close() -> None:
        parts.pool.shutdown(wait=False, cancel_futures=True)

    made = Full(world, Door(engine, parts.service.targets), (world.answers, threads), close)
    made.tokens |= {key.encode(): value.encode("ascii") for key, value in _credentials(name, world, made).items()}
    return made


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def _credentials(name: str, world: World, house: Full) -> dict[str, str]:
    """What the people of this house have got, some of it in earlier times."""
    got = {"password": password_of("ann"), "proxy_secret": PROXY_SECRET}
    got["session"], got["ended"] = world.log_in("ann"), world.log_in("ann")
    got["of_root"] = world.log_in("root")
    world("POST", "/logout", bearer=got["ended"])
    world.now = NOW - 3600  # idle for longer than a session may be
    got["expired"] = world.log_in("ann")
    world.now = NOW - 1000  # good, but older than ten minutes
    got["aged"] = world.log_in("ann")
    world.now = NOW
    tokens, ended = (_tokens(world) for _ in range(2))
    got["access"], got["revoked_access"] = tokens["access_token"], ended["access_token"]
    world("POST", "/auth/logout", bearer=ended["access_token"])
    world.now = NOW - 3600
    got["expired_access"] = _tokens(world)["access_token"]
    world.now = NOW
    got["key"], got["revoked_key"] = _key(world, scopes=["read"])["key"], "ww_k_" + "0" * 40
    world.now = NOW - 10
    got["expired_key"] = _key(world, expires_in=5)["key"]
    world.now = NOW
    key = account_key("held", CLIENT, known_place=False)
    for _ in range(120):  # 20 beyond the limit: held for as long as anybody ever is
        world.storage.note_failure(key, NOW, 3600.0)
    if name != "common":
        return got
    revoked = _key(world)
    assert world("DELETE", f"/keys/{revoked['id']}", auth=basic("ann")).status_code == 204
    got["revoked_key"] = revoked["key"]
    house.signing = _key(world, signing=True)
    got["token"] = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    for kind in ("auth_key", "dead_auth_key"):
        wanted = {"username": "ann", "password": password_of("ann")}
        answer = world("POST", "/api/authenticate", json=wanted, headers={"user-agent": "ours"})
        got[kind] = answer.json()["auth_key"]
    world("POST", "/logout", headers={"auth-key": got["dead_auth_key"], "user-agent": "ours"})
    (couchdb,) = (each for each in world.service.space.mechanisms if isinstance(each, CouchdbSession))
    ann = world.storage.find_account(FindAccount("ann"))
    assert ann is not None
    got["couchdb"], got["old_couchdb"] = (couchdb.cookies.of(ann, NOW - age) for age in (30, 700))
    return got


def _tokens(world: World) -> dict[str, str]:
    answer = world("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")})
    assert answer.status_code == 200, answer.text
    made: dict[str, str] = answer.json()
    return made


def _key(world: World, **wanted: Any) -> dict[str, str]:
    answer = world("POST", "/keys", auth=basic("ann"), json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


@dataclass(eq=False)
class Verifying:
    """Without a storage: the tokens of a server that is somewhere else."""

    auth: Watchword
    seen: Seen = field(default_factory=Seen)
    tokens: dict[bytes, bytes] = field(default_factory=dict)
    ran: Callable[[Any], Any] = field(default=lambda work: work)

    @property
    def on_loop(self) -> Door:
        return self._door(lambda auth: auth.on_loop)

    @property
    def in_threads(self) -> Door:
        return self._door(lambda auth: auth.in_threads)

    def _door(self, of: Callable[[Watchword], Door]) -> Door:
        door = of(self.auth)
        return replace(door, engine=replace(door.engine, witness=self.seen))

    def run(self, work: Any) -> Any:
        return self.ran(work)

    def begin(self, down: tuple[str, ...]) -> None:
        assert not down
        self.seen.cells.clear()

    def filled(self, raw: Raw) -> Raw:
        def fill(text: bytes) -> bytes:
            if text.startswith(b"Basic:"):
                return b"Basic " + b64encode(text[6:])
            return _PLACEHOLDER.sub(lambda match: self.tokens[match[1]], text)

        lines = tuple((name, fill(value)) for name, value in raw.lines)
        return replace(raw, target=fill(raw.target), lines=lines)

    def close(self) -> None:
        self.auth.close()


def verifying(server: Double, url: str, run: Callable[[Any], Any]) -> Verifying:
    """A verifier of this server's tokens, and some tokens. At another URL than the server's own, nobody answers."""
    made = Verifying(Watchword(url, rules=RULES, cors=["https://app.example.com"]), ran=run)
    stranger = generate("ES256", "k1")
    tokens = {
        "access": server.token(),
        "of_root": server.token(subject="root", roles=frozenset(("admin",))),
        "expired_access": server.token(expires_at=1_700_000_000.0, issued_at=1_699_999_000.0),
        "of_another_server": server.token(issuer="https://elsewhere.example.com"),
        "for_another": server.token(audience=("https://elsewhere.example.com",)),
        "forged": server.token(by=stranger),
        "scoped": server.token(scopes=frozenset(("read",))),
    }
    made.tokens |= {name.encode(): token.encode() for name, token in tokens.items()}
    return made
