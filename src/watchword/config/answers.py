"""Who answers which question on a server that keeps its own records."""

from __future__ import annotations

from watchword.config.couchdb.bridge import couchdb_relay
from watchword.config.hooks import Hooks, check_risk, find_country
from watchword.config.identity_providers.making import openid_providers
from watchword.config.inline import InlineLookUps
from watchword.config.keys.over_time import KeyFile
from watchword.config.passwords.answers import password_answers
from watchword.config.providers.making import providers_of
from watchword.config.service_accounts.keys import ServiceKeys
from watchword.config.settings import Settings
from watchword.core.events import alarm_event
from watchword.core.questions import (
    AddAccount,
    AddCredentials,
    AddKey,
    AddLinkedIdentity,
    ChangeAccount,
    CheckRisk,
    CleanUp,
    ConfirmSecondFactor,
    DeleteAccount,
    EndCredentials,
    EndFamilies,
    EndHalfLogIns,
    EndKeys,
    EndLinkedIdentities,
    EndLinkedSessions,
    EndSession,
    EndSessions,
    EndThirdPartyCredentials,
    FindAccount,
    FindAccountsBy,
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
    FinishLogIn,
    IssueAuthToken,
    KeepToken,
    ListAccounts,
    ListFamilies,
    ListKeys,
    ListLinkedIdentities,
    ListSessions,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    PutThirdPartyCredential,
    RecordAlarm,
    RedeemCode,
    ResealThirdPartyCredential,
    RevokeAuthToken,
    RevokeToken,
    RotateKey,
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
from watchword.core.questions.providers import AskProvider, CallProvider, FindThirdPartySealing, SpendProviderAttempt
from watchword.edge.drive import Answers
from watchword.edge.engine import Witness
from watchword.edge.foreign_calls import ForeignCalls
from watchword.storage import Cached, Storage
from watchword.storage.standings import Standings
from watchword.tokens.digest_secret import DigestSecrets


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
    inline = InlineLookUps(cached, standings)
    register = Answers()
    _cached(register, cached, standings, inline, ServiceKeys(settings.service_account), on_loop)
    password_answers(register, storage, cached, inline, settings, digest_secrets, on_loop)
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


def _cached(
    register: Answers, cached: Cached, standings: Standings, inline: InlineLookUps, services: ServiceKeys, on_loop: bool
) -> None:
    """What is asked at every check, and answered from memory."""
    register.add(FindSession, inline=inline.find_session if on_loop else None, threaded=cached.find_session)
    register.add(FindAccount, inline=inline.find_account if on_loop else None, threaded=cached.find_account)
    register.add(FindCredentials, inline=inline.find_credentials if on_loop else None, threaded=cached.find_credentials)
    by_attribute = cached.find_accounts_by_inline if on_loop else None
    register.add(FindAccountsBy, inline=by_attribute, threaded=cached.find_accounts_by)
    register.add(FindToken, inline=inline.find_token if on_loop else None, threaded=cached.find_token)
    register.add(FindStanding, inline=inline.find_standing if on_loop else None, threaded=standings.find)
    register.add(
        FindKey, inline=services.before(inline.find_key) if on_loop else None, threaded=services.before(cached.find_key)
    )
    register.add(TouchSession, inline=cached.touch_session)
    register.add(TouchKey, inline=services.unless_theirs(cached.touch_key))


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
    register.add(FinishLogIn, threaded=storage.finish_log_in)
    register.add(EndHalfLogIns, threaded=storage.end_half_log_ins)
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
