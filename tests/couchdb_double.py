"""A stand-in for CouchDB 3.3, written from its documentation: what it does about log-ins, proxies and `_users`.

| chapter of the documentation | what is here                                                           |
|------------------------------|------------------------------------------------------------------------|
| API, `/_session`             | POST (JSON or form), GET (`userCtx`), the cookie `AuthSession`         |
| API, Proxy Authentication    | the three fields, with `proxy_use_secret` and `hash_algorithms`        |
| Security, Users Documents    | hashed at PUT, `_rev`, 409; `_all_docs` with startkey, endkey, limit   |

It keeps a transcript. `says` answers every log-in with something else, as other servers than CouchDB do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SECRET = "the_secret_of_couchdb_0123456789abcdef"
ADMIN, ADMIN_PASSWORD = "root", "root's own password"
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: names of fields are lower-case, of several lines the last stands here, and `twice` has the names."""

    method: str
    path: str
    fields: Mapping[str, str]
    content: bytes
    twice: frozenset[str]


Said = tuple[int, dict[str, str], bytes]


@dataclass(slots=True)
class CouchDouble:
    """The running double."""

    port: int = 0
    users: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    transcript: list[Heard] = field(default_factory=list[Heard])
    says: Said | None = None
    on_put: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, name: str, password: str, *roles: str) -> None:
        document = {"_id": f"org.couchdb.user:{name}", "type": "user", "name": name, "roles": list(roles)}
        self.put({**document, "password": password})

    def put(self, document: dict[str, Any]) -> int:
        """The status. The password is hashed, and not kept."""
        kept = self.users.get(document["_id"])
        if kept is not None and document.get("_rev") != kept["_rev"]:
            return 409
        number = 1 if kept is None else int(kept["_rev"].partition("-")[0]) + 1
        document = {**document, "_rev": f"{number}-{os.urandom(4).hex()}"}
        password = document.pop("password", None)
        if password is not None:
            salt = os.urandom(16).hex()
            document |= {"password_scheme": "pbkdf2", "iterations": ROUNDS, "salt": salt}
            document["derived_key"] = _derived(password, salt)
        self.users[document["_id"]] = document
        return 201

    def knows(self, name: str, password: str) -> bool:
        if name == ADMIN:
            return password == ADMIN_PASSWORD
        kept = self.users.get(f"org.couchdb.user:{name}")
        return kept is not None and _derived(password, kept["salt"]) == kept["derived_key"]

    def roles(self, name: str) -> list[str]:
        if name == ADMIN:
            return ["_admin"]
        kept = self.users.get(f"org.couchdb.user:{name}")
        return [] if kept is None else kept["roles"]

    def cookie(self, name: str) -> str:
        salt = self.users[f"org.couchdb.user:{name}"]["salt"] if name != ADMIN else ""
        stamp = f"{name}:{int(time.time()):X}".encode()
        mac = hmac.new((SECRET + salt).encode(), stamp, "sha256").digest()
        return urlsafe_b64encode(stamp + b":" + mac).rstrip(b"=").decode()

    def who(self, heard: Heard) -> tuple[str | None, list[str], str | None]:
        """Name, roles and handler, by the handlers `cookie`, `proxy` and `default`, in this order."""
        _, _, cookie = heard.fields.get("cookie", "").partition("AuthSession=")
        cookie = cookie.partition(";")[0]
        if cookie:
            name = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)).split(b":")[0].decode()
            if f"org.couchdb.user:{name}" in self.users and cookie == self.cookie(name):
                return name, self.roles(name), "cookie"
        name = heard.fields.get("x-auth-couchdb-username", "")
        token = heard.fields.get("x-auth-couchdb-token", "")
        sent = name.encode("latin-1")
        made = [hmac.new(SECRET.encode(), sent, hash).hexdigest() for hash in ("sha256", "sha1")]
        if token in made:
            roles = heard.fields.get("x-auth-couchdb-roles", "").encode("latin-1").decode()
            return sent.decode(), [role.strip() for role in roles.split(",") if role.strip()], "proxy"
        scheme, _, credentials = heard.fields.get("authorization", "").partition(" ")
        if scheme == "Basic":
            user, _, password = b64decode(credentials).decode().partition(":")
            if self.knows(user, password):
                return user, self.roles(user), "default"
        return None, [], None

    def answer(self, heard: Heard) -> Said:
        path = urlsplit(heard.path).path
        if path == "/_session":
            return self._log_in(heard) if heard.method == "POST" else self._show(heard)
        if path.startswith("/_users/"):
            if "_admin" not in self.who(heard)[1]:
                return _error(401, "unauthorized", "You are not a server admin.")
            return self._users(heard, unquote(path.removeprefix("/_users/")))
        return _error(404, "not_found", "missing")

    def _log_in(self, heard: Heard) -> Said:
        if self.says is not None:
            return self.says
        if heard.fields["content-type"] == "application/json":
            told = json.loads(heard.content)
        else:
            told = {key: values[0] for key, values in parse_qs(heard.content.decode()).items()}
        if not self.knows(told["name"], told["password"]):
            cleared = {"Set-Cookie": "AuthSession=; Version=1; Path=/; HttpOnly"}
            return _error(401, "unauthorized", "Name or password is incorrect.", cleared)
        name = told["name"]
        cookie = f"AuthSession={self.cookie(name)}; Version=1; Max-Age=600; Path=/; HttpOnly"
        return _json(200, {"ok": True, "name": name, "roles": self.roles(name)}, {"Set-Cookie": cookie})

    def _show(self, heard: Heard) -> Said:
        name, roles, by = self.who(heard)
        info = {"authentication_handlers": ["cookie", "proxy", "default"], "authenticated": by}
        return _json(200, {"ok": True, "userCtx": {"name": name, "roles": roles}, "info": info})

    def _users(self, heard: Heard, key: str) -> Said:
        if key == "_all_docs":
            query = {name: json.loads(values[0]) for name, values in parse_qs(urlsplit(heard.path).query).items()}
            found = [key for key in sorted(self.users) if query["startkey"] <= key <= query["endkey"]]
            rows = [{"id": key, "key": key, "doc": self.users[key]} for key in found[: query["limit"]]]
            return _json(200, {"total_rows": len(self.users), "offset": 0, "rows": rows})
        if heard.method == "PUT":
            document = {"_id": key, **json.loads(heard.content)}
            if self.on_put is not None:
                self.on_put(document)
            status = self.put(document)
            return _error(409, "conflict", "Document update conflict.") if status == 409 else _json(201, {"ok": True})
        kept = self.users.get(key)
        return _error(404, "not_found", "missing") if kept is None else _json(200, kept)


@contextmanager
def couchdb_double() -> Iterator[CouchDouble]:
    double = CouchDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            names = [name.lower() for name in self.headers]
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard = Heard(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                content,
                frozenset(name for name in names if names.count(name) > 1),
            )
            double.transcript.append(heard)
            status, fields, body = double.answer(heard)
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | fields).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        double.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()


def _derived(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), ROUNDS, 20).hex()


def _json(status: int, value: object, fields: Mapping[str, str] | None = None) -> Said:
    return status, dict(fields or {}), json.dumps(value).encode()


def _error(status: int, error: str, reason: str, fields: Mapping[str, str] | None = None) -> Said:
    return _json(status, {"error": error, "reason": reason}, fields)
