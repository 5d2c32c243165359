"""Identities that a trusted proxy tells in a field: who has sent it, what it is, and how clients are told of it."""

from __future__ import annotations

import re
from typing import Final

from watchword.core.outcome import Malformed
from watchword.http.forwarded import UNIX
from watchword.http.message import Request
from watchword.http.normalization import nfc

SCHEME: Final = "Trusted-Proxy"
"""No scheme is registered for this, but a 401 needs a challenge (RFC 9110 section 15.5.2)."""

_LONGEST = 2048
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_identity(sent: bytes) -> str | Malformed:
    """The identity in a field's value, in the one form of Unicode in which it is looked up."""
    try:
        identity = sent.decode()
    except UnicodeDecodeError:
        return Malformed("not-utf-8")
    return Malformed("no-identity") if len(sent) > _LONGEST or _CONTROL.search(identity) else nfc(identity)


def sender_of(request: Request) -> str:
    """The address of whoever sent the request to us; empty for a Unix socket."""
    proxy = request.peer.proxy
    return request.peer.address if proxy is None else "" if proxy == UNIX else proxy
