"""The composition root: the only file that knows everyone, and makes one server out of them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from watchword.config.answers import PASSWORD_LINE, answers
from watchword.config.binding import bindings_of
from watchword.config.couchdb.bridge import told_to_couchdb
from watchword.config.digest import digest_secrets
from watchword.config.hooks import NO_HOOKS, Hooks
from watchword.config.identity_providers.making import waiting_threads_of
from watchword.config.key_file import AUTH_TOKENS, CREDENTIALS, REFRESH_CLIENTS, KeyFile, load_or_make_keys
from watchword.config.mail.making import Mailroom, mailroom
from watchword.config.mechanisms import Makings, couchdb_session, mechanisms_of, session_cookie
from watchword.config.passwords import policy_of
from watchword.config.personas import RpcProfile
from watchword.config.plug_ins import making
from watchword.config.providers.making import waiting_threads
from watchword.config.sealed_sessions import sealed_sessions, session_backend
from watchword.config.settings import Settings
from watchword.config.signed_request import access_keys_of
from watchword.config.spaces import ResolvedSpace
from watchword.core.ask import AnswerFailed
from watchword.core.events import Event
from watchword.core.questions import (
    CleanUp,
)
from watchword.core.records import AUTH_KEY
from watchword.core.requirement import Requirement
from watchword.core.space import Protection, ProtectionSpace
from watchword.core.token_manager import TokenManager
from watchword.crypto.sealing import Sealing
from watchword.edge.engine import Engine, Witness
from watchword.edge.foreign_calls import AT_HAND
from watchword.edge.pool import threads_that_give_way
from watchword.flows.access_tokens import TokenPolicy
from watchword.flows.login import SessionPolicy
from watchword.flows.second_factor import SecondFactorPolicy
from watchword.http.authentication import Challenge
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.body_key import BodyKeys
from watchword.mechanisms.couchdb import CouchdbSession
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.server.api.oauth.metadata import resource_metadata_url
from watchword.server.rules import CLIENT_RULES, RPC, couchdb_rules, server_rules
from watchword.server.service import Couchdb, Service
from watchword.storage import Cached, Storage, open_storage
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.keys import KeyRing
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.second_factor import CodeJudge
from watchword.tokens.self_contained import SelfContainedTokens

# Both lines before the password slots may be full (see Slots), and an authorizer may hang: other questions still find
# a thread.
_THREADS = 2 * PASSWORD_LINE + AT_HAND + 32
_CLEAN_UP_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Parts:
    """One process's server, and what it has to close at its end."""

    service: Service
    storage: Storage
    pool: Executor
    mailroom: Mailroom | None = None

    def close(self) -> None:
        """Send and write what is still to be, and let threads and connections go."""
        if self.mailroom is not None:
            self.mailroom.close()
        self.storage.close()
        self.pool.shutdown(wait=False, cancel_futures=True)


