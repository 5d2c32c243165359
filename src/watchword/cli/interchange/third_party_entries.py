"""What an entry of an import says of one credential for a third party, and how one of ours is written as one.

The credential goes along as it is kept, sealed under the server's key: whoever has the file does not have it, and a
server without that key neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    instant,
    label,
    name,
    public_id,
    sealed,
    text,
)
from watchword.core.third_party import CredentialState, ThirdPartyCredential
from watchword.crypto.jose import base64url

if TYPE_CHECKING:
    from watchword.core.principal import Instant
    from watchword.core.records import Json

LONGEST_HINT = 100
STATES: tuple[CredentialState, ...] = get_args(CredentialState)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyEntry:
    """What an entry says of one credential; None where it says nothing."""

    user: str
    provider: str
    id: str
    sealed: bytes = field(repr=False)
    hint: str = ""
    state: CredentialState = "unverified"
    created_at: Instant | None = None
    provider_status: int | None = None
    checked_at: Instant | None = None
    verified_at: Instant | None = None


_MEMBERS = (
    "user",
    "provider",
    "id",
    "sealed",
    "hint",
    "state",
    "created_at",
    "provider_status",
    "checked_at",
    "verified_at",
)


def read_third_party(value: Json) -> ThirdPartyEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, _MEMBERS)
    for required in ("user", "provider", "id", "sealed"):
        members.require(required)
    user = members.read("user", name)
    entry = ThirdPartyEntry(
        user=user or "",
        provider=members.read("provider", label) or "",
        id=members.read("id", public_id) or "",
        sealed=members.read("sealed", sealed) or b"",
        hint=members.read("hint", text(LONGEST_HINT)) or "",
        state=members.read("state", _state) or "unverified",
        created_at=members.read("created_at", instant),
        provider_status=members.read("provider_status", _status),
        checked_at=members.read("checked_at", instant),
        verified_at=members.read("verified_at", instant),
    )
    return Wrong(user, tuple(members.problems)) if members.problems else entry


def written_third_party(credential: ThirdPartyCredential) -> dict[str, Json]:
    """The entry of a credential."""
    return {
        "user": credential.subject,
        "provider": credential.provider,
        "id": credential.id,
        "sealed": base64url.encode(credential.sealed),
        "hint": credential.hint,
        "state": credential.state,
        "created_at": credential.created_at,
        "provider_status": credential.provider_status,
        "checked_at": credential.checked_at,
        "verified_at": credential.verified_at,
    }


def _state(value: Json) -> CredentialState:
    if value not in STATES:
        raise Unfit(f"is no state of a credential; write one of {', '.join(STATES)}")
    return value


def _status(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:
        raise Unfit("is no HTTP status; write a number from 100 to 599, or leave it out")
    return value
