"""Who answers which question on a server that keeps its own records."""

from __future__ import annotations

import asyncio
import os

from watchword.config.couchdb.bridge import couchdb_relay
from watchword.config.hooks import Hooks, check_risk, find_country
from watchword.config.identity_providers.making import openid_providers
from watchword.config.key_file import KeyFile
from watchword.config.passwords import breached_passwords_of, flask_security_salt_of
from watchword.config.providers.making import providers_of
from watchword.config.service_accounts import ServiceKeys
from watchword.config.settings import Settings
from watchword.config.stores.making import credential_store, rechecks
from watchword.core.ask import NotYet
from watchword.core.credentials import Credential
from watchword.core.events import alarm_event
from watchword.core.policy import Ceiling, GrowingDelay, Limits
from watchword.core.questions import (
    AddAccount,
    AddCredentials,
    AddKey,
    AddLinkedIdentity,
    ChangeAccount,
    CheckClientSecret,
    CheckDigest,
    CheckPassword,
    CheckRisk,
    CleanUp,
    ConfirmSecondFactor,
    DeleteAccount,
    EndCredentials,
    EndFamilies,
    EndKeys,
    EndLinkedIdentities,
    EndLinkedSessions,
    EndSession,
    EndSessions,
    EndThirdPartyCredentials,
    FindAccount,
    FindAccountsBy,
    FindBreach,
    FindClient,
    FindCountry,
    FindCredentials,
    FindFamily,
    FindKey,
    FindLinkedIdentity,
    FindProviderKey,
    FindProviderMetadata,
    FindSession,
    FindSessionKeys,
    FindSigningKey,
    FindStanding,
    FindThirdPartyCredential,
    FindToken,
    FindUserInfo,
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
    ListLinkedIdentities,
    ListSessions,
    ListThirdPartyCredentials,
    NoteProven,
    NoteThirdPartyCheck,
    PutThirdPartyCredential,
    RecordAlarm,
    RedeemCode,
    ResealThirdPartyCredential,
    RevokeAuthToken,
    RevokeToken,
    RotateKey,
    SettleAttempt,
    SpendAttempt,
    SpendCredential,
    SpendOnce,
    SpendRefresh,
    StartFamily,
    StartSession,
    TouchKey,
    TouchSession,
    WriteSessionData,
)
from watchword.core.questions.couchdb import RelayLogIn
from watchword.core.questions.mail import SpendTurn
from watchword.core.questions.providers import AskProvider, CallProvider, FindThirdPartySealing, SpendProviderAttempt
from watchword.core.records import Account
from watchword.core.revocations import Standing
from watchword.crypto.password import Hashing
from watchword.edge.drive import Answers
from watchword.edge.engine import Witness
from watchword.edge.foreign_calls import ForeignCalls
from watchword.storage import Cached, Storage
from watchword.storage.standings import Standings
from watchword.stores.admission import PasswordAdmission
from watchword.stores.attempts import Attempts
from watchword.stores.builtin import BuiltinStore
from watchword.stores.client_secrets import ClientSecrets
from watchword.stores.digest_admission import DigestAdmission
from watchword.stores.hashing import PasswordHashing
from watchword.stores.places import Places
from watchword.stores.remembered import Remembered
from watchword.stores.slots import Slots
from watchword.stores.throttle import Throttle
from watchword.stores.turns import Turns
from watchword.tokens.digest_secret import DigestSecrets

PASSWORD_LINE = 64
"""How many may wait for each of the two lines before the password slots (see Slots)."""


