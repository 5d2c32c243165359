"""A subscriber of the revocation feed that shows every byte, and believes nothing unsigned."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlencode

from watchword.crypto.jose.jwk_set import JwkSet, read_jwk_set
from watchword.tokens.feed_message import FeedMessage, kid_of, verified

FEED = "/revocations/feed"


def keys_of(port: int) -> JwkSet:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/oauth2/jwks")
        return read_jwk_set(connection.getresponse().read())
    finally:
        connection.close()


def read(token: str, keys: JwkSet) -> FeedMessage:
    key = keys.find(kid_of(token))
    assert key is not None
    return verified(token, key)


class Subscriber:
    """One connection to the feed."""

    def __init__(self, port: int, *, fields: dict[str, str] | None = None, **query: object) -> None:
        self._keys = keys_of(port)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", f"{FEED}?{urlencode(query)}", headers=fields or {})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.ids: list[int] = []

    def messages(self) -> Iterator[FeedMessage]:
        """Every message, until the server ends."""
        while line := self.response.readline():
            if line.startswith(b"id: "):
                self.ids.append(int(line[4:]))
            elif line.startswith(b"data: "):
                yield read(line[6:].decode().strip(), self._keys)
            else:
                assert line == b"\n"

    def until(self, number: int) -> list[FeedMessage]:
        """The messages up to the one that reaches this number."""
        got: list[FeedMessage] = []
        for message in self.messages():
            got.append(message)
            if message.until >= number and message.part == message.parts:
                break
        return got

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def pulled(port: int, *, fields: dict[str, str] | None = None, **query: object) -> list[FeedMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"{FEED}?{urlencode({'pull': '', **query})}", headers=fields or {})
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200, content
        keys = keys_of(port)
        return [read(token, keys) for token in json.loads(content)["messages"]]
    finally:
        connection.close()
