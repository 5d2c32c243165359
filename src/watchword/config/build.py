"""The composition root: the only file that knows everyone, and makes one server out of what the rooms make."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from watchword.config.answers import answers
from watchword.config.auth_key.making import auth_key_policy
from watchword.config.couchdb.bridge import told_to_couchdb
from watchword.config.digest.making import digest_secrets
from watchword.config.hooks import NO_HOOKS, Hooks
from watchword.config.identity_providers.making import waiting_threads_of
from watchword.config.keys.file import load_or_make_keys
from watchword.config.keys.over_time import KeyFile
from watchword.config.mail.making import Mailroom, mailroom
from watchword.config.mechanisms.makings import Makings
from watchword.config.passwords.answers import PASSWORD_LINE
from watchword.config.passwords.making import policy_of
from watchword.config.providers.making import waiting_threads
from watchword.config.second_factor.making import second_factor_policy
from watchword.config.server.making import location_of
from watchword.config.sessions.making import session_cookie, session_policy
from watchword.config.sessions.sealed import sealed_sessions
from watchword.config.settings import Settings
from watchword.config.signed_request.making import access_keys_of
from watchword.config.spaces.making import own_routes, own_space, space_of_targets
from watchword.config.tokens.making import auth_tokens, token_policy
from watchword.core.events import Event
from watchword.core.space import Protection
from watchword.edge.engine import Engine, Witness
from watchword.edge.foreign_calls import AT_HAND
from watchword.edge.pool import threads_that_give_way
from watchword.mechanisms.session_cookie import SessionCookie
from watchword.server.api.oauth.metadata import resource_metadata_url
from watchword.server.service import Service
from watchword.storage import Cached, Storage, open_storage
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.self_contained import SelfContainedTokens

# Both lines before the password slots may be full (see Slots), and an authorizer may hang: other questions still find
# a thread.
_THREADS = 2 * PASSWORD_LINE + AT_HAND + 32


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
    key_file = KeyFile(
        data,
        lifetime=settings.tokens.access_ttl,
        session_lifetime=settings.session.absolute,
        alarm=lambda says: witness.noted(Event("key_file_refused", "error", {"reason": says})),
    )
    spaces = settings.spaces()
    waiting = waiting_threads(settings.provider) + waiting_threads_of(settings.identity_provider)
    pool = threads_that_give_way(_THREADS + waiting)
    secrets = digest_secrets(settings.digest, spaces, ring)
    engine = Engine(
        answers=answers(kept, Cached(kept), settings, key_file, hooks, witness, secrets, on_loop=on_loop),
        pool=pool,
        witness=witness,
        trust=settings.trust,
        entropy=os.urandom,
        clock=clock,
        token_location=settings.tokens.srv_uri,
        withheld=settings.withheld,
    )
    policy = token_policy(settings, ring, address=address, judges_risk=hooks.judge is not None)
    makings = Makings(
        settings=settings,
        ring=ring,
        clock=clock,
        auth_tokens=auth_tokens(settings, ring, clock),
        self_contained=SelfContainedTokens(
            issuer=policy.issuer, audience=policy.audience[0], longest=settings.tokens.access_ttl
        ),
        references=ReferenceTokens(audience=policy.audience[0]),
        sealed=sealed_sessions(settings),
    )
    manager = makings.auth_tokens if "restheart" in settings.realm.personas else None
    targets = [space_of_targets(space, makings, manager) for space in spaces]
    location = location_of(settings.server, address)
    metadata = resource_metadata_url(location, policy.audience[0]) if settings.tokens.resource_metadata else None
    own = own_space(spaces[0], replace(makings, resource_metadata=metadata), manager)
    second_factors = second_factor_policy(settings, ring, realm=own.realm)
    routes = own_routes(replace(own, second_factors=second_factors.judge), spaces[0], makings)
    mail = mailroom(settings, ring, engine.answers, witness.noted, site=own.realm, location=location)
    service = Service(
        engine=engine,
        own=routes.protection,
        targets=Protection(zip(targets, [space.rules for space in spaces], strict=True)),
        space=routes.space,
        client_space=routes.client,
        rpc_space=routes.rpc,
        location=location,
        cookie=next((m for m in own.mechanisms if isinstance(m, SessionCookie)), session_cookie(spaces[0], makings)),
        tokens=makings.auth_tokens,
        token_policy=policy,
        self_contained=makings.self_contained,
        published_keys=lambda: key_file.keys().published(time.time()),
        key_names=lambda: key_file.keys().names(time.time()),
        staleness=settings.tokens.staleness,
        sessions=session_policy(settings, ring, makings.sealed),
        auth_keys=auth_key_policy(settings, ring),
        passwords=policy_of(settings),
        second_factors=second_factors,
        digest_secrets=secrets,
        access_keys=access_keys_of(ring),
        show_tokens=manager is not None,
        couchdb=routes.couchdb,
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
