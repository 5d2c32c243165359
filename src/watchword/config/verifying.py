"""From what an application says of its authentication server to a verifier. It needs nothing but `cryptography`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from watchword.core.mechanism import AnyMechanism
from watchword.core.space import Protection, ProtectionSpace, Rule
from watchword.edge.verifier.introspection import Introspection
from watchword.edge.verifier.shared_keys import read_shared_keys
from watchword.edge.verifier.strict import StrictVerifier
from watchword.edge.verifier.verifier import Verifier
from watchword.edge.verifier.wire import AuthenticationServer
from watchword.edge.witness import LoggingWitness
from watchword.http.authentication import Challenge
from watchword.http.forwarded import trusted_proxies as trust_in
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.introspected import Introspected
from watchword.tokens.self_contained import SelfContainedTokens

if TYPE_CHECKING:
    from watchword.config.spaces.resolved import ResolvedSpace

_REALM = "Watchword"
_COOKIE_SCHEME = "Watchword-Cookie"


def verifier(
    url: str,
    *,
    issuer: str | None,
    audience: str | None,
    realm: str | None,
    rules: tuple[Rule, ...],
    protect: Path | None,
    offline_ttl: float | None,
    strict: bool,
    client: tuple[str, str] | None,
    credentials: tuple[str, str] | None,
    api_key: str | None,
    authority_file: Path | None,
    shared_keys: Path | None,
    trusted_proxies: tuple[str, ...],
    cors: frozenset[str],
    allow_cleartext: bool,
) -> Verifier | StrictVerifier:
    """The verifier that `Watchword(url=…)` describes. Raises as that does."""
    if offline_ttl is not None and not 0 <= offline_ttl < float("inf"):
        raise ValueError("offline_ttl is a number of seconds, such as 30")
    if rules and protect is not None:
        raise ValueError("give rules, or a file that has them, and not both")
    if credentials is not None and api_key is not None:
        raise ValueError("give credentials or an api_key, and not both")
    if strict and client is None:
        raise ValueError("whoever is strict asks as a client: give its id and secret as client=(…, …)")
    if not strict and client is not None:
        raise ValueError("a client asks about tokens only where strict=True: give that too, or leave the client out")
    if strict and offline_ttl is not None:
        raise ValueError("whoever is strict knows nothing while the server is away: leave offline_ttl out")
    if strict and shared_keys is not None:
        raise ValueError("whoever is strict verifies no signatures: leave shared_keys out")
    if shared_keys is not None:
        read_shared_keys(shared_keys)  # now, so that what is wrong with it is said at start-up
    server = AuthenticationServer(
        url=url.rstrip("/"),
        authority_file=authority_file,
        credentials=credentials,
        api_key=api_key,
        allow_cleartext=allow_cleartext,
    )
    issuer = issuer or server.url
    read = None if protect is None else _from_file(protect)
    named = realm or (_REALM if read is None else read.realm)
    introspected = client if strict else None
    mechanisms = _mechanisms(named, issuer, audience or issuer, asks=introspected is not None)
    space = _space(named, mechanisms, read)
    space = replace(space, cors=space.cors | cors, allow_cleartext=allow_cleartext)
    protection = Protection([(space, rules if read is None else read.rules)])
    witness, trust = LoggingWitness(), trust_in(trusted_proxies)
    if introspected is not None:
        return StrictVerifier(Introspection(server, introspected), protection=protection, witness=witness, trust=trust)
    return Verifier(
        server,
        issuer=issuer,
        protection=protection,
        witness=witness,
        offline_ttl=offline_ttl,
        shared_keys=shared_keys,
        trust=trust,
    )


def _mechanisms(realm: str, issuer: str, audience: str, *, asks: bool) -> tuple[AnyMechanism, ...]:
    if not asks:
        # How long a token lives at most comes later, from the server, and is looked at with the revocations.
        tokens = SelfContainedTokens(issuer=issuer, audience=audience, longest=float("inf"))
        return (Bearer(realm, tokens),)
    return (
        Introspected(Bearer(realm), realm, issuer, "Bearer", audience),
        Introspected(ApiKeys(realm), realm, issuer, "APIKEY", None),
    )


def _space(realm: str, mechanisms: tuple[AnyMechanism, ...], read: ResolvedSpace | None) -> ProtectionSpace:
    plain = ProtectionSpace(
        realm=realm,
        mechanisms=mechanisms,
        cookie_challenge=Challenge(_COOKIE_SCHEME, (("realm", realm),)),
    )
    if read is None:
        return plain
    return replace(
        plain,
        own_origins=read.own_origins,
        cors=read.cors,
        no_auth_challenge=read.no_auth_challenge,
        fetch_spares_popups=read.fetch_spares_popups,
        pass_preflights=read.pass_preflights,
        face=read.face,
        rpc_profile=read.rpc_profile,
        unnamed=read.unnamed,
    )


def _from_file(file: Path) -> ResolvedSpace:
    """The first space of a configuration file, of which only what concerns a verifier is used."""
    from watchword.config.reading.loading import load

    return load(file, {}).spaces()[0]