def answers(
    storage: Storage,
    cached: Cached,
    settings: Settings,
    key_file: KeyFile,
    hooks: Hooks,
    witness: Witness,
    digest_secrets: DigestSecrets,
    *,
    on_loop: bool,
) -> Answers:
    """Everybody who answers. `on_loop`: one event loop drives the steps, and is not kept waiting."""
    standings = Standings(storage, longest=settings.tokens.access_ttl)
    turn = _Turn(cached, standings)
    register = Answers()
    _cached(register, cached, standings, turn, ServiceKeys(settings.service_account), on_loop)
    _passwords(register, storage, cached, turn, settings, digest_secrets, on_loop)
    _kept(register, storage)
    # Looking at the keys takes microseconds, and a moment where the file changed: never long enough for a thread.
    register.add(FindVerifyingKey, inline=key_file.find_verifying_key, threaded=key_file.find_verifying_key)
    register.add(FindSessionKeys, inline=key_file.find_session_keys, threaded=key_file.find_session_keys)
    register.add(FindSigningKey, inline=key_file.find_signing_key, threaded=key_file.find_signing_key)
    sealing = key_file.find_third_party_sealing
    register.add(FindThirdPartySealing, inline=sealing, threaded=sealing)
    if settings.identity_provider:
        identity_providers = openid_providers(settings.identity_provider)
        register.add(FindProviderMetadata, threaded=identity_providers.find_metadata)
        register.add(FindProviderKey, threaded=identity_providers.find_key)
        register.add(RedeemCode, threaded=identity_providers.redeem_code)
        register.add(FindUserInfo, threaded=identity_providers.find_user_info)
    if settings.provider:
        providers = providers_of(settings.provider, storage)
        register.add(AskProvider, threaded=providers.ask)
        register.add(CallProvider, threaded=providers.call)
        register.add(SpendProviderAttempt, threaded=providers.spend_attempt)
    register.add(RecordAlarm, inline=lambda question: witness.noted(alarm_event(question)))
    register.add(CheckRisk, threaded=check_risk(hooks, witness.noted))
    ForeignCalls(witness.noted).register(register)
    if settings.couchdb.relay is not None:
        register.add(RelayLogIn, threaded=couchdb_relay(settings.couchdb.relay).log_in)
    country = find_country(hooks, witness.noted)
    register.add(FindCountry, inline=country if hooks.country_of is None else None, threaded=country)
    return register


def hashing_of(settings: Settings) -> Hashing:
    """The parameters of new password hashes."""
    chosen = settings.passwords.hashing
    return Hashing(t=chosen.t, m=chosen.m, p=chosen.p)


def _cached(
    register: Answers, cached: Cached, standings: Standings, turn: _Turn, services: ServiceKeys, on_loop: bool
) -> None:
    """What is asked at every check, and answered from memory."""
    register.add(FindSession, inline=turn.find_session if on_loop else None, threaded=cached.find_session)
    register.add(FindAccount, inline=turn.find_account if on_loop else None, threaded=cached.find_account)
    register.add(FindCredentials, inline=turn.find_credentials if on_loop else None, threaded=cached.find_credentials)
    by_attribute = cached.find_accounts_by_inline if on_loop else None
    register.add(FindAccountsBy, inline=by_attribute, threaded=cached.find_accounts_by)
    register.add(FindToken, inline=turn.find_token if on_loop else None, threaded=cached.find_token)
    register.add(FindStanding, inline=turn.find_standing if on_loop else None, threaded=standings.find)
    register.add(
        FindKey, inline=services.before(turn.find_key) if on_loop else None, threaded=services.before(cached.find_key)
    )
    register.add(TouchSession, inline=cached.touch_session)
    register.add(TouchKey, inline=services.unless_theirs(cached.touch_key))


