"""What is asked about OAuth clients and their secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import Question
from watchword.core.grants import Client
from watchword.core.principal import Instant
from watchword.core.questions.passwords import PasswordHeld, PasswordWrong
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class SecretRight:
    """The secret belongs to this client, and the client may be used."""

    client: Client


SecretAnswer: TypeAlias = SecretRight | PasswordWrong | PasswordHeld


@dataclass(frozen=True, slots=True)
class CheckClientSecret(Question[SecretAnswer]):
    """Is this the client's secret? Counts against the limits; `address` is that of whoever sent it."""

    id: str
    secret: Secret
    address: str
    now: Instant


@dataclass(frozen=True, slots=True)
class FindClient(Question[Client | None]):
    """By client id."""

    id: str


@dataclass(frozen=True, slots=True)
class ListClients(Question[tuple[Client, ...]]):
    """All clients, by id."""

    limit: int = 1000


@dataclass(frozen=True, slots=True)
class AddClient(Question[bool]):
    """Keep a new client. False, and nothing is kept, where the id is taken."""

    client: Client


@dataclass(frozen=True, slots=True)
class ChangeClient(Question[Client | None]):
    """Change what is not None; the changed client, or None where there is none of that id.

    What it was given beyond its present scopes dies, and everything where it is disabled or gets a new stamp.
    """

    id: str
    stamp: str | None = None
    secret_hash: str | None = field(default=None, repr=False)
    jwks: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    grants: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteClient(Question[bool]):
    """Delete the client with all families and tokens that it was given. False where there was none."""

    id: str
