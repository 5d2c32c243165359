"""An authentication server that does as it is told: signs what it should or should not, falls silent, goes away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.ports import free_port
from watchword.core.revocations import Revocation
from watchword.crypto.jose.jwk_written import public_jwk
from watchword.crypto.jose.key import SigningKey, generate
from watchword.edge.verifier.knowledge import ticks
from watchword.tokens.access_token import AccessClaims, encode
from watchword.tokens.feed_message import FeedMessage, signed

BEAT = 0.1


class Double:
    """The server, and the levers of it."""

    def __init__(self) -> None:
        self.keys: list[SigningKey] = [generate("ES256", "k1")]
        self.signs = self.keys[0]
        self.announced: tuple[str, ...] | None = None
        self.jwks: bytes | None = None  # instead of the keys
        self.issuer: str | None = None
        self.epoch, self.stream = "epoch", "stream"
        self.entries: list[Revocation] = []
        self.ahead = 0.0  # of its time of day
        self.offline_ttl = 30.0
        self.keep = 3600.0
        self.status = 200
        self.held_back = False
        self.mute = threading.Event()
        self.said: list[str] = []  # every message, in order
        self.inserted: list[str] = []  # to be said instead of the next heartbeats
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._connections: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None
        self._port = free_port()  # where nobody else begins anything while it is away
        self.come_back()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def fetches(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)

    def token(self, *, by: SigningKey | None = None, **claims: Any) -> str:
        """An access token of somebody who logged in just now."""
        now = time.time() + self.ahead
        made = AccessClaims(
            issuer=self.issuer or self.url,
            subject="ann",
            audience=(self.issuer or self.url,),
            client="watchword",
            jti="t",
            issued_at=now,
            expires_at=now + 900,
            roles=frozenset(("clerk",)),
            family="f",
            state="s",
        )
        return encode(made._replace(**claims), by or self.signs)

    def revoke(self, entry: Revocation) -> None:
        self.entries.append(entry)

    def go_away(self) -> None:
        """Every connection ends, and there are no new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def come_back(self) -> None:
        """At the same place."""
        handler = type("Handler", (_Handler,), {"double": self})
        server = ThreadingHTTPServer(("127.0.0.1", self._port), handler, bind_and_activate=False)
        server.daemon_threads = True
        server.allow_reuse_address = True
        server.server_bind()
        server.server_activate()
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def statement(self, since: int, *, nonce: str | None = None, **members: Any) -> tuple[str, ...]:
        until = len(self.entries)
        kids = tuple(key.kid or "" for key in self.keys) if self.announced is None else self.announced
        whole = not 0 <= since <= until
        message = FeedMessage(
            issuer=self.issuer or self.url,
            epoch=self.epoch,
            stream=self.stream,
            clock=ticks(),
            at=time.time() + self.ahead,
            since=since,
            until=until,
            entries=tuple(self.entries if whole else self.entries[since:]),
            whole=whole,
            nonce=nonce,
            kids=kids,
            keep=self.keep,
            staleness=2.0,
            offline_ttl=self.offline_ttl,
        )
        messages = signed(replace(message, **members), self.signs)
        self.said += messages
        return messages


class _Handler(BaseHTTPRequestHandler):
    double: ClassVar[Double]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        double = self.double
        double._connections.append(self.connection)
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        double.asked.append(("pull" if "pull" in query else parts.path, query))
        with suppress(OSError, ValueError):
            if parts.path == "/oauth2/jwks":
                keys = {"keys": [public_jwk(key.key) for key in double.keys]}
                self._answer("application/jwk-set+json", double.jwks or json.dumps(keys).encode())
            elif double.status != 200:
                self._answer("text/plain", b"no", double.status)
            elif "pull" in query:
                messages = double.statement(self._since(query), nonce=query["nonce"])
                self._answer("application/json", json.dumps({"messages": messages}).encode())
            else:
                self._stream(query)

    def _stream(self, query: dict[str, str]) -> None:
        double = self.double
        self.close_connection = True
        while double.held_back:  # as a proxy that waits for the end
            time.sleep(0.02)
            if self.connection.fileno() < 0 or double._server is None:
                return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        since = self._since(query)
        said, nonce = -1, query.get("nonce")
        while double._server is not None:
            if not double.mute.is_set():
                messages = [double.inserted.pop(0)] if double.inserted and said >= 0 else None
                if messages is None:
                    messages = list(double.statement(since, nonce=nonce))
                    since = len(double.entries)
                for message in messages:
                    self.wfile.write(f"data: {message}\n\n".encode())
                    self.wfile.flush()
                said, nonce = since, None
            time.sleep(BEAT / 2)

    def _since(self, query: dict[str, str]) -> int:
        return int(query["since"]) if query.get("epoch") == self.double.epoch else -1

    def _answer(self, kind: str, content: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def double() -> Iterator[Double]:
    made = Double()
    try:
        yield made
    finally:
        made.held_back = False
        made.go_away()
