"""What a browser keeps of a log-in by an identity provider until it comes back: sealed, for ten minutes, for one use.

Each log-in has a cookie of its own, so that several tabs do not disturb each other. `state` is random, so whoever does
not have this browser's cookie cannot bring it a log-in of their own (F27).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret, equal

LIFETIME: Final = 600.0
"""In seconds."""

_PLACE = b"log-in with v1 "


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogIn:
    """A log-in that is under way at a provider. `max_age` is what was asked of it, None where nothing was.

    `links` is the id of the session that began it, where it is to be linked to an account instead of beginning another.
    """

    provider: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: Secret
    return_to: str
    expires_at: Instant
    max_age: int | None = None
    links: str | None = None

    @property
    def challenge(self) -> str:
        """The `code_challenge` by S256 (RFC 7636 section 4.2)."""
        return base64url.encode(sha256(self.verifier.reveal()).digest())

    @property
    def label(self) -> str:
        """What tells its cookie from those of other log-ins."""
        return label_of(self.state)


def new_pending_log_in(
    provider: str,
    return_to: str,
    now: Instant,
    entropy: Callable[[int], bytes],
    *,
    max_age: int | None = None,
    links: str | None = None,
) -> PendingLogIn:
    """A log-in that begins now."""
    return PendingLogIn(
        provider=provider,
        state=base64url.encode(entropy(32)),
        nonce=base64url.encode(entropy(32)),
        verifier=Secret(base64url.encode(entropy(32))),
        return_to=return_to,
        expires_at=now + LIFETIME,
        max_age=max_age,
        links=links,
    )


def label_of(state: str) -> str:
    """The label of the cookie that belongs to this `state`. It tells nothing of it."""
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def sealed_log_in(pending: PendingLogIn, sealing: Sealing, entropy: Callable[[int], bytes]) -> str:
    """What the cookie holds."""
    told = [
        pending.provider,
        pending.state,
        pending.nonce,
        pending.verifier.reveal_text(),
        pending.return_to,
        pending.expires_at,
        pending.max_age,
        pending.links,
    ]
    plain = json.dumps(told, separators=(",", ":")).encode()
    return base64url.encode(sealing.seal(plain, _PLACE + pending.label.encode(), entropy))


def read_log_in(value: bytes, label: str, sealing: Sealing) -> PendingLogIn | None:
    """The log-in in the cookie with this label, whether or not it is over; None where it is none of ours. Total."""
    try:
        plain = sealing.open(base64url.decode(value), _PLACE + label.encode())
        if plain is None:
            return None
        told: Json = json.loads(plain)
        match told:
            case [
                str(provider),
                str(state),
                str(nonce),
                str(verifier),
                str(return_to),
                float(expires_at),
                (int() | None) as max_age,
                (str() | None) as links,
            ]:
                return PendingLogIn(
                    provider=provider,
                    state=state,
                    nonce=nonce,
                    verifier=Secret(verifier),
                    return_to=return_to,
                    expires_at=expires_at,
                    max_age=max_age,
                    links=links,
                )
            case _:
                return None
    except (JoseRefused, ValueError):
        return None


def belongs_to(pending: PendingLogIn, state: str) -> bool:
    """Whether this is the log-in that the `state` came back of."""
    return equal(pending.state.encode(), state.encode("utf-8", "surrogatepass"))
