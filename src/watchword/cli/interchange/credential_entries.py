"""What an entry of an import says of one credential beside the password, and how one of ours is written as one.

The secret goes along as it is kept: the seed of an authenticator and a Digest secret sealed under the server's key, a
recovery code as its fingerprint. Whoever has the file has none of them, and a server without that key neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchword.cli.interchange.members import (
    NO_OBJECT,
    Members,
    Unfit,
    Wrong,
    instant,
    name,
    public_id,
    sealed,
    switch,
    text,
)
from watchword.core.credentials import KINDS, Credential
from watchword.crypto.jose import base64url

if TYPE_CHECKING:
    from watchword.core.principal import Instant
    from watchword.core.records import Json

LONGEST_LABEL = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEntry:
    """What an entry says of one credential; None where it says nothing."""

    user: str
    id: str
    kind: str
    secret: bytes = field(repr=False)
    label: str = ""
    created_at: Instant | None = None
    confirmed: bool = False


_CREDENTIAL = ("user", "id", "kind", "secret", "label", "created_at", "confirmed")


def read_credential(value: Json) -> CredentialEntry | Wrong:
    """What the entry says, or what is wrong with it."""
    if not isinstance(value, dict):
        return NO_OBJECT
    members = Members(value, _CREDENTIAL)
    for required in ("user", "id", "kind", "secret"):
        members.require(required)
    user = members.read("user", name)
    entry = CredentialEntry(
        user=user or "",
        id=members.read("id", public_id) or "",
        kind=members.read("kind", _kind) or "",
        secret=members.read("secret", sealed) or b"",
        label=members.read("label", text(LONGEST_LABEL)) or "",
        created_at=members.read("created_at", instant),
        confirmed=members.read("confirmed", switch) or False,
    )
    return Wrong(user, tuple(members.problems)) if members.problems else entry


def written_credential(credential: Credential) -> dict[str, Json]:
    """The entry of a credential."""
    return {
        "user": credential.subject,
        "id": credential.id,
        "kind": credential.kind,
        "secret": base64url.encode(credential.secret),
        "label": credential.label,
        "created_at": credential.created_at,
        "confirmed": credential.confirmed,
    }


def _kind(value: Json) -> str:
    if value not in KINDS or not isinstance(value, str):
        raise Unfit(f"is none that this version knows; write one of {', '.join(KINDS)}")
    return value