def _passwords(
    register: Answers,
    storage: Storage,
    cached: Cached,
    turn: _Turn,
    settings: Settings,
    digest_secrets: DigestSecrets,
    on_loop: bool,
) -> None:
    """What is hashed, in a few slots, and counted."""
    limits = Limits(
        account=GrowingDelay(limit=settings.limits.account_failures, max_delay=settings.limits.max_delay),
        address=Ceiling(limit=settings.limits.address_per_minute),
        overall=Ceiling(limit=settings.limits.overall_per_minute),
    )
    hashing = hashing_of(settings)
    slots = Slots(max(1, (os.cpu_count() or 1) // settings.server.workers), line=PASSWORD_LINE)
    builtin = BuiltinStore(
        storage, hashing, digest_secrets=digest_secrets, flask_security_salt=flask_security_salt_of(settings)
    )
    store, store_slots = credential_store(settings.store, builtin, storage, slots, hashing, settings.defaults.realm)
    admission = PasswordAdmission(
        store,
        throttle=Throttle(storage),
        places=Places(storage, limits),
        remembered=Remembered(os.urandom(32), ttls=rechecks(settings.store)),
        slots=store_slots,
        find_account=cached.find_account,
        # A thread may wait for what is asked of the storage at each check; an event loop may not.
        find_account_now=turn.find_account if on_loop else cached.find_account,
    )
    client_secrets = ClientSecrets(
        storage, hashing, throttle=Throttle(storage), places=Places(storage, limits), slots=slots, entropy=os.urandom
    )
    digests = DigestAdmission(storage, digest_secrets, throttle=Throttle(storage), places=Places(storage, limits))
    register.add(CheckDigest, threaded=digests.threaded)
    register.add(NoteProven, threaded=digests.note_proven)
    register.add(CheckPassword, inline=admission.inline, threaded=admission.threaded)
    register.add(CheckClientSecret, threaded=client_secrets.threaded)
    register.add(HashPassword, threaded=PasswordHashing(hashing, slots).threaded)
    register.add(FindBreach, threaded=breached_passwords_of(settings).threaded)
    attempts = Attempts(storage, limit=settings.second_factor.failures, max_delay=settings.limits.max_delay)
    register.add(SpendAttempt, threaded=attempts.spend)
    register.add(SettleAttempt, threaded=attempts.settle)
    register.add(SpendTurn, threaded=Turns(storage).spend)


def _kept(register: Answers, storage: Storage) -> None:
    """What the storage answers itself, each in one step."""
    register.add(ListAccounts, threaded=storage.list_accounts)
    register.add(AddAccount, threaded=storage.add_account)
    register.add(ChangeAccount, threaded=storage.change_account)
    register.add(DeleteAccount, threaded=storage.delete_account)
    register.add(IssueAuthToken, threaded=storage.issue_auth_token)
    register.add(RevokeAuthToken, threaded=storage.revoke_auth_token)
    register.add(ListSessions, threaded=storage.list_sessions)
    register.add(StartSession, threaded=storage.start_session)
    register.add(WriteSessionData, threaded=storage.write_session_data)
    register.add(EndSession, threaded=storage.end_session)
    register.add(EndSessions, threaded=storage.end_sessions)
    register.add(FindFamily, threaded=storage.find_family)
    register.add(ListFamilies, threaded=storage.list_families)
    register.add(StartFamily, threaded=storage.start_family)
    register.add(SpendRefresh, threaded=storage.spend_refresh)
    register.add(EndFamilies, threaded=storage.end_families)
    register.add(KeepToken, threaded=storage.keep_token)
    register.add(RevokeToken, threaded=storage.revoke_token)
    register.add(ListKeys, threaded=storage.list_keys)
    register.add(AddKey, threaded=storage.add_key)
    register.add(RotateKey, threaded=storage.rotate_key)
    register.add(EndKeys, threaded=storage.end_keys)
    register.add(FindClient, threaded=storage.find_client)
    register.add(AddCredentials, threaded=storage.add_credentials)
    register.add(ConfirmSecondFactor, threaded=storage.confirm_second_factor)
    register.add(EndCredentials, threaded=storage.end_credentials)
    register.add(SpendCredential, threaded=storage.spend_credential)
    register.add(SpendOnce, threaded=storage.spend_once)
    register.add(CleanUp, threaded=storage.clean_up)
    register.add(FindThirdPartyCredential, threaded=storage.third_party.find)
    register.add(ListThirdPartyCredentials, threaded=storage.third_party.list)
    register.add(PutThirdPartyCredential, threaded=storage.third_party.put)
    register.add(NoteThirdPartyCheck, threaded=storage.third_party.note_check)
    register.add(ResealThirdPartyCredential, threaded=storage.third_party.reseal)
    register.add(EndThirdPartyCredentials, threaded=storage.third_party.end)
    register.add(FindLinkedIdentity, threaded=storage.linked.find)
    register.add(ListLinkedIdentities, threaded=storage.linked.list)
    register.add(AddLinkedIdentity, threaded=storage.linked.add)
    register.add(EndLinkedIdentities, threaded=storage.linked.end)
    register.add(EndLinkedSessions, threaded=storage.linked.end_sessions)


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

    def find_credentials(self, question: FindCredentials) -> tuple[Credential, ...] | NotYet:
        self._begin()
        return self._cached.find_credentials_inline(question)

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
