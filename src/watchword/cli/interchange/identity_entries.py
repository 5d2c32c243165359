"""What an entry of an import says of an identity at somebody else's provider, and how one of ours is written as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchword.cli.interchange.members import NO_OBJECT, Members, Unfit, Wrong, instant, name, text
from watchword.core.linked import LinkedIdentity

if TYPE_CHECKING:
    from watchword.core.principal import Instant
    from watchword.core.records import Json

LONGEST_ISSUER = 1024
LONGEST_SUBJECT = 255
"""In characters (OpenID Connect Core 1.0 section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEntry:
    """What an entry says of one identity; None where it says nothing."""

    user: str
    issuer: str
    subject: str
    created_at: Instant | None = None


def read_identity(value: Json) -> IdentityEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, ("user", "issuer", "subject", "created_at"))
    for required in ("user", "issuer", "subject"):
        members.require(required)
    user = members.read("user", name)
    entry = IdentityEntry(
        user=user or "",
        issuer=members.read("issuer", issuer) or "",
        subject=members.read("subject", subject) or "",
        created_at=members.read("created_at", instant),
    )
    return Wrong(user, tuple(members.problems)) if members.problems else entry


def written_identity(identity: LinkedIdentity) -> dict[str, Json]:
    """The entry of an identity."""
    return {
        "user": identity.account,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "created_at": identity.created_at,
    }


def issuer(value: Json) -> str:
    """What a provider calls itself."""
    told = text(LONGEST_ISSUER)(value)
    if not told.startswith(("https://", "http://")) or not told.isascii() or not told.isprintable() or " " in told:
        raise Unfit("is no issuer; write the URL that the provider's tokens name, such as https://id.example.org")
    return told


def subject(value: Json) -> str:
    """Whom a provider calls so."""
    told = text(LONGEST_SUBJECT)(value)
    if not told or not told.isascii() or not told.isprintable():
        raise Unfit("is no subject; write what the provider's tokens have as sub")
    return told
