"""A protection space with every default filled in: from its personas, from the server, from the tables beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from watchword.config.authorizers.making import named
from watchword.config.mechanisms.names import KEY_MECHANISMS
from watchword.config.realm.personas import Defaults, RpcProfile, Suppression
from watchword.config.spaces.settings import Face, Protect, Space
from watchword.core.authorizer import Authorizer
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSpace:
    """A protection space with every default filled in, in the terms of `core.space`.

    `unnamed` is what is demanded of targets that no rule names.
    """

    realm: str
    cookie_scheme: str
    apikey_scheme: str
    says_wrong_key: bool
    mechanisms: tuple[str, ...]
    own_origins: frozenset[str]
    cors: frozenset[str]
    no_auth_challenge: Suppression
    fetch_spares_popups: bool
    allow_cleartext: bool
    pass_preflights: bool
    face: Face
    rpc_profile: RpcProfile
    unnamed: Requirement
    rules: tuple[Rule, ...]


def resolved(
    space: Space,
    defaults: Defaults,
    *,
    public_url: str | None,
    allow_cleartext: bool,
    second_factor_for: frozenset[str] = frozenset(),
    authorizers: Mapping[str, Authorizer] = MappingProxyType({}),
) -> ResolvedSpace:
    """The space with what it leaves open taken from `defaults` and from the server. Whoever has one of the roles
    `second_factor_for` needs a second factor everywhere in it. `authorizers` are all that there are, by their names."""
    unnamed = Requirement(
        authorizers=named(space.authorizers, authorizers),
        precedence=Precedence(space.precedence),
        ignore_invalid=space.ignore_invalid,
        malformed_status=space.malformed_status,
        apikey_status=space.apikey_status,
        session_expired_status=space.session_expired_status,
        second_factor_for=second_factor_for,
    )
    mechanisms: tuple[str, ...] = space.mechanisms or defaults.mechanisms
    return ResolvedSpace(
        realm=space.realm or defaults.realm,
        cookie_scheme=defaults.cookie_scheme,
        apikey_scheme=defaults.apikey_scheme,
        says_wrong_key=defaults.says_wrong_key,
        mechanisms=mechanisms,
        own_origins=space.own_origins | ({public_url} if public_url is not None else frozenset()),
        cors=space.cors,
        no_auth_challenge=space.no_auth_challenge or defaults.no_auth_challenge,
        fetch_spares_popups=space.fetch_spares_popups,
        allow_cleartext=allow_cleartext,
        pass_preflights=space.preflight == "pass",
        face=space.face,
        rpc_profile=space.rpc_profile or defaults.rpc_profile,
        unnamed=unnamed,
        rules=tuple(_rule(entry, unnamed, mechanisms, authorizers) for entry in space.protect),
    )


def _rule(
    entry: Protect, unnamed: Requirement, of_space: tuple[str, ...], authorizers: Mapping[str, Authorizer]
) -> Rule:
    needs = entry.require
    besides = tuple(a for a in named(entry.authorizers, authorizers) if a not in unnamed.authorizers)
    requirement = replace(
        unnamed,
        public=entry.public,
        mechanisms=_taken(entry, of_space),
        roles=needs.roles,
        permissions=needs.permissions,
        scopes=needs.scopes,
        authorizers=unnamed.authorizers + besides,
        acr=needs.acr,
        max_age=needs.max_age,
        precedence=Precedence.STRICT if entry.strict else unnamed.precedence,
        hidden=entry.hidden,
        login_page=entry.login_page,
        session_expired_status=entry.session_expired_status or unnamed.session_expired_status,
    )
    return Rule(path=entry.path, requirement=requirement, methods=entry.methods, host=entry.host, owner=needs.owner)


def _taken(entry: Protect, of_space: tuple[str, ...]) -> frozenset[str] | None:
    """The mechanisms that may act on a target; None where all of the space may."""
    taken = frozenset(of_space if entry.mechanisms is None else entry.mechanisms)
    if not entry.api_keys:
        taken -= KEY_MECHANISMS
    return None if entry.mechanisms is None and taken == frozenset(of_space) else taken
