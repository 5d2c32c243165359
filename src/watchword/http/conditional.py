"""Conditional requests (RFC 9110 section 13): an entity tag for what anybody may keep a copy of."""

from __future__ import annotations

from hashlib import sha256

from watchword.http.message import Request
from watchword.http.syntax import members


def entity_tag(content: bytes) -> bytes:
    """A strong tag for this content (section 8.8.3)."""
    return b'"' + sha256(content).hexdigest()[:32].encode("ascii") + b'"'


def is_not_modified(request: Request, tag: bytes) -> bool:
    """Whether If-None-Match names this tag, or any (section 13.1.2). Tags are compared weakly."""
    named = [name for line in request.lines(b"if-none-match") for name in members(line.decode("latin-1"))]
    return any(name == "*" or name.removeprefix("W/").encode("latin-1") == tag for name in named)
