"""Requests and responses as values (RFC 9110 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from watchword.http.shown import shown_path

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]
"""Field lines in the order received: lower-case name, value without surrounding white space."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent the request, as the transport (or a proxy that is trusted to say so) knows it.

    `address` is the client's IP address as text, empty where there is none (a Unix socket). `secure` tells
    whether the client spoke TLS. `certificate` is the client's, DER-encoded, and empty where a proxy told one that
    cannot be read; `chain` are those that a proxy told beside it. `proxy` is the address of the trusted proxy that
    spoke for the client, or None where the client connected itself; `told` is False where that proxy did not say who
    the client is, so that `address` may be the proxy's own.
    """

    address: str
    secure: bool = False
    certificate: bytes | None = None
    proxy: str | None = None
    told: bool = True
    chain: tuple[bytes, ...] = ()


class Request:
    """One request, frozen by convention: a plain class with slots, because it is built for every check.

    `target` is the request target as it stood on the request line, in origin-form (`/path?query`).
    `body` is what the edge has read of the content: None where nothing has been read.
    `field(name)` gives the value of a field that came on exactly one line, else None; `repeated` has all lines of
    those that came on several. Names are lower-case. `taken_for` is the path that the application takes it for, where
    that is another one than the target's: rules go by it, and signatures by the target.
    """

    __slots__ = (
        "_once",
        "body",
        "field",
        "fields",
        "http_version",
        "memo",
        "method",
        "peer",
        "repeated",
        "taken_for",
        "target",
    )

    def __init__(
        self,
        method: str,
        target: bytes,
        fields: Iterable[tuple[bytes, bytes]] = (),
        peer: Peer = Peer(""),
        *,
        http_version: str = "1.1",
        body: bytes | None = None,
    ) -> None:
        self.method = method
        self.target = target
        self.fields: Fields = tuple(fields)
        self.peer = peer
        self.http_version = http_version
        self.body = body
        self.taken_for: bytes | None = None
        self._once = dict(self.fields)
        self.repeated: Mapping[bytes, tuple[bytes, ...]] = _NONE
        if len(self._once) != len(self.fields):
            self._once, self.repeated = _indexed(self.fields)
        self.field: Callable[[bytes], bytes | None] = self._once.get
        self.memo: dict[str, object] | None = None
        """What floor 0 has already parsed of this request, so that nothing is parsed twice."""

    def __repr__(self) -> str:
        return f"<Request {self.method} {shown_path(self.path)!r} from {self.peer.address or 'a local socket'}>"

    def __contains__(self, name: bytes) -> bool:
        return name in self._once or name in self.repeated

    def is_without(self, names: frozenset[bytes]) -> bool:
        """Whether none of these fields is there."""
        return names.isdisjoint(self._once) and (not self.repeated or names.isdisjoint(self.repeated))

    def lines(self, name: bytes) -> tuple[bytes, ...]:
        """Every line of the field, in order. `name` is lower-case."""
        value = self._once.get(name)
        return self.repeated.get(name, ()) if value is None else (value,)

    @property
    def path(self) -> bytes:
        """The target's path, as sent: still percent-encoded."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The target's query, as sent, without the question mark."""
        return self.target.partition(b"?")[2]

    def taken_as(self, path: bytes) -> Request:
        """This request as an application reads it that takes it for one with this path."""
        made = self.replaced()
        made.taken_for = path
        return made

    def replaced(
        self,
        *,
        method: str | None = None,
        target: bytes | None = None,
        fields: Iterable[tuple[bytes, bytes]] | None = None,
        peer: Peer | None = None,
        body: bytes | None = None,
    ) -> Request:
        """This request with some parts exchanged, of which nothing has been parsed yet."""
        if fields is None:
            made = Request.__new__(Request)
            made.http_version, made.memo = self.http_version, None
            # They are indexed already.
            made.fields, made._once, made.repeated, made.field = self.fields, self._once, self.repeated, self.field
        else:
            made = Request("", b"", fields, http_version=self.http_version)
        made.method = self.method if method is None else method
        made.target = self.target if target is None else target
        made.taken_for = self.taken_for if target is None else None
        made.peer = self.peer if peer is None else peer
        made.body = self.body if body is None else body
        return made


_NONE: Mapping[bytes, tuple[bytes, ...]] = {}


def _indexed(fields: Fields) -> tuple[dict[bytes, bytes], dict[bytes, tuple[bytes, ...]]]:
    """The fields that came on one line, and those that came on several."""
    lines: dict[bytes, tuple[bytes, ...]] = {}
    for name, value in fields:
        lines[name] = (*lines.get(name, ()), value)
    once = {name: values[0] for name, values in lines.items() if len(values) == 1}
    return once, {name: values for name, values in lines.items() if len(values) > 1}


@dataclass(frozen=True, slots=True)
class Response:
    """One response. Field names are lower-case; `body` is complete."""

    status: int
    fields: Fields = ()
    body: bytes = b""

    def lines(self, name: bytes) -> tuple[bytes, ...]:
        """Every line of the field, in order. `name` is lower-case."""
        return tuple(value for key, value in self.fields if key == name)
