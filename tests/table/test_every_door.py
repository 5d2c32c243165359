"""Every cell that can be reached, by every method and in every face, is answered alike at every door.

The doors: the engine driven by threads, the ASGI host driven by an event loop, `/verify` and `/decide` of a real
server. All of them work on one data folder, so that the same tokens are good or dead for all.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection

import pytest

from tests.live import Live, User, live_server
from watchword.config import Settings
from watchword.config.build import Parts, build
from watchword.core.policy import account_key
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import FindAccount
from watchword.edge.asgi import PRINCIPAL, Guarded, Message, Receive, Scope, Send
from watchword.edge.door import Door
from watchword.edge.engine import Answered
from watchword.edge.witness import LoggingWitness
from watchword.http.message import Fields, Peer, Request
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.server.forward_auth import identity_fields

PASSWORD = "correct horse battery"
CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]
[realm]
personas = ["restheart"]
[limits]
account_failures = 100
[[space]]
mechanisms = ["session", "couchdb", "auth-key", "url-session", "auth-token", "basic", "bearer", "api-key", "url-key"]
no_auth_challenge = "no-popup"
cors = ["https://app.example.com"]
[[space.protect]]
path = "/boss/*"
require = {roles = ["boss"]}
[[space.protect]]
path = "/of/{userid}"
require = {owner = "userid"}
[[space.protect]]
path = "/public/*"
public = true
[[space.protect]]
path = "/strict/*"
strict = true
[[space.protect]]
path = "/strong/*"
require = {acr = ["mfa"]}
[[space.protect]]
path = "/page/*"
login_page = "/log-in"
[[space.protect]]
path = "/hidden/*"
hidden = true
require = {roles = ["boss"]}
[[space.protect]]
path = "/cookies-only/*"
mechanisms = ["session"]
[[space.protect]]
path = "/not-for-keys/*"
api_keys = false
[[space.protect]]
path = "/hidden-from-keys/*"
api_keys = false
hidden = true
[[space.protect]]
path = "/writing/*"
require = {scopes = ["write"]}
[[space.protect]]
path = "/migrating/*"
session_expired_status = 403
"""
USERS = (
    User("ann", PASSWORD, frozenset({"clerk"})),
    User("bob", PASSWORD, frozenset({"boss"})),
    User("out", PASSWORD, disabled=True),
    User("held", PASSWORD),
)
METHODS = ("GET", "HEAD", "POST", "DELETE")
SAFE = ("GET", "HEAD")
FACES = {"problem": "*/*", "html": "text/html,application/xhtml+xml;q=0.9"}


