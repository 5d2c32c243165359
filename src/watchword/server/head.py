"""What a request's head says about the message, and whether two servers could read it in two ways (RFC 9112, F24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from watchword.http.authority import read_authority
from watchword.http.target import Ambiguous, origin_form
from watchword.server.unread import Fault


class Head(NamedTuple):
    """A head with one meaning. `target` is in origin-form, or `*`; `framing` is the field that says how long the
    content is, None where there is none.

    A tuple, because one is made of every request.
    """

    target: bytes
    framing: bytes | None = None
    expects_continue: bool = False


_TELLING = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))


def read_head(
    method: bytes, version: str, target: bytes, fields: Sequence[tuple[bytes, bytes]], *, secure: bool
) -> Head | Fault:
    """The head, or what is wrong with it. The parser has refused much already: lengths that are none, bad line ends."""
    if version not in ("1.1", "1.0"):
        return Fault(505, "HTTP/1.1 and HTTP/1.0 are spoken here.")
    if method == b"CONNECT":
        return Fault(501, "This is no proxy.")
    host: bytes | None = None
    coding: bytes | None = None
    framing: bytes | None = None
    expects = False
    for name, value in fields:
        if name not in _TELLING:
            continue
        if name == b"host":
            if host is not None:
                return Fault(400, "There are two Host fields.")  # section 3.2
            host = value
        elif name == b"expect":
            # RFC 9110 section 10.1.1: from HTTP/1.0 it counts for nothing.
            expects = version == "1.1" and value.lower() == b"100-continue"
        elif framing is not None:
            return Fault(400, "Two fields say how long the content is.")  # section 6.3
        else:
            framing = name + b": " + value
            coding = value.lower() if name == b"transfer-encoding" else None
    if coding is not None and version == "1.0":
        return Fault(400, "HTTP/1.0 has no Transfer-Encoding.")  # section 6.1
    if coding is not None and coding != b"chunked":
        return Fault(501, "The only transfer coding taken is chunked.")
    if host is None:
        if version == "1.1":
            return Fault(400, "There is no Host field.")  # section 3.2
    elif host and read_authority(host, secure=secure) is None:
        return Fault(400, "The Host field is not a host with a port.")
    one = target if method == b"OPTIONS" and target == b"*" else origin_form(target, host)
    if isinstance(one, Ambiguous) or b"#" in one:
        return Fault(400, "The request target is not a path, or is for another host.")
    return Head(one, framing, expects)
