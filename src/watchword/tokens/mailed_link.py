"""The token of a link that is sent by mail: sealed, so that nobody has to keep it.

It is good for one purpose, for one account under the stamp that it had, at one address, until it expires. That it is
used once is noted when it is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.sealing import Sealing

Purpose: TypeAlias = Literal["password-reset", "email-change", "sign-up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedLink:
    """What a link stands for. `address` is where it was sent, `before` the account's address where that is another.

    `id` is random, and tells this link from every other.
    """

    purpose: Purpose
    id: bytes = field(repr=False)
    subject: str
    stamp: str = field(repr=False)
    expires_at: Instant
    address: str = field(repr=False)
    before: str = field(default="", repr=False)


def new_link(
    purpose: Purpose,
    subject: str,
    stamp: str,
    *,
    address: str,
    expires_at: Instant,
    entropy: Callable[[int], bytes],
    before: str = "",
) -> MailedLink:
    """A link that nobody has seen yet."""
    return MailedLink(
        purpose=purpose,
        id=entropy(16),
        subject=subject,
        stamp=stamp,
        expires_at=expires_at,
        address=address,
        before=before,
    )


def written_link(link: MailedLink, sealing: Sealing, entropy: Callable[[int], bytes]) -> str:
    """The token: letters, digits, `-` and `_`."""
    told = [base64url.encode(link.id), link.subject, link.stamp, link.expires_at, link.address, link.before]
    plain = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return base64url.encode(sealing.seal(plain, _place(link.purpose), entropy))


def read_link(token: str, purpose: Purpose, sealing: Sealing) -> MailedLink | None:
    """What the token stands for, whether or not it has expired; None where it is none of ours for that. Total."""
    try:
        plain = sealing.open(base64url.decode(token), _place(purpose))
        if plain is None:
            return None
        told: Json = json.loads(plain)
        match told:
            case [str(id), str(subject), str(stamp), float(expires_at), str(address), str(before)]:
                return MailedLink(
                    purpose=purpose,
                    id=base64url.decode(id),
                    subject=subject,
                    stamp=stamp,
                    expires_at=expires_at,
                    address=address,
                    before=before,
                )
            case _:
                return None
    except (JoseRefused, ValueError):
        return None


def _place(purpose: Purpose) -> bytes:
    return f"mailed link v1 {purpose}".encode()
