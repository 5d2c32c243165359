"""What is sent to another server: one request, which nobody can read as two (F24)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from watchword.http.message import Fields
from watchword.http.syntax import is_token
from watchword.outgoing.destination import Destination

_NEVER_SENT: Final = frozenset({"CONNECT", "TRACE"})
_WITHOUT_CONTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods whose requests have no content as a rule, so that none needs no mention (RFC 9110 section 8.6)."""
_OURS: Final = frozenset(
    {
        *(b"host", b"content-length", b"transfer-encoding", b"trailer", b"expect", b"te"),
        *(b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"accept-encoding"),
    }
)
"""Fields about the connection and the length."""

# field-value = *field-content, without the line breaks and NULs that would make another field of it
_FIELD_VALUE = re.compile(rb"(?:[!-~\x80-\xff]++(?:[ \t]++[!-~\x80-\xff]++)*+)?")


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it is sent."""

    method: str
    target: str
    fields: Fields = field(repr=False)
    content: bytes = field(repr=False)


def question_to(destination: Destination, method: str, fields: Fields, content: bytes) -> Question | None:
    """The request, with these fields beside those that are written here; None where it cannot be sent so.

    Fields about the connection and the length are written here, whatever is said about them.
    """
    if not is_token(method) or method in _NEVER_SENT or not all(_is_sendable(*line) for line in fields):
        return None
    lines = [(b"host", destination.authority.encode("ascii")), (b"accept-encoding", b"identity")]
    if content or method not in _WITHOUT_CONTENT:
        lines.append((b"content-length", b"%d" % len(content)))
    lines += [(name.lower(), value) for name, value in fields if name.lower() not in _OURS]
    if not any(name == b"user-agent" for name, _ in lines):
        lines.append((b"user-agent", b"watchword"))
    return Question(method, destination.target, tuple(lines), content)


def _is_sendable(name: bytes, value: bytes) -> bool:
    return is_token(name.decode("latin-1")) and _FIELD_VALUE.fullmatch(value) is not None
