"""What an entry of an import says of one API key, and how a key of ours is written as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    digest,
    instant,
    name,
    public_id,
    scopes,
    text,
)
from watchword.crypto.secret import fingerprint
from watchword.flows.api_keys import LONGEST_NAME, KeyRefused, checked_name
from watchword.tokens.api_key import hint_of, is_key

if TYPE_CHECKING:
    from watchword.core.grants import ApiKey, Scopes
    from watchword.core.principal import Instant
    from watchword.core.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """What an entry says of one API key; None where it says nothing. `scopes` None: all that the account may do."""

    user: str
    fingerprint: bytes = field(repr=False)
    name: str | None = None
    hint: str = ""
    scopes: Scopes | None = None
    expires_at: Instant | None = None
    id: str | None = None
    created_at: Instant | None = None
    last_used: Instant | None = None
    superseded_by: str | None = None


_KEY = (
    "user",
    "name",
    "key",
    "key_fingerprint",
    "scopes",
    "expires_at",
    "id",
    "hint",
    "created_at",
    "last_used",
    "superseded_by",
)


def read_key(value: Json) -> KeyEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, _KEY)
    members.require("user")
    if ("key" in members) == ("key_fingerprint" in members):
        members.problems.append("has not either a key or a key_fingerprint; write one of them")
    user = members.read("user", name)
    presented = members.read("key", _key)
    entry = KeyEntry(
        user=user or "",
        fingerprint=members.read("key_fingerprint", digest) or fingerprint((presented or "").encode("ascii")),
        name=members.read("name", _name),
        hint=members.read("hint", _hint) or hint_of(presented or ""),
        scopes=members.read("scopes", scopes),
        expires_at=members.read("expires_at", instant),
        id=members.read("id", public_id),
        created_at=members.read("created_at", instant),
        last_used=members.read("last_used", instant),
        superseded_by=members.read("superseded_by", public_id),
    )
    return Wrong(user, tuple(members.problems)) if members.problems else entry


def written_key(key: ApiKey) -> dict[str, Json]:
    """The entry of an API key."""
    return {
        "user": key.subject,
        "name": key.name,
        "key_fingerprint": key.fingerprint.hex(),
        "scopes": None if key.scopes is None else [*sorted(key.scopes)],
        "expires_at": key.expires_at,
        "id": key.id,
        "hint": key.hint,
        "created_at": key.created_at,
        "last_used": key.last_used,
        "superseded_by": key.superseded_by,
    }


def _key(value: Json) -> str:
    if not isinstance(value, str) or not is_key(value):
        raise Unfit(
            "is no API key; write 16 to 512 visible ASCII characters (a key that begins with ww_, as it was shown)"
        )
    return value


def _name(value: Json) -> str:
    try:
        return checked_name(text(LONGEST_NAME)(value))
    except KeyRefused as refused:
        raise Unfit(f"cannot be used: {refused}") from None


def _hint(value: Json) -> str:
    hint = text(4)(value)
    if not all("!" <= character <= "~" for character in hint):
        raise Unfit("is none that was exported; leave it out")
    return hint