def build(
    settings: Settings,
    data: Path,
    witness: Witness,
    *,
    storage: Storage | None = None,
    on_loop: bool = True,
    address: str | None = None,
    hooks: Hooks = NO_HOOKS,
    clock: Callable[[], float] = time.time,
) -> Parts:
    """The server that the settings ask for, over the data in this folder.

    `storage` is one that is open already; otherwise it is opened, and its tables are made or upgraded. `on_loop`
    says that the steps are driven by one event loop, as in the server, and not by threads. `address` is the URL that
    the server listens on, as far as that is known. `clock` tells the time.

    Raises:
        UnusableStorage, KeyFileRefused: with a sentence that says what to do.
    """
    kept = (
        open_storage(settings.storage.url, data, keep_changes_for=settings.tokens.keep_changes_for)
        if storage is None
        else storage
    )
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = load_or_make_keys(
        data,
        os.urandom,
        time.time(),
        algorithm=settings.tokens.algorithm,
        lifetime=settings.tokens.access_ttl,
        session_lifetime=settings.session.absolute,
    )
    keys = ring.all(AUTH_TOKENS)
    tokens: TokenManager = DerivedTokens(
        keys=[key.secret for key in keys], ttl=settings.tokens.ttl_seconds, sliding=settings.tokens.sliding
    )
    if (chosen := settings.tokens.manager) is not None:
        tokens = making.token_manager(chosen.kind, chosen.settings, realm=settings.defaults.realm, clock=clock)
    waiting = waiting_threads(settings.provider) + waiting_threads_of(settings.identity_provider)
    pool = threads_that_give_way(_THREADS + waiting)
    cached = Cached(kept)
    policy = token_policy(settings, ring, address=address, judges_risk=hooks.judge is not None)
    self_contained = SelfContainedTokens(
        issuer=policy.issuer, audience=policy.audience[0], longest=settings.tokens.access_ttl
    )
    sealed = sealed_sessions(settings)
    references = ReferenceTokens(audience=policy.audience[0])
    key_file = KeyFile(
        data,
        lifetime=settings.tokens.access_ttl,
        session_lifetime=settings.session.absolute,
        alarm=lambda says: witness.noted(Event("key_file_refused", "error", {"reason": says})),
    )
    spaces = settings.spaces()
    secrets = digest_secrets(settings.digest, spaces, ring)
    engine = Engine(
        answers=answers(kept, cached, settings, key_file, hooks, witness, secrets, on_loop=on_loop),
        pool=pool,
        witness=witness,
        trust=settings.trust,
        entropy=os.urandom,
        clock=clock,
        token_location=settings.tokens.srv_uri,
        withheld=settings.withheld,
    )
    manager = tokens if "restheart" in settings.realm.personas else None
    makings = Makings(
        settings=settings,
        ring=ring,
        clock=clock,
        auth_tokens=tokens,
        self_contained=self_contained,
        references=references,
        sealed=sealed,
    )
    targets = [_space(space, makings, manager, own=False) for space in spaces]
    location = _location(settings, address)
    metadata = resource_metadata_url(location, policy.audience[0]) if settings.tokens.resource_metadata else None
    own = _space(spaces[0], makings, manager, own=True, resource_metadata=metadata)
    second_factors = second_factor_policy(settings, ring, realm=own.realm)
    own = replace(own, second_factors=second_factors.judge)
    mail = mailroom(settings, ring, engine.answers, witness.noted, site=own.realm, location=location)
    client_space = replace(
        own, mechanisms=(), token_manager=None, path_parameter=b"", face="oauth", unnamed=Requirement()
    )
    cookie = next((m for m in own.mechanisms if isinstance(m, SessionCookie)), session_cookie(spaces[0], makings))
    # Authorizers have a say in what stands behind the server, and not in whether somebody may log out.
    of_server = replace(spaces[0].unnamed, authorizers=())
    rules = server_rules(of_server, sign_up=settings.passwords.sign_up, token_location=settings.tokens.srv_uri)
    # /whoami is what clients try credentials on: what the configuration demands of it, it gets, in the space's face.
    tried = replace(own, face=spaces[0].face, rpc_profile=spaces[0].rpc_profile)
    rpc_space = _rpc_space(own, spaces[0].rpc_profile)
    placed = {"/whoami": tried, RPC: rpc_space}
    couchdb = _couchdb(own, spaces[0], makings) if "couchdb" in settings.realm.personas else None
    service = Service(
        engine=engine,
        own=Protection(
            [
                (own, [rule for rule in rules if rule.path not in placed]),
                *((space, [r for r in (*spaces[0].rules, *rules) if r.path == path]) for path, space in placed.items()),
                (client_space, CLIENT_RULES),
                *(() if couchdb is None else ((couchdb.space, couchdb_rules(of_server)),)),
            ]
        ),
        targets=Protection(zip(targets, [space.rules for space in spaces], strict=True)),
        space=own,
        client_space=client_space,
        rpc_space=rpc_space,
        location=location,
        cookie=cookie,
        tokens=tokens,
        token_policy=policy,
        self_contained=self_contained,
        published_keys=lambda: key_file.keys().published(time.time()),
        key_names=lambda: key_file.keys().names(time.time()),
        staleness=settings.tokens.staleness,
        sessions=SessionPolicy(
            idle_timeout=settings.session.idle,
            lifetime=settings.session.absolute,
            max_per_user=settings.session.max_per_user,
            backend=session_backend(sealed),
            bindings=bindings_of(settings.session, ring),
        ),
        auth_keys=SessionPolicy(
            idle_timeout=settings.auth_key.idle,
            lifetime=settings.auth_key.absolute,
            max_per_user=settings.session.max_per_user,
            kind=AUTH_KEY,
            bindings=bindings_of(settings.auth_key, ring),
        ),
        passwords=policy_of(settings),
        second_factors=second_factors,
        digest_secrets=secrets,
        access_keys=access_keys_of(ring),
        show_tokens=manager is not None,
        couchdb=couchdb,
        sign_up=settings.passwords.sign_up,
        uniform_sign_up=settings.passwords.enumeration_safe,
        ready=kept.check,
        told_to_couchdb=told_to_couchdb(settings.couchdb, ring),
        relays_to_couchdb=settings.couchdb.relay is not None,
        mailing=None if mail is None else mail.mailing,
        identity_providers={provider.name: provider.provider for provider in settings.identity_provider},
        providers={provider.name: provider.provider for provider in settings.provider},
    )
    return Parts(service, kept, pool, mail)


