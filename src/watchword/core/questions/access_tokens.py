"""What is asked about access tokens, and the keys that sign them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchword.core.ask import Question
from watchword.core.grants import Client, ReferenceToken
from watchword.core.outcome import Accepted
from watchword.core.principal import Instant
from watchword.core.records import Account, Json
from watchword.core.revocations import SelfContained, Standing
from watchword.crypto.secret import Secret

if TYPE_CHECKING:
    from watchword.crypto.jose.key import Key, SigningKey  # noqa: F401 - named in strings: it takes long to import


@dataclass(frozen=True, slots=True)
class FoundToken:
    """An access token by reference. `account` is None where its client acts for itself."""

    token: ReferenceToken
    client: Client | None
    account: Account | None
    accepted: dict[tuple[str, str], Accepted] = field(
        default_factory=dict[tuple[str, str], Accepted], init=False, repr=False, compare=False
    )
    """The outcomes where the token is good, by mechanism and realm: each is built once by whoever judges it."""


@dataclass(frozen=True, slots=True)
class FindToken(Question[FoundToken | None]):
    """By the reference token's fingerprint. `fresh` asks the storage itself, not a cache."""

    fingerprint: bytes = field(repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindStanding(Question[Standing]):
    """What became of a self-contained token. Fails where what is known of revocations is too old to tell.

    `fresh` asks the storage, or the server, itself.
    """

    token: SelfContained
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class FindVerifyingKey(Question["Key | None"]):
    """The key of this name, with which our self-contained tokens are verified; None where there is none (any more)."""

    kid: str


@dataclass(frozen=True, slots=True)
class FindSigningKey(Question["SigningKey"]):
    """The key with which self-contained tokens are to be signed now."""


@dataclass(frozen=True, slots=True)
class IntrospectToken(Question[Mapping[str, Json] | None]):
    """What the server that issued the token says of it at this moment (RFC 7662 section 2.2), as it says it.

    None where the token is not alive, or not for us to know of.
    """

    token: Secret


@dataclass(frozen=True, slots=True)
class KeepToken(Question[bool]):
    """Keep a new reference token. False where its family, account or client is gone or was changed by now."""

    token: ReferenceToken


@dataclass(frozen=True, slots=True)
class RevokeToken(Question[None]):
    """Revoke an access token by its id, self-contained or by reference. It is remembered until it would expire."""

    id: str
    expires_at: Instant
