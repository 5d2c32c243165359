"""The one thread of each process that listens to the revocation feed, and fetches keys. Requests never do either."""

from __future__ import annotations

import http.client
import logging
import random
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from watchword.crypto.jose.jwk_set import LONGEST_SET, JwkSet, read_jwk_set
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import read_object
from watchword.edge.verifier.hearing import Hearing, Unbelievable
from watchword.edge.verifier.knowledge import Known
from watchword.edge.verifier.shared_keys import read_shared_keys
from watchword.edge.verifier.wire import PATIENCE, AuthenticationServer, Refused
from watchword.tokens.feed_message import LONGEST, FeedMessage, kid_of, verified

FEED = "/revocations/feed"
KEYS = "/oauth2/jwks"

KEYS_COOLDOWN = 5.0
"""Seconds between two fetches of the keys, whatever asks for them (F34)."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_RENEW_AFTER = 240.0
"""Seconds after which a connection is renewed: clocks of two machines drift apart (see `hearing`)."""
_PULL_EVERY = 0.5
_PULL_FOR = 60.0
"""Seconds after which the stream is tried again, where it did not come through."""
_LONGEST_PULL = 256 * 1024 * 1024

_log = logging.getLogger("watchword.verifier")


class _HeldBack(Exception):
    """The server was reached, but nothing that it says arrives: something on the way waits for the end of it."""


class FeedClient:
    """Listens until it is told to stop. `issuer` is what the server must call itself; `shared_keys` is a file with
    those of its keys that are never published."""

    def __init__(
        self,
        server: AuthenticationServer,
        known: Known,
        *,
        issuer: str,
        ticks: Callable[[], float],
        shared_keys: Path | None = None,
        renew_after: float = _RENEW_AFTER,
    ) -> None:
        self._server = server
        self._known = known
        self._issuer = issuer
        self._shared_keys = shared_keys
        self._ticks = ticks
        self._renew_after = renew_after
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._keys_refreshed_at = float("-inf")
        self._everything_told_at = float("-inf")
        self._pull_until = float("-inf")
        self._heard_at = float("-inf")
        self._complained_of = ""

    def start(self) -> None:
        """Begin, in a thread of its own that does not keep the process alive."""
        threading.Thread(target=self._work, name="watchword-verifier", daemon=True).start()

    def stop(self) -> None:
        """Stop soon, wherever it waits."""
        self._stop.set()
        listening = self._socket
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)

    # --- the thread

    def _work(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._stop.is_set():
            began = self._ticks()
            try:
                if not self._known.keys.keys:
                    self._fetch_keys()
                if began < self._pull_until:
                    self._pull()
                else:
                    self._listen()
                continue
            except _HeldBack:
                self._pull_until = self._ticks() + _PULL_FOR
                continue
            except Exception as failure:  # whatever it is: who gives up here shuts everybody out for good
                if isinstance(failure, Unbelievable):
                    self._known.lose_place()
                self._pull_until = float("-inf")
                self._complain(f"{type(failure).__name__}: {failure}")
            pause = _SHORTEST_PAUSE if self._heard_at >= began else min(2 * pause, _LONGEST_PAUSE)
            self._stop.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come back at once

    def _listen(self) -> None:
        """Read the stream until it is time to renew it, or something goes wrong."""
        hearing, query = self._asking()
        connection = self._server.connect()
        try:
            connection.connect()
            self._socket = connection.sock
            self._read_events(connection, query, hearing)
        finally:
            self._socket = None
            connection.close()

    def _read_events(self, connection: http.client.HTTPConnection, query: dict[str, str], hearing: Hearing) -> None:
        latest = began = self._ticks()
        try:
            response = self._server.get(connection, FEED, "text/event-stream", query)
            while latest - began < self._renew_after and not self._stop.is_set():
                line = response.readline(LONGEST + 64)
                if not line.endswith(b"\n"):
                    raise Unbelievable("an event is too long") if line else ConnectionError("the stream has ended")
                if line.startswith(b"data: "):
                    self._take(line[6:].strip().decode("ascii"), hearing)
                    latest = self._ticks()
                elif self._ticks() - latest > PATIENCE:
                    raise TimeoutError("nothing but empty lines")
        except TimeoutError:
            if latest == began:
                raise _HeldBack from None
            raise

    def _pull(self) -> None:
        """Ask once, and wait a little."""
        hearing, query = self._asking()
        answer = self._server.fetch(FEED, "application/json", {**query, "pull": ""}, most=_LONGEST_PULL)
        messages = read_object(answer, most=_LONGEST_PULL).get("messages")
        for message in messages if isinstance(messages, list) else ():
            self._take(str(message), hearing)
        self._stop.wait(_PULL_EVERY)

    def _asking(self) -> tuple[Hearing, dict[str, str]]:
        """A new connection's ear, and what to send with its request."""
        nonce = secrets.token_urlsafe(16)
        query = {"nonce": nonce}
        place = self._known.place
        # What no longer matters is forgotten by having all that does told anew: then no clock decides it (F8).
        if place is not None and self._ticks() - self._everything_told_at < max(self._known.keep / 2, _PULL_FOR):
            query |= {"epoch": place[0], "since": str(place[1])}
        return Hearing(nonce=nonce, sent_at=self._ticks(), expected_issuer=self._issuer), query

    def _take(self, message: str, hearing: Hearing) -> None:
        """Take in one message.

        Raises:
            JoseRefused, Unbelievable: where the connection must end.
        """
        heard = hearing.hear(self._vouched_for(message))
        if heard is None:
            return
        if not self._known.hear(heard):
            raise Unbelievable("something was left out")
        if heard.revocations.whole:
            self._everything_told_at = self._ticks()
        self._heard_at = self._ticks()
        if self._complained_of:
            self._complained_of = ""
            _log.info("revocations are heard of again from %s", self._server.url)
        if self._known.lacks_keys() or self._known.was_shown_unknown_key():
            self._refresh_keys()

    def _vouched_for(self, message: str) -> FeedMessage:
        kid = kid_of(message)
        key = self._known.keys.find(kid)
        if key is None:
            self._refresh_keys()
            key = self._known.keys.find(kid)
        if kid is None or key is None:
            raise JoseRefused("unknown-key")
        return verified(message, key)

    def _refresh_keys(self) -> None:
        """Fetch the keys anew, unless that was tried a moment ago. Where it fails, those that are known stay."""
        if self._ticks() - self._keys_refreshed_at < KEYS_COOLDOWN:
            return
        self._keys_refreshed_at = self._ticks()
        try:
            self._fetch_keys()
        except (Refused, JoseRefused, OSError, ValueError, http.client.HTTPException) as failure:
            self._complain(f"{type(failure).__name__}: {failure}")

    def _fetch_keys(self) -> None:
        published = read_jwk_set(self._server.fetch(KEYS, "application/jwk-set+json", most=LONGEST_SET)).keys
        shared = () if self._shared_keys is None else read_shared_keys(self._shared_keys)
        if not published and not shared:
            raise Refused("no keys are published: where tokens are signed by HS256, give the shared_keys")
        # Nobody passes a secret off as a key of the server's by publishing another under its name.
        names = {key.kid for key in shared}
        self._known.learn(JwkSet((*(key for key in published if key.kid not in names), *shared)))

    def _complain(self, reason: str) -> None:
        """Once for each reason, until something is heard again. Nobody's secret is in it (F33)."""
        if reason != self._complained_of and not self._stop.is_set():
            self._complained_of = reason
            _log.warning("cannot hear of revocations from %s: %r", self._server.url, reason)
