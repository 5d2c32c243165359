"""Personas: with which defaults the server speaks the dialect of a product whose clients it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from watchword.config.mechanisms.names import DEFAULT_MECHANISMS, MECHANISMS, MechanismName

PersonaName: TypeAlias = Literal["openmrs", "restheart", "jwt", "kallithea", "auth-key", "couchdb"]
Suppression: TypeAlias = Literal["no-popup", "remove"]
RpcProfile: TypeAlias = Literal["http", "legacy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where the configuration says nothing."""

    realm: str = "Watchword"
    cookie_scheme: str = "Watchword-Cookie"
    apikey_scheme: str = "APIKEY"
    mechanisms: tuple[MechanismName, ...] = DEFAULT_MECHANISMS
    no_auth_challenge: Suppression = "no-popup"
    rpc_profile: RpcProfile = "http"
    says_wrong_key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """What one dialect wants; None where it does not mind.

    `says_wrong_key`: the challenge of API keys says so where one was refused.
    """

    realm: str | None = None
    cookie_scheme: str | None = None
    mechanisms: frozenset[MechanismName]
    no_auth_challenge: Suppression | None = None
    rpc_profile: RpcProfile | None = None
    says_wrong_key: bool = True


PERSONAS: dict[PersonaName, Persona] = {
    "openmrs": Persona(
        realm="OpenMRS",
        cookie_scheme="OpenMRS-Cookie",
        mechanisms=frozenset(("session", "auth-token", "basic")),
    ),
    "restheart": Persona(
        realm="RESTHeart Realm",
        mechanisms=frozenset(("session", "auth-token", "basic")),
        no_auth_challenge="remove",
    ),
    "jwt": Persona(mechanisms=frozenset(("bearer", "api-key"))),
    # Pages by session, Mercurial and Git by Basic, programs by key; the thread's patch has this challenge, and no more.
    "kallithea": Persona(
        realm="Kallithea",
        mechanisms=frozenset(("session", "basic", "api-key")),
        rpc_profile="legacy",
        says_wrong_key=False,
    ),
    # "Make your REST API to require a Auth-Key header upon every request to the API, besides /api/authenticate."
    "auth-key": Persona(mechanisms=frozenset(("auth-key",))),
    "couchdb": Persona(cookie_scheme="CouchDB-Cookie", mechanisms=frozenset(("couchdb", "basic"))),
}


def defaults_of(names: Sequence[PersonaName]) -> Defaults:
    """The defaults of these personas together: the first that minds decides, and mechanisms add up."""
    personas = [PERSONAS[name] for name in names]
    if not personas:
        return Defaults()
    plain = Defaults()
    wanted = frozenset[MechanismName]().union(*(persona.mechanisms for persona in personas))
    profiles: list[RpcProfile] = [p.rpc_profile for p in personas if p.rpc_profile is not None]
    suppression: list[Suppression] = [p.no_auth_challenge for p in personas if p.no_auth_challenge is not None]
    return Defaults(
        realm=next((p.realm for p in personas if p.realm is not None), plain.realm),
        cookie_scheme=next((p.cookie_scheme for p in personas if p.cookie_scheme is not None), plain.cookie_scheme),
        mechanisms=tuple(name for name in MECHANISMS if name in wanted),
        no_auth_challenge=suppression[0] if suppression else plain.no_auth_challenge,
        rpc_profile=profiles[0] if profiles else plain.rpc_profile,
        says_wrong_key=all(p.says_wrong_key for p in personas),
    )