def token_policy(
    settings: Settings, ring: KeyRing, *, address: str | None = None, judges_risk: bool = False
) -> TokenPolicy:
    """What access and refresh tokens are like. `address` is the URL that the server listens on."""
    tokens = settings.tokens
    issuer = tokens.issuer or _location(settings, address)
    client_key = ring.newest(REFRESH_CLIENTS)
    assert client_key is not None, "there is a key for each purpose"
    return TokenPolicy(
        issuer=issuer,
        audience=tokens.audience or (issuer,),
        client_key=client_key.secret,
        opaque=tokens.access == "opaque",
        access_ttl=tokens.access_ttl,
        refresh_ttl=tokens.refresh_ttl,
        most=tokens.max_refresh,
        evict=tokens.when_full == "evict",
        grace=tokens.grace,
        judges_risk=judges_risk,
        second_factor_for=settings.second_factor.required_for_roles,
    )


def second_factor_policy(settings: Settings, ring: KeyRing, *, realm: str) -> SecondFactorPolicy:
    """What second factors are like, and what judges them."""
    chosen = settings.second_factor
    sealing = Sealing([(key.id, key.secret) for key in ring.all(CREDENTIALS)])
    return SecondFactorPolicy(
        judge=CodeJudge(sealing=sealing, entropy=os.urandom, acr=chosen.acr),
        issuer=chosen.issuer or realm,
        algorithm=chosen.algorithm,
        digits=chosen.digits,
        required_for=chosen.required_for_roles,
    )


def _location(settings: Settings, address: str | None) -> str:
    """The URL under which clients reach the server, as far as that is known."""
    server = settings.server
    if address is None:
        host = f"[{server.host}]" if ":" in server.host else server.host
        address = f"{'http' if server.tls is None else 'https'}://{host}:{server.port}"
    return server.public_url or address


def clean_up_regularly(storage: Storage) -> Callable[[], None]:
    """Remove expired records every few minutes, a bounded number at a time; call what is returned to stop."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(_CLEAN_UP_EVERY):
            try:
                while not stop.is_set() and storage.clean_up(CleanUp(time.time())):
                    pass
            except AnswerFailed:  # the next round tries again; nothing that was answered depends on it
                continue

    threading.Thread(target=work, name="watchword-clean-up", daemon=True).start()
    return stop.set


def _space(
    space: ResolvedSpace,
    makings: Makings,
    manager: TokenManager | None,
    *,
    own: bool,
    resource_metadata: str | None = None,
) -> ProtectionSpace:
    # What stands behind a proxy has other hosts than the server itself: its own origin is the one it was sent to.
    settings = makings.settings
    public = settings.server.public_url
    origins = space.own_origins if own or public is None else space.own_origins - {public}
    return ProtectionSpace(
        realm=space.realm,
        mechanisms=mechanisms_of(space, makings, resource_metadata=resource_metadata),
        cookie_challenge=Challenge(space.cookie_scheme, (("realm", space.realm),)),
        own_origins=origins,
        cors=space.cors,
        no_auth_challenge=space.no_auth_challenge,
        fetch_spares_popups=space.fetch_spares_popups,
        allow_cleartext=space.allow_cleartext,
        pass_preflights=space.pass_preflights,
        token_manager=manager,
        path_parameter=settings.url_session.places.path_parameter if "url-session" in space.mechanisms else b"",
        # Our own routes tell whatever else is wrong as problems, too.
        face="problem" if own else space.face,
        rpc_profile=space.rpc_profile,
        unnamed=replace(space.unnamed, authorizers=()) if own else space.unnamed,
    )


def _couchdb(own: ProtectionSpace, space: ResolvedSpace, makings: Makings) -> Couchdb:
    """What CouchDB's own routes need: they are told in its words, and may be closed to all but some peers (S2.29)."""
    peers = makings.settings.couchdb.peers
    # No code is asked for in CouchDB's dialect: whoever has a second factor gets no cookie by password.
    closed = replace(own, face="couchdb", peer_filter=None if peers is None else peers.trusts, second_factors=None)
    session = next((m for m in own.mechanisms if isinstance(m, CouchdbSession)), couchdb_session(space, makings))
    return Couchdb(closed, session)


def _rpc_space(own: ProtectionSpace, profile: RpcProfile) -> ProtectionSpace:
    """The space of /rpc: the server's own, told as JSON-RPC, and with API keys in the content where it takes any."""
    mechanisms = tuple(BodyKeys(m) if isinstance(m, ApiKeys) else m for m in own.mechanisms)
    return replace(own, mechanisms=mechanisms, face="json-rpc", rpc_profile=profile)
