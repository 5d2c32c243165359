"""The composition root: the only file that knows everyone, and makes one server out of them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from watchword.config.hooks import NO_HOOKS, Hooks, check_risk, find_country
from watchword.config.key_file import AUTH_TOKENS, REFRESH_CLIENTS, KeyFile, load_or_make_keys
from watchword.config.personas import MechanismName
from watchword.config.service_accounts import ServiceKeys
from watchword.config.settings import Settings
from watchword.config.spaces import ResolvedSpace
from watchword.core.ask import AnswerFailed, NotYet
from watchword.core.events import Event
from watchword.core.mechanism import AnyMechanism
from watchword.core.policy import Ceiling, GrowingDelay, Limits
from watchword.core.questions import (
    AddAccount,
    AddKey,
    ChangeAccount,
    CheckClientSecret,
    CheckPassword,
    CheckRisk,
    CleanUp,
    DeleteAccount,
    EndFamilies,
    EndKeys,
    EndSession,
    EndSessions,
    FindAccount,
    FindClient,
    FindCountry,
    FindFamily,
    FindKey,
    FindSession,
    FindSigningKey,
    FindStanding,
    FindToken,
    FindVerifyingKey,
    FoundKey,
    FoundSession,
    FoundToken,
    HashPassword,
    IssueAuthToken,
    KeepToken,
    ListAccounts,
    ListFamilies,
    ListKeys,
    ListSessions,
    RevokeAuthToken,
    RevokeToken,
    RotateKey,
    SpendAssertion,
    SpendRefresh,
    StartFamily,
    StartSession,
    TouchKey,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account
from watchword.core.requirement import Requirement
from watchword.core.revocations import Standing
from watchword.core.space import Protection, ProtectionSpace
from watchword.crypto.password import Hashing
from watchword.edge.drive import Answers
from watchword.edge.engine import Engine, Witness
from watchword.flows.access_tokens import TokenPolicy
from watchword.flows.accounts import PasswordPolicy
from watchword.flows.login import SessionPolicy
from watchword.http.authentication import Challenge
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.session_cookie import CookieSettings, SessionCookie
from watchword.server.api.oauth.metadata import resource_metadata_url
from watchword.server.rules import CLIENT_RULES, server_rules
from watchword.server.service import Service
from watchword.storage import Cached, Storage, open_storage
from watchword.storage.standings import Standings
from watchword.stores.admission import PasswordAdmission
from watchword.stores.builtin import BuiltinStore
from watchword.stores.client_secrets import ClientSecrets
from watchword.stores.hashing import PasswordHashing
from watchword.stores.places import Places
from watchword.stores.remembered import Remembered
from watchword.stores.slots import Slots
from watchword.stores.throttle import Throttle
from watchword.tokens.auth_token import DerivedTokens
from watchword.tokens.keys import KeyRing
from watchword.tokens.reference import ReferenceTokens
from watchword.tokens.self_contained import SelfContainedTokens

# Both lines before the password slots may be full (see Slots), and other questions still find a thread.
_PASSWORD_LINE = 64
_THREADS = 2 * _PASSWORD_LINE + 32
_CLEAN_UP_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Parts:
    """One process's server, and what it has to close at its end."""

    service: Service
    storage: Storage
    pool: Executor

    def close(self) -> None:
        """Write what is still to be written, and let threads and connections go."""
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
) -> Parts:
    """The server that the settings ask for, over the data in this folder.

    `storage` is one that is open already; otherwise it is opened, and its tables are made or upgraded. `on_loop`
    says that the steps are driven by one event loop, as in the server, and not by threads. `address` is the URL that
    the server listens on, as far as that is known.

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
        data, os.urandom, time.time(), algorithm=settings.tokens.algorithm, lifetime=settings.tokens.access_ttl
    )
    keys = ring.all(AUTH_TOKENS)
    tokens = DerivedTokens(
        keys=[key.secret for key in keys], ttl=settings.tokens.ttl_seconds, sliding=settings.tokens.sliding
    )
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="watchword")
    cached = Cached(kept)
    policy = token_policy(settings, ring, address=address, judges_risk=hooks.judge is not None)
    self_contained = SelfContainedTokens(
        issuer=policy.issuer, audience=policy.audience[0], longest=settings.tokens.access_ttl
    )
    references = ReferenceTokens(audience=policy.audience[0])
    key_file = KeyFile(
        data,
        lifetime=settings.tokens.access_ttl,
        alarm=lambda says: witness.noted(Event("key_file_refused", "error", {"reason": says})),
    )
    answers = _answers(kept, cached, settings, on_loop=on_loop)
    _answer_for_tokens(answers, key_file)
    answers.add(CheckRisk, threaded=check_risk(hooks, witness.noted))
    country = find_country(hooks, witness.noted)
    if hooks.country_of is None:
        answers.add(FindCountry, inline=country, threaded=country)
    else:
        answers.add(FindCountry, threaded=country)
    engine = Engine(
        answers=answers,
        pool=pool,
        witness=witness,
        trust=settings.server.trust,
        entropy=os.urandom,
        token_location=settings.tokens.srv_uri,
    )
    spaces = settings.spaces()
    manager = tokens if "restheart" in settings.realm.personas else None
    bearers = self_contained, references
    targets = [_space(space, settings, tokens, manager, bearers, own=False) for space in spaces]
    location = _location(settings, address)
    metadata = resource_metadata_url(location, policy.audience[0]) if settings.tokens.resource_metadata else None
    own = _space(spaces[0], settings, tokens, manager, bearers, own=True, resource_metadata=metadata)
    client_space = replace(own, mechanisms=(), token_manager=None, face="oauth", unnamed=Requirement())
    cookie = next((m for m in own.mechanisms if isinstance(m, SessionCookie)), _cookie(spaces[0], settings))
    rules = server_rules(spaces[0].unnamed, sign_up=settings.passwords.sign_up, token_location=settings.tokens.srv_uri)
    # /whoami is what clients try credentials on: what the configuration demands of it, it gets.
    configured = [rule for rule in spaces[0].rules if rule.path == "/whoami"]
    service = Service(
        engine=engine,
        own=Protection([(own, (*configured, *rules)), (client_space, CLIENT_RULES)]),
        targets=Protection(zip(targets, [space.rules for space in spaces], strict=True)),
        space=own,
        client_space=client_space,
        location=location,
        cookie=cookie,
        tokens=tokens,
        token_policy=policy,
        self_contained=self_contained,
        published_keys=lambda: key_file.keys().published(time.time()),
        staleness=settings.tokens.staleness,
        sessions=SessionPolicy(
            idle_timeout=settings.session.idle,
            lifetime=settings.session.absolute,
            max_per_user=settings.session.max_per_user,
        ),
        passwords=PasswordPolicy(
            min_length=settings.passwords.min_length, context_words=settings.passwords.context_words
        ),
        show_tokens=manager is not None,
        sign_up=settings.passwords.sign_up,
        uniform_sign_up=settings.passwords.enumeration_safe,
        ready=kept.check,
    )
    return Parts(service, kept, pool)


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


def hashing_of(settings: Settings) -> Hashing:
    """The parameters of new password hashes."""
    chosen = settings.passwords.hashing
    return Hashing(t=chosen.t, m=chosen.m, p=chosen.p)


def _space(
    space: ResolvedSpace,
    settings: Settings,
    tokens: DerivedTokens,
    manager: DerivedTokens | None,
    bearers: tuple[SelfContainedTokens, ReferenceTokens],
    *,
    own: bool,
    resource_metadata: str | None = None,
) -> ProtectionSpace:
    cookie = _cookie(space, settings)
    made: dict[MechanismName, AnyMechanism] = {
        "session": cookie,
        "auth-token": AuthToken(space.realm, tokens),
        "basic": Basic(space.realm, leaves_tokens="auth-token" in space.mechanisms),
        "bearer": Bearer(space.realm, *bearers, resource_metadata=resource_metadata),
        "api-key": ApiKeys(space.realm, space.apikey_scheme),
    }
    # What stands behind a proxy has other hosts than the server itself: its own origin is the one it was sent to.
    public = settings.server.public_url
    origins = space.own_origins if own or public is None else space.own_origins - {public}
    return ProtectionSpace(
        realm=space.realm,
        mechanisms=tuple(made[name] for name in space.mechanisms),
        cookie_challenge=Challenge(space.cookie_scheme, (("realm", space.realm),)),
        own_origins=origins,
        cors=space.cors,
        no_auth_challenge=space.no_auth_challenge,
        fetch_spares_popups=space.fetch_spares_popups,
        allow_cleartext=space.allow_cleartext,
        pass_preflights=space.pass_preflights,
        token_manager=manager,
        unnamed=space.unnamed,
    )


def _cookie(space: ResolvedSpace, settings: Settings) -> SessionCookie:
    cookie = settings.session.cookie
    return SessionCookie(
        space.realm,
        space.cookie_scheme,
        CookieSettings(cookie.secure_name, cookie.cleartext_name, cookie.domain, cookie.same_site),
    )


def _answers(storage: Storage, cached: Cached, settings: Settings, *, on_loop: bool) -> Answers:
    standings = Standings(storage, longest=settings.tokens.access_ttl)
    turn = _Turn(cached, standings)
    limits = Limits(
        account=GrowingDelay(limit=settings.limits.account_failures, max_delay=settings.limits.max_delay),
        address=Ceiling(limit=settings.limits.address_per_minute),
        overall=Ceiling(limit=settings.limits.overall_per_minute),
    )
    hashing = hashing_of(settings)
    slots = Slots(max(1, (os.cpu_count() or 1) // settings.server.workers), line=_PASSWORD_LINE)
    admission = PasswordAdmission(
        BuiltinStore(storage, hashing),
        throttle=Throttle(storage),
        places=Places(storage, limits),
        remembered=Remembered(os.urandom(32)),
        slots=slots,
        find_account=cached.find_account,
        find_account_now=turn.find_account,
    )
    client_secrets = ClientSecrets(
        storage, hashing, throttle=Throttle(storage), places=Places(storage, limits), slots=slots, entropy=os.urandom
    )
    answers = Answers()
    answers.add(CheckClientSecret, threaded=client_secrets.threaded)
    answers.add(FindClient, threaded=storage.find_client)
    answers.add(SpendAssertion, threaded=storage.spend_assertion)
    if on_loop:
        answers.add(FindSession, inline=turn.find_session, threaded=cached.find_session)
        answers.add(FindAccount, inline=turn.find_account, threaded=cached.find_account)
        answers.add(CheckPassword, inline=admission.inline, threaded=admission.threaded)
        answers.add(FindToken, inline=turn.find_token, threaded=cached.find_token)
        answers.add(FindStanding, inline=turn.find_standing, threaded=standings.find)
    else:
        answers.add(FindToken, threaded=cached.find_token)
        answers.add(FindStanding, threaded=standings.find)
        answers.add(FindSession, threaded=cached.find_session)
        answers.add(FindAccount, threaded=cached.find_account)
        answers.add(CheckPassword, threaded=admission.threaded)
    services = ServiceKeys(settings.service_account)
    if on_loop:
        answers.add(FindKey, inline=services.before(turn.find_key), threaded=services.before(cached.find_key))
    else:
        answers.add(FindKey, threaded=services.before(cached.find_key))
    answers.add(TouchKey, inline=services.unless_theirs(cached.touch_key))
    answers.add(TouchSession, inline=cached.touch_session)
    answers.add(HashPassword, threaded=PasswordHashing(hashing, slots).threaded)
    answers.add(ListSessions, threaded=storage.list_sessions)
    answers.add(ListAccounts, threaded=storage.list_accounts)
    answers.add(StartSession, threaded=storage.start_session)
    answers.add(WriteSessionData, threaded=storage.write_session_data)
    answers.add(EndSession, threaded=storage.end_session)
    answers.add(EndSessions, threaded=storage.end_sessions)
    answers.add(AddAccount, threaded=storage.add_account)
    answers.add(ChangeAccount, threaded=storage.change_account)
    answers.add(DeleteAccount, threaded=storage.delete_account)
    answers.add(IssueAuthToken, threaded=storage.issue_auth_token)
    answers.add(AddKey, threaded=storage.add_key)
    answers.add(RotateKey, threaded=storage.rotate_key)
    answers.add(EndKeys, threaded=storage.end_keys)
    answers.add(ListKeys, threaded=storage.list_keys)
    answers.add(RevokeAuthToken, threaded=storage.revoke_auth_token)
    answers.add(CleanUp, threaded=storage.clean_up)
    answers.add(FindFamily, threaded=storage.find_family)
    answers.add(ListFamilies, threaded=storage.list_families)
    answers.add(StartFamily, threaded=storage.start_family)
    answers.add(SpendRefresh, threaded=storage.spend_refresh)
    answers.add(EndFamilies, threaded=storage.end_families)
    answers.add(KeepToken, threaded=storage.keep_token)
    answers.add(RevokeToken, threaded=storage.revoke_token)
    return answers


def _answer_for_tokens(answers: Answers, key_file: KeyFile) -> None:
    """Looking at the keys takes microseconds, and a moment where the file changed: never long enough for a thread."""
    answers.add(FindVerifyingKey, inline=key_file.find_verifying_key, threaded=key_file.find_verifying_key)
    answers.add(FindSigningKey, inline=key_file.find_signing_key, threaded=key_file.find_signing_key)


class _Turn:
    """The inline look-ups on an event loop: they ask for news once in each of its turns."""

    def __init__(self, cached: Cached, standings: Standings) -> None:
        self._cached = cached
        self._standings = standings
        self._ends = False

    def find_session(self, question: FindSession) -> FoundSession | NotYet | None:
        self._begin()
        return self._cached.find_session_inline(question)

    def find_account(self, question: FindAccount) -> Account | NotYet | None:
        self._begin()
        return self._cached.find_account_inline(question)

    def find_key(self, question: FindKey) -> FoundKey | NotYet | None:
        self._begin()
        return self._cached.find_key_inline(question)

    def find_standing(self, question: FindStanding) -> Standing | NotYet:
        self._begin()
        return self._standings.find_inline(question)

    def find_token(self, question: FindToken) -> FoundToken | NotYet | None:
        self._begin()
        return self._cached.find_token_inline(question)

    def _begin(self) -> None:
        if not self._ends:
            self._ends = True
            asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._ends = False
        self._cached.expire_turn()
        self._standings.expire_turn()