def basic(name: str, password: str) -> tuple[str, str]:
    return "authorization", "Basic " + b64encode(f"{name}:{password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Case:
    """A request that reaches a cell. `{session}` and the like stand for tokens that the set-up got."""

    cell: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = METHODS
    note: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        return f"{self.cell}-{self.note or self.path.strip('/')}"


CASES = (
    Case("C00", "/anything", (("cookie", "watchword={session}"),)),
    Case("C00", "/boss/1", (basic("bob", PASSWORD),)),
    Case("C00", "/anything", (basic("ann", "{token}"),), note="auth token"),
    Case("C00", "/anything", (("authorization", "Bearer {session}"),), note="bearer"),
    Case("C00", "/anything", (("x-api-key", "{key}"),), note="key S2_16"),
    Case("C00", "/anything", (("authorization", "APIKEY {key}"),), note="key by scheme S2_16"),
    Case("C06", "/anything", (("cookie", "watchword=planted"), ("x-api-key", "{key}")), note="cookie and key"),
    Case("C09", "/anything", (("x-api-key", "{key}x"),), note="mistyped key S4_1"),
    Case("C09", "/anything", (("x-api-key", "{revoked}"),), note="revoked key S4_1"),
    Case("C09", "/anything", (("x-api-key", "{expired}"),), note="expired key S2_16"),
    Case("C09", "/anything", (("x-api-key", "{key}"), ("authorization", "APIKEY {revoked}")), note="two keys F20"),
    Case("C09", "/public/1", (("x-api-key", "{revoked}"),), note="C02 bad key on a public target"),
    Case("C09", "/page/1", (("x-api-key", "{revoked}"), ("sec-fetch-mode", "navigate")), SAFE, note="no redirect S4_5"),
    Case("C00", "/anything", (("cookie", "AuthSession={couchdb}"),), note="CouchDB's cookie S2_25"),
    Case("C05", "/anything", (("cookie", "AuthSession={old_couchdb}"),), note="CouchDB's cookie, expired S2_27"),
    Case("C05", "/anything", (("cookie", "AuthSession=YW5uOjA6"),), note="CouchDB's cookie, none S2_25"),
    Case("C00", "/anything", (("auth-key", "{auth_key}"),), note="auth key S2_4"),
    Case("C06", "/boss/1", (("auth-key", "{dead_auth_key}"), basic("bob", PASSWORD)), note="auth key and basic"),
    Case("C09", "/anything", (("auth-key", "{dead_auth_key}"),), note="auth key that was ended S2_4"),
    Case("C09", "/anything", (("auth-key", "{auth_key}"), ("user-agent", "another")), note="another client S2_5"),
    Case("C09", "/anything", (("auth-key", "{session}"),), note="a session is no auth key S2_4"),
    Case("C05", "/anything", (("cookie", "watchword={auth_key}"),), note="an auth key is no session S2_4"),
    Case("C09", "/page/1", (("auth-key", "wrong"), ("sec-fetch-mode", "navigate")), SAFE, note="auth key, page S4_5"),
    Case("C18", "/anything", (("auth-key", "A" * 20_000),), note="large auth key"),
    Case("C00", "/anything?sid={session}", note="session in the query S2_8"),
    Case("C00", "/anything;jsessionid={session}", note="session in the path S2_8"),
    Case("C09", "/anything?sid={ended}", note="ended session in the query S2_8"),
    Case("C09", "/anything?sid={session}&sid={session}", note="session sent twice F20 S2_8"),
    Case("C12", "/boss/1;jsessionid={session}", note="path parameter hides no path F22 S2_8"),
    Case("C00", "/anything?api_key={key}", note="key in the query S4_3"),
    Case("C09", "/page/1?api_key={revoked}", (("sec-fetch-mode", "navigate"),), SAFE, note="key in a page S4_5"),
    Case("C11", "/writing/1?api_key={key}", note="key in the query without the scope S4_3"),
    Case("C28", "/strict/1?sid={session}", (basic("bob", PASSWORD),), note="session in the query and somebody else"),
    Case("C11", "/writing/1", (("x-api-key", "{key}"),), note="key without the scope"),
    Case("C12", "/not-for-keys/1", (("x-api-key", "{key}"),), note="not exposed to keys S4_4"),
    Case("C12", "/hidden-from-keys/1", (("x-api-key", "{key}"),), note="hidden from keys S4_4"),
    Case("C13", "/of/bob", (("x-api-key", "{key}"),), note="key"),
    Case("C28", "/strict/1", (("x-api-key", "{key}"), basic("bob", PASSWORD)), note="key and somebody else"),
    Case("C06", "/anything", (("cookie", "watchword=planted"), basic("ann", PASSWORD))),
    Case("C01", "/public/1"),
    Case("C01", "/public/1", (("cookie", "watchword=planted"),), note="stale cookie"),
    Case("C07", "/public/1", (basic("ann", "wrong"),), note="C02 wrong password on a public target"),
    Case("C03", "/anything"),
    Case("C04", "/anything", (("authorization", "NTLM abc"),)),
    Case("C05", "/anything", (("cookie", "watchword={ended}"),), note="ended"),
    Case("C05", "/anything", (("cookie", "watchword=a; watchword=b"),), note="sent twice F26"),
    Case("C05", "/migrating/1", (("cookie", "watchword={ended}"),), note="403 while clients migrate S0_17"),
    Case("C07", "/anything", (basic("nobody", PASSWORD),), note="unknown"),
    Case("C07", "/anything", (basic("out", PASSWORD),), note="disabled"),
    Case("C08", "/anything", (("authorization", "Basic !!!"),)),
    Case("C09", "/anything", (("authorization", "Bearer not-a-token"),), note="bearer"),
    Case("C09", "/anything", (basic("bob", "{token}"),), note="auth token of somebody else S3_3"),
    Case("C10", "/anything", (("authorization", "Bearer"),), note="bearer without a token"),
    Case("C10", "/public/%2e%2e/boss", note="ambiguous path F22"),
    Case("C12", "/boss/1", (basic("ann", PASSWORD),)),
    Case("C12", "/cookies-only/1", (basic("ann", PASSWORD),), note="not exposed"),
    Case("C13", "/of/bob", (basic("ann", PASSWORD),)),
    Case(
        "C14",
        "/anything",
        (("cookie", "watchword={session}"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")),
        methods=("POST", "DELETE"),
        note="csrf F27",
    ),
    Case("C14", "/anything", (("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "http")), note="tls S2_9"),
    Case("C15", "/strong/1", (basic("ann", PASSWORD),)),
    Case("C16", "/anything", (basic("held", PASSWORD),)),
    Case("C18", "/anything", (("authorization", "Basic " + "A" * 20_000),)),
    Case("C23", "/page/1", (("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")), methods=SAFE),
    Case("C28", "/strict/1", (("cookie", "watchword={session}"), basic("bob", PASSWORD))),
    Case("C12", "/hidden/1", (basic("ann", PASSWORD),), note="hidden S1_8"),
    Case("C03", "/hidden/1", note="hidden and anonymous S1_8"),
)
PREFLIGHT = Case(
    "C22",
    "/anything",
    (("origin", "https://app.example.com"), ("access-control-request-method", "PUT")),
    methods=("OPTIONS",),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a door answered: comparable, because what names one answer alone is masked."""

    status: int
    fields: tuple[tuple[str, str], ...]
    content: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Doors:
    live: Live
    threads: Parts
    loop: Parts
    tokens: dict[str, str]

    def fields(self, case: Case, face: str) -> Fields:
        told = [("host", "api.example.com"), ("accept", FACES[face])]
        own = [(name, value) for name, value in case.fields]
        if not any(name == "x-forwarded-for" for name, _ in own):
            told += [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")]
        filled: list[tuple[bytes, bytes]] = []
        for name, value in (*told, *own):
            for name_of_user in ("ann", "bob"):  # there the token stands inside the base64
                if value == basic(name_of_user, "{token}")[1]:
                    value = basic(name_of_user, self.tokens["token"])[1]
            filled.append((name.encode(), self.filled(value).encode()))
        return tuple(filled)

    def filled(self, text: str) -> str:
        """With the tokens that it names."""
        for key, token in self.tokens.items():
            text = text.replace(f"{{{key}}}", token)
        return text


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    settings = Settings.model_validate(tomllib.loads(CONFIG))
    with live_server(CONFIG, USERS) as live:
        threads = build(settings, live.data, LoggingWitness(), on_loop=False)
        loop = build(settings, live.data, LoggingWitness())
        session, ended = (_log_in(live) for _ in range(2))
        _call(live, "POST", "/logout", {"Authorization": f"Bearer {ended}"})
        token = json.loads(_call(live, "GET", "/tokens/ann", dict([basic("ann", PASSWORD)]))[2])["auth_token"]
        keys = {"key": make_key(live, {"scopes": ["read"]}), "revoked": make_key(live, {})}
        keys["expired"] = make_key(live, {"expires_in": 0.001})
        keys["auth_key"], keys["dead_auth_key"] = (_auth_key(live) for _ in range(2))
        _call(live, "POST", "/logout", {"Auth-Key": keys["dead_auth_key"]})
        keys["couchdb"], keys["old_couchdb"] = (_couchdb_cookie(threads, age) for age in (30, 700))
        listed = json.loads(_call(live, "GET", "/keys", dict([basic("ann", PASSWORD)]))[2])["keys"]
        (revoked,) = (each["id"] for each in listed if each["hint"].endswith(keys["revoked"][-4:]))
        assert _call(live, "DELETE", f"/keys/{revoked}", dict([basic("ann", PASSWORD)]))[0] == 204
        key = account_key("held", "127.0.0.1", known_place=False)
        for _ in range(120):  # 20 beyond the limit: held for as long as anybody ever is
            threads.storage.note_failure(key, time.time(), 3600.0)
        try:
            yield Doors(live, threads, loop, {"session": session, "ended": ended, "token": token, **keys})
        finally:
            threads.close()
            loop.close()


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", [*CASES, PREFLIGHT], ids=lambda case: case.id)
def test_every_door_gives_the_same_answer__S2_12_C24_C26_C27(doors: Doors, case: Case, face: str) -> None:
    for method in case.methods:
        fields, path = doors.fields(case, face), doors.filled(case.path)
        expected = through_the_engine(doors, method, path, fields)
        assert through_asgi(doors, method, path, fields) == expected
        assert through_verify(doors, method, path, fields) == expected
        assert through_decide(doors, method, path, fields) == without_content(expected)
        decided = dict(expected.fields).get("auth-decision", "")
        if case.cell in ("C00", "C01", "C06"):
            assert expected.status == 200
        elif case.path.startswith("/hidden"):
            assert (expected.status, decided) == (404, "")
        elif case.cell != "C22":
            assert decided.startswith(f"{case.cell};")


def test_a_storage_that_is_down_is_503_at_every_door__C17_F6() -> None:
    with live_server(CONFIG, USERS) as live:
        session = _log_in(live)
        for name in ("watchword.db", "watchword.db-wal"):
            with (live.data / name).open("r+b") as file:
                file.truncate(0)
        for path in ("/whoami", "/verify", "/roles/ann", "/sessions"):
            for credentials in ({"Cookie": f"watchword={session[:-1]}x"}, dict([basic("bob", PASSWORD)])):
                status, told, _ = _call(live, "GET", path, credentials)
                assert status == 503, path
                assert "www-authenticate" not in told
                assert int(told["retry-after"]) > 0
                assert "set-cookie" not in told


# --- the doors -------------------------------------------------------------------------------------------------------


def through_the_engine(doors: Doors, method: str, path: str, fields: Fields) -> Told:
    service = doors.threads.service
    request = service.engine.resolved(Request(method, path.encode(), fields, Peer("127.0.0.1")))
    judged = service.engine.run(service.engine.judge(request, service.targets))
    if isinstance(judged, Answered):
        return told(judged.response.status, judged.response.fields, judged.response.body, None, method)
    return told(200, judged.fields, b"", None if judged.principal is None else judged.principal.subject, method)


def through_asgi(doors: Doors, method: str, path: str, fields: Fields) -> Told:
    service = doors.loop.service
    seen: list[str | None] = []
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        who = scope[PRINCIPAL]
        seen.append(None if who is None else who.subject)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(fields),
        "client": ("127.0.0.1", 5000),
    }
    asyncio.run(Guarded(application, Door(service.engine, service.targets))(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return told(sent[0]["status"], sent[0]["headers"], body, seen[0] if seen else None, method)


def through_verify(doors: Doors, method: str, path: str, fields: Fields) -> Told:
    asked = [(name.decode(), value.decode()) for name, value in fields]
    asked += [("x-original-method", method), ("x-original-uri", path)]
    status, received, content = _send(doors.live, "GET", "/verify", asked)
    subject = next((value for name, value in received if name == "remote-user"), None)
    plain = [(name.encode(), value.encode()) for name, value in received if not name.startswith("remote-")]
    return told(status, tuple(plain), content if status != 200 else b"", subject, method)


def through_decide(doors: Doors, method: str, path: str, fields: Fields) -> Told:
    headers = [[name.decode(), value.decode()] for name, value in fields if not name.startswith(b"x-forwarded")]
    forwarded = dict(fields)
    question = {
        "method": method,
        "url": path,
        "headers": headers,
        "peer": forwarded[b"x-forwarded-for"].decode(),
    }
    asked = [("content-type", "application/json"), ("content-length", str(len(json.dumps(question))))]
    _, _, content = _send(doors.live, "POST", "/decide", asked, json.dumps(question).encode())
    answer = json.loads(content)
    identity = identity_names()
    received = tuple((n.encode(), v.encode()) for n, v in answer["headers"] if n not in identity)
    subject = None if answer["principal"] is None else answer["principal"]["subject"]
    return told(answer["status"], received, b"", subject, method)


def identity_names() -> set[str]:
    nobody = Principal(subject="-", realm="-", authentication=Authentication(mechanism="-"))
    return {name.decode() for name, _ in identity_fields(nobody)}


def without_content(answer: Told) -> Told:
    return Told(answer.status, answer.fields, "", answer.subject)


# Retry-After counts down between two doors.
_IGNORED = {"retry-after", "date", "content-length", "transfer-encoding", "cache-control", "connection"}
_ID = re.compile(r"[0-9a-f]{18}")


def told(status: int, fields: object, content: bytes, subject: str | None, method: str) -> Told:
    lines: list[tuple[bytes, bytes]] = list(fields)  # type: ignore[call-overload]  # nothing but lists come
    masked = tuple(
        sorted(
            (name.decode().lower(), _ID.sub("ID", value.decode("latin-1")))
            for name, value in lines
            if name.decode().lower() not in _IGNORED
        )
    )
    body = "" if method == "HEAD" or status == 200 else _ID.sub("ID", content.decode())
    return Told(status, masked, body, subject)


def _send(
    live: Live, method: str, path: str, fields: list[tuple[str, str]], content: bytes = b""
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = HTTPConnection("127.0.0.1", live.port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=any(n == "host" for n, _ in fields), skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders(content or None)
        response = connection.getresponse()
        return response.status, [(n.lower(), v) for n, v in response.getheaders()], response.read()
    finally:
        connection.close()


def _call(live: Live, method: str, path: str, fields: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    status, received, content = _send(live, method, path, list(fields.items()))
    return status, dict(received), content


def make_key(live: Live, wanted: dict[str, object]) -> str:
    content = json.dumps(wanted).encode()
    asked = [basic("ann", PASSWORD), ("content-type", "application/json"), ("content-length", str(len(content)))]
    status, _, told = _send(live, "POST", "/keys", asked, content)
    assert status == 201, told
    key: str = json.loads(told)["key"]
    return key


def _couchdb_cookie(parts: Parts, age: float) -> str:
    (couchdb,) = (each for each in parts.service.space.mechanisms if isinstance(each, CouchdbSession))
    account = parts.storage.find_account(FindAccount("ann"))
    assert account is not None
    return couchdb.cookies.of(account, time.time() - age)


def _auth_key(live: Live) -> str:
    content = json.dumps({"username": "ann", "password": PASSWORD}).encode()
    asked = [("content-type", "application/json"), ("content-length", str(len(content)))]
    _, _, told = _send(live, "POST", "/api/authenticate", asked, content)
    return str(json.loads(told)["auth_key"])


def _log_in(live: Live) -> str:
    form = f"username=ann&password={PASSWORD.replace(' ', '+')}&delivery=body"
    asked = [("content-type", "application/x-www-form-urlencoded"), ("content-length", str(len(form)))]
    _, _, content = _send(live, "POST", "/login", asked, form.encode())
    return str(json.loads(content)["session_token"])
