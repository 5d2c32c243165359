"""OAuth clients: made, given another secret, shut out, deleted. There are no routes for that: operators do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from watchword.core.ask import Steps, ask
from watchword.core.grants import Client, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import AddClient, ChangeClient, FindClient
from watchword.flows.accounts import new_stamp
from watchword.tokens.client_secret import new_client_secret


@dataclass(frozen=True, slots=True)
class MadeClient:
    """A client; `secret` is its new secret, which is kept nowhere, and None where it has none."""

    client: Client
    secret: str | None = field(repr=False)


def add_client(
    client_id: str,
    *,
    entropy: Callable[[int], bytes],
    now: Instant,
    grants: frozenset[str] = frozenset(),
    scopes: Scopes = frozenset(),
    roles: frozenset[str] = frozenset(),
    jwks: str = "",
    public: bool = False,
) -> Steps[MadeClient | None]:
    """A new client; None where the id is taken. It gets a secret, unless it has keys or is public.

    Raises:
        AnswerFailed: where it could not be kept.
    """
    secret, kept = (None, None) if jwks or public else new_client_secret(entropy(32))
    client = Client(
        id=client_id,
        stamp=new_stamp(entropy),
        secret_hash=kept,
        jwks=jwks,
        grants=grants,
        scopes=scopes,
        roles=roles,
        created_at=now,
    )
    return MadeClient(client, secret) if (yield from ask(AddClient(client))) else None


def rotate_secret(client_id: str, *, entropy: Callable[[int], bytes]) -> Steps[MadeClient | None]:
    """A new secret in the place of the old one, which is worth nothing from now on; None where there is none.

    Tokens that the client has live on: whoever got hold of the old secret may have some. To disable it ends them.

    Raises:
        AnswerFailed: where it could not be changed.
    """
    client = yield from ask(FindClient(client_id))
    if client is None or client.secret_hash is None:
        return None
    secret, kept = new_client_secret(entropy(32))
    changed = yield from ask(ChangeClient(client_id, secret_hash=kept))
    return None if changed is None else MadeClient(changed, secret)


def disable_client(client_id: str, *, entropy: Callable[[int], bytes]) -> Steps[Client | None]:
    """The client can do nothing any more, and what it was given stays dead when it is enabled again: hence the stamp.

    Raises:
        AnswerFailed: where it could not be changed.
    """
    return (yield from ask(ChangeClient(client_id, disabled=True, stamp=new_stamp(entropy))))
