"""What an entry of an import says of one session, and how a session of ours is written as one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchword.cli.interchange.identity_entries import issuer
from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    digest,
    instant,
    label,
    labels,
    name,
    public_id,
    span,
    text,
)
from watchword.core.linked import LinkedLogIn
from watchword.core.records import SESSION, SESSION_KINDS, Json, Session
from watchword.crypto.secret import fingerprint

if TYPE_CHECKING:
    from watchword.core.principal import Instant

LONGEST_ADDRESS = 64
LONGEST_USER_AGENT = 1024
LONGEST_BINDING = 400
LONGEST_SID = 1024
"""In characters."""
LARGEST_DATA = 4096
"""Of a session's own data: in bytes, as compact JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """What an entry says of one session; None where it says nothing. `stamp`: only under this stamp of the user."""

    user: str
    fingerprint: bytes = field(repr=False)
    expires_at: Instant
    id: str | None = None
    stamp: str | None = None
    created_at: Instant | None = None
    auth_time: Instant | None = None
    last_seen: Instant | None = None
    idle_timeout: float | None = None
    amr: frozenset[str] = frozenset()
    address: str = ""
    user_agent: str = ""
    data: Mapping[str, Json] = field(default_factory=dict[str, Json])
    kind: str = SESSION
    binding: str = ""
    acr: str | None = None
    linked: LinkedLogIn | None = None


_SESSION = (
    "user",
    "token",
    "token_fingerprint",
    "expires_at",
    "id",
    "stamp",
    "created_at",
    "auth_time",
    "last_seen",
    "idle_timeout",
    "amr",
    "address",
    "user_agent",
    "data",
    "kind",
    "binding",
    "acr",
    "issuer",
    "sid",
)

# As `tokens/binding.py` has it; what else it were would fit nobody.
_BINDING = re.compile(r"(?:md5:[0-9A-Fa-f]{32}|[0-9]+:[\x21-\x7e]+)?")

# Tokens travel in cookies and header fields. A shorter one could be guessed.
_TOKEN = re.compile(r"[\x21-\x7e]{16,4096}")


def read_session(value: Json) -> SessionEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, _SESSION)
    members.require("user")
    members.require("expires_at")
    if ("token" in members) == ("token_fingerprint" in members):
        members.problems.append("has not either a token or a token_fingerprint; write one of them")
    user = members.read("user", name)
    entry = SessionEntry(
        user=user or "",
        fingerprint=members.read("token", _token) or members.read("token_fingerprint", digest) or b"",
        expires_at=members.read("expires_at", instant) or 0.0,
        id=members.read("id", public_id),
        stamp=members.read("stamp", label),
        created_at=members.read("created_at", instant),
        auth_time=members.read("auth_time", instant),
        last_seen=members.read("last_seen", instant),
        idle_timeout=members.read("idle_timeout", span),
        amr=members.read("amr", labels) or frozenset(),
        address=members.read("address", text(LONGEST_ADDRESS)) or "",
        user_agent=members.read("user_agent", text(LONGEST_USER_AGENT)) or "",
        data=members.read("data", _data) or {},
        kind=members.read("kind", _kind) or SESSION,
        binding=members.read("binding", _binding) or "",
        acr=members.read("acr", label),
        linked=_linked(members),
    )
    return Wrong(user, tuple(members.problems)) if members.problems else entry


def written_session(session: Session) -> dict[str, Json]:
    """The entry of a session."""
    return {
        "user": session.subject,
        "token_fingerprint": session.fingerprint.hex(),
        "expires_at": session.expires_at,
        "id": session.id,
        "stamp": session.stamp,
        "created_at": session.created_at,
        "auth_time": session.auth_time,
        "last_seen": session.last_seen,
        "idle_timeout": session.idle_timeout,
        "amr": [*sorted(session.amr)],
        "address": session.address,
        "user_agent": session.user_agent,
        "data": {**session.data},
        "kind": session.kind,
        "binding": session.binding,
        "acr": session.acr,
        "issuer": None if session.linked is None else session.linked.issuer,
        "sid": None if session.linked is None else session.linked.sid,
    }


def _linked(members: Members) -> LinkedLogIn | None:
    told, sid = members.read("issuer", issuer), members.read("sid", text(LONGEST_SID))
    return None if told is None else LinkedLogIn(told, sid)


def _token(value: Json) -> bytes:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise Unfit("is no session token; write 16 or more visible ASCII characters")
    return fingerprint(value.encode("ascii"))


def _kind(value: Json) -> str:
    if value not in SESSION_KINDS or not isinstance(value, str):
        raise Unfit(f"is no kind of session; write one of {', '.join(SESSION_KINDS)}")
    return value


def _binding(value: Json) -> str:
    binding = text(LONGEST_BINDING)(value)
    if not _BINDING.fullmatch(binding):
        raise Unfit("is none that was exported; write md5:<hex>, or leave it out where anybody may bring the token")
    return binding


def _data(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise Unfit("is no object; write {...}")
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_DATA:
        raise Unfit(f"has more than {LARGEST_DATA} bytes; write less")
    return value
