"""How a verifier speaks to the authentication server: plain HTTP/1.1, bounded in size and in time."""

from __future__ import annotations

import http.client
import ssl
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from watchword.http.forwarded import is_loopback

PATIENCE = 2.0
"""Seconds that the server may be silent, while connecting and ever after."""
_LONGEST_FETCH = 10.0


class Refused(Exception):
    """The server answered, but not with what was asked for. The message says what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationServer:
    """Where the server is, and how to show it who asks.

    - `url` is its address, with a path where it is not at the root.
    - `authority_file` holds the certificates (PEM) of those who may vouch for it; the system's where it is None.
    - `credentials` (name and password) or `api_key` are of an account with the role `verifier`. They are not needed
      where the server trusts whoever asks.
    - `allow_cleartext`: speak http beyond loopback. Whoever is on the way can then make up keys, and tokens.

    Raises:
        ValueError: where the address is none, or would be spoken to in cleartext without leave.
    """

    url: str
    authority_file: Path | None = None
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    allow_cleartext: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write the address of the authentication server as in https://auth.example.com")
        if parts.scheme == "http" and not self.allow_cleartext and not _is_here(parts.hostname):
            raise ValueError(
                "whoever is on the way could make up tokens: write an address that begins with https://, or "
                "allow_cleartext=True"
            )

    def connect(self) -> http.client.HTTPConnection:
        """A connection, which is opened by the first request."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=self.authority_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=PATIENCE, context=context)

    def get(
        self, connection: http.client.HTTPConnection, path: str, accept: str, query: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """The answer to a GET, whose head alone has been read.

        Raises:
            Refused: where it is not a 200 of the expected kind.
            OSError, http.client.HTTPException: where there is no answer.
        """
        # What a cache on the way remembers may be older than the news that made us ask.
        target = self._target(path) + (f"?{urlencode(query)}" if query else "")
        connection.request("GET", target, headers={"Accept": accept, "Cache-Control": "no-cache", **self._shown()})
        return _expected(connection.getresponse(), path, accept)

    def fetch(self, path: str, accept: str, query: dict[str, str] | None = None, *, most: int) -> bytes:
        """The content of at most `most` bytes. Raises as above."""
        connection = self.connect()
        try:
            return _content(self.get(connection, path, accept, query), path, most)
        finally:
            connection.close()

    def post(
        self, connection: http.client.HTTPConnection, path: str, form: str, authorization: str, *, most: int
    ) -> bytes:
        """The JSON that a form is answered with. The connection can be used again. Raises as above."""
        fields = {
            "Accept": "application/json",
            "Authorization": authorization,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", self._target(path), form, fields)
        return _content(_expected(connection.getresponse(), path, "application/json"), path, most)

    def _target(self, path: str) -> str:
        return urlsplit(self.url).path.rstrip("/") + path

    def _shown(self) -> dict[str, str]:
        if self.api_key is not None:
            return {"X-API-Key": self.api_key}
        if self.credentials is not None:
            name, password = self.credentials
            return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}
        return {}


def _expected(response: http.client.HTTPResponse, path: str, accept: str) -> http.client.HTTPResponse:
    kind = response.headers.get_content_type()
    if response.status != 200:
        raise Refused(f"{path} answers {response.status}")
    if kind != accept:
        raise Refused(f"{path} answers with {kind}")
    return response


def _content(response: http.client.HTTPResponse, path: str, most: int) -> bytes:
    deadline = time.monotonic() + _LONGEST_FETCH
    content = bytearray()
    while chunk := response.read1(65_536):
        content += chunk
        if len(content) > most or time.monotonic() > deadline:
            raise Refused(f"{path} answers with more than {most} bytes, or too slowly")
    return bytes(content)


def _is_here(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
