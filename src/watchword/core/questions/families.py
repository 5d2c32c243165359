"""What is asked about refresh families."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.core.grants import Family
from watchword.core.principal import Instant
from watchword.core.records import Account


@dataclass(frozen=True, slots=True)
class Rotated:
    """The refresh token was live and is spent now: the successor is live in its place."""

    family: Family
    account: Account


@dataclass(frozen=True, slots=True)
class Repeated:
    """It was spent a moment ago by the same client, whose answer may have been lost.

    `sealed` leads from the presented token to the live one: each opens with the token before.
    """

    family: Family
    account: Account
    sealed: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reused:
    """It was spent, by somebody else or too long ago: somebody has a copy. The family was revoked in the same step."""

    family: Family


@dataclass(frozen=True, slots=True)
class NotRedeemed:
    """Nothing was changed. `reason` is for operators: unknown, expired, another client's, or of a changed account."""

    reason: str


Redeemed: TypeAlias = Rotated | Repeated | Reused | NotRedeemed


class FamilyStart(Enum):
    """What became of a new family."""

    KEPT = "kept"
    TOO_MANY = "too many"
    CHANGED = "changed"  # the account or the client is gone, disabled or another by now


@dataclass(frozen=True, slots=True)
class FindFamily(Question[Family | None]):
    """By the handle that its refresh tokens carry."""

    handle: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListFamilies(Question[tuple[Family, ...]]):
    """The families of one subject that have not expired at `now`, newest first; of everybody where it is None.

    `after` is the id of the last family of the page before; only then are they ordered by id.
    """

    subject: str | None
    now: Instant
    limit: int = 1000
    after: str | None = None


@dataclass(frozen=True, slots=True)
class StartFamily(Question[FamilyStart]):
    """Keep a new family.

    Where the subject has `most` live families already the oldest end, or, where `evict` is False, the new one is not
    kept.
    """

    family: Family
    most: int | None = None
    evict: bool = True


@dataclass(frozen=True, slots=True)
class SpendRefresh(Question[Redeemed]):
    """Redeem a refresh token: find out what it is, and act on it, in one step.

    `handle` and `fingerprint` are the presented token's, `successor` is the fingerprint of the one to come in its
    place, and `sealed` that token, readable with the presented one. `client` tells the client from others (a keyed
    digest), `client_id` is who it proved to be. `grace` in seconds. `address`, `country` and `user_agent` become the
    family's.
    """

    handle: bytes = field(repr=False)
    fingerprint: bytes = field(repr=False)
    client_id: str
    client: bytes = field(repr=False)
    successor: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    now: Instant
    grace: float
    address: str = ""
    country: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class EndFamilies(Question[int]):
    """End these families, with the reference tokens that came with them. How many ended."""

    ids: tuple[str, ...]
    subject: str | None = None
    """Where it is given, only those of this subject end."""
