"""The composition root: the only file that knows everyone, and makes one server out of them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from watchword.config.key_file import AUTH_TOKENS, load_or_make_keys
from watchword.config.personas import MechanismName
from watchword.config.settings import Settings
from watchword.config.spaces import ResolvedSpace
from watchword.core.ask import AnswerFailed, NotYet
from watchword.core.mechanism import AnyMechanism
from watchword.core.policy import Ceiling, GrowingDelay, Limits
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    CheckPassword,
    CleanUp,
    DeleteAccount,
    EndSession,
    EndSessions,
    FindAccount,
    FindSession,
    FoundSession,
    HashPassword,
    IssueAuthToken,
    ListAccounts,
    ListSessions,
    RevokeAuthToken,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account
from watchword.core.space import Protection, ProtectionSpace
from watchword.crypto.password import Hashing
from watchword.edge.drive import Answers
from watchword.edge.engine import Engine, Witness
from watchword.flows.accounts import PasswordPolicy
from watchword.flows.login import SessionPolicy
from watchword.http.authentication import Challenge
from watchword.mechanisms.auth_token import AuthToken
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.bearer import Bearer
from watchword.mechanisms.session_cookie import CookieSettings, SessionCookie
from watchword.server.rules import server_rules
from watchword.server.service import Service
from watchword.storage import Cached, Storage, open_storage
from watchword.stores.admission import PasswordAdmission
from watchword.stores.builtin import BuiltinStore
from watchword.stores.hashing import PasswordHashing
from watchword.stores.places import Places
from watchword.stores.remembered import Remembered
from watchword.stores.slots import Slots
from watchword.stores.throttle import Throttle
from watchword.tokens.auth_token import DerivedTokens

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
    settings: Settings, data: Path, witness: Witness, *, storage: Storage | None = None, on_loop: bool = True
) -> Parts:
    """The server that the settings ask for, over the data in this folder.

    `storage` is one that is open already; otherwise it is opened, and its tables are made or upgraded. `on_loop`
    says that the steps are driven by one event loop, as in the server, and not by threads.

    Raises:
        UnusableStorage, KeyFileRefused: with a sentence that says what to do.
    """
    kept = open_storage(settings.storage.url, data) if storage is None else storage
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keys = load_or_make_keys(data, os.urandom, time.time()).all(AUTH_TOKENS)
    tokens = DerivedTokens(
        keys=[key.secret for key in keys], ttl=settings.tokens.ttl_seconds, sliding=settings.tokens.sliding
    )
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="watchword")
    cached = Cached(kept)
    engine = Engine(
        answers=_answers(kept, cached, settings, on_loop=on_loop),
        pool=pool,
        witness=witness,
        trust=settings.server.trust,
        entropy=os.urandom,
        token_location=settings.tokens.srv_uri,
    )
    spaces = settings.spaces()
    manager = tokens if "restheart" in settings.realm.personas else None
    targets = [_space(space, settings, tokens, manager, own=False) for space in spaces]
    own = _space(spaces[0], settings, tokens, manager, own=True)
    cookie = next((m for m in own.mechanisms if isinstance(m, SessionCookie)), _cookie(spaces[0], settings))
    rules = server_rules(spaces[0].unnamed, sign_up=settings.passwords.sign_up, token_location=settings.tokens.srv_uri)
    # /whoami is what clients try credentials on: what the configuration demands of it, it gets.
    configured = [rule for rule in spaces[0].rules if rule.path == "/whoami"]
    service = Service(
        engine=engine,
        own=Protection([(own, (*configured, *rules))]),
        targets=Protection(zip(targets, [space.rules for space in spaces], strict=True)),
        space=own,
        cookie=cookie,
        tokens=tokens,
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
    space: ResolvedSpace, settings: Settings, tokens: DerivedTokens, manager: DerivedTokens | None, *, own: bool
) -> ProtectionSpace:
    cookie = _cookie(space, settings)
    made: dict[MechanismName, AnyMechanism] = {
        "session": cookie,
        "auth-token": AuthToken(space.realm, tokens),
        "basic": Basic(space.realm, leaves_tokens="auth-token" in space.mechanisms),
        "bearer": Bearer(space.realm),
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
    turn = _Turn(cached)
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
    answers = Answers()
    if on_loop:
        answers.add(FindSession, inline=turn.find_session, threaded=cached.find_session)
        answers.add(FindAccount, inline=turn.find_account, threaded=cached.find_account)
        answers.add(CheckPassword, inline=admission.inline, threaded=admission.threaded)
    else:
        answers.add(FindSession, threaded=cached.find_session)
        answers.add(FindAccount, threaded=cached.find_account)
        answers.add(CheckPassword, threaded=admission.threaded)
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
    answers.add(RevokeAuthToken, threaded=storage.revoke_auth_token)
    answers.add(CleanUp, threaded=storage.clean_up)
    return answers


class _Turn:
    """The cache's inline look-ups on an event loop: they ask for news once in each of its turns."""

    def __init__(self, cached: Cached) -> None:
        self._cached = cached
        self._ends = False

    def find_session(self, question: FindSession) -> FoundSession | NotYet | None:
        self._begin()
        return self._cached.find_session_inline(question)

    def find_account(self, question: FindAccount) -> Account | NotYet | None:
        self._begin()
        return self._cached.find_account_inline(question)

    def _begin(self) -> None:
        if not self._ends:
            self._ends = True
            asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        self._ends = False
        self._cached.expire_turn()
