"""Any sequence of questions gets the same answers from every storage as from the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.contract.storages import NOW, STORAGES, fingerprint
from watchword.core.credentials import DIGEST, RECOVERY_CODE, TOTP, Credential
from watchword.core.grants import ApiKey, Client, Family, ReferenceToken
from watchword.core.linked import LinkedLogIn
from watchword.core.questions import (
    AddAccount,
    AddClient,
    AddCredentials,
    AddKey,
    ChangeAccount,
    ChangeClient,
    CleanUp,
    ConfirmSecondFactor,
    DeleteAccount,
    DeleteClient,
    EndCredentials,
    EndFamilies,
    EndHalfLogIns,
    EndKeys,
    EndSession,
    EndSessions,
    FindAccount,
    FindClient,
    FindCredentials,
    FindFamily,
    FindKey,
    FindSession,
    FindToken,
    FinishLogIn,
    IssueAuthToken,
    KeepToken,
    ListAccounts,
    ListClients,
    ListFamilies,
    ListKeys,
    ListSessions,
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
from watchword.core.records import Account, AuthTokenInputs, Session
from watchword.core.revocations import Revocation
from watchword.storage.memory import MemoryStorage

# Few of each, so that questions meet.
names = st.sampled_from(["ann", "bob"])
tokens = st.sampled_from(["t1", "t2", "t3", "t4"])
stamps = st.sampled_from(["s1", "s2"])
hashes = st.sampled_from(["$1", "$2"])
roles = st.sampled_from([frozenset(), frozenset({"r1"}), frozenset({"r1", "r2"})])
instants = st.integers(0, 40).map(lambda seconds: NOW + seconds)
fingerprints = tokens.map(fingerprint)
auth_tokens = st.none() | st.builds(
    AuthTokenInputs, generation=st.integers(1, 4), issued_at=instants, valid_until=instants
)
accounts = st.builds(
    Account,
    name=names,
    stamp=stamps,
    password_hash=st.none() | hashes,
    roles=roles,
    disabled=st.booleans(),
    created_at=instants,
    auth_token=auth_tokens,
    second_factor=st.booleans(),
)
sessions = st.builds(
    Session,
    id=tokens,
    fingerprint=fingerprints,
    subject=names,
    stamp=stamps,
    created_at=instants,
    auth_time=instants,
    last_seen=instants,
    expires_at=instants,
    idle_timeout=st.integers(1, 40).map(float),
    kind=st.sampled_from(["session", "auth-key"]),
    binding=st.sampled_from(["", "md5:00"]),
    acr=st.sampled_from([None, "mfa"]),
)
kinds = st.sampled_from([TOTP, RECOVERY_CODE, DIGEST])
secrets = st.sampled_from([b"c1", b"c2"])
credentials = st.builds(
    Credential, id=tokens, subject=names, kind=kinds, secret=secrets, created_at=instants, confirmed=st.booleans()
)
credentials_of_one = names.flatmap(
    lambda name: st.lists(credentials.map(lambda one: replace(one, subject=name)), min_size=1, max_size=3)
)
scopes = st.sampled_from([None, frozenset(), frozenset({"read"}), frozenset({"read", "write"})])
some_scopes = st.sampled_from([frozenset(), frozenset({"read"}), frozenset({"read", "write"})])
client_ids = st.sampled_from(["watchword", "app"])
handles = st.sampled_from([b"h1", b"h2", b"h3"])
clients = st.builds(
    Client, id=client_ids, stamp=stamps, scopes=some_scopes, roles=roles, disabled=st.booleans(), created_at=instants
)
families = st.builds(
    Family,
    id=tokens,
    handle=handles,
    fingerprint=fingerprints,
    subject=names,
    stamp=stamps,
    client_id=client_ids,
    created_at=instants,
    auth_time=instants,
    last_used=instants,
    expires_at=instants,
    scopes=scopes,
)
references = st.builds(
    ReferenceToken,
    id=tokens,
    fingerprint=fingerprints,
    subject=names | st.just("app"),
    stamp=stamps,
    client_id=client_ids,
    family=st.none() | tokens,
    scopes=scopes,
    auth_time=instants,
    issued_at=instants,
    expires_at=instants,
)
keys = st.builds(
    ApiKey,
    id=tokens,
    fingerprint=fingerprints,
    subject=names,
    name=tokens,
    hint=tokens,
    created_at=instants,
    expires_at=st.none() | instants,
    last_used=st.none() | instants,
    scopes=scopes,
)
some_ids = st.lists(tokens, max_size=3).map(tuple)
spends = st.builds(
    SpendRefresh,
    handle=handles,
    fingerprint=fingerprints,
    client_id=client_ids,
    client=st.sampled_from([b"hers", b"his"]),
    successor=fingerprints,
    sealed=fingerprints,
    now=instants,
    grace=st.just(10.0),
    address=st.sampled_from(["", "192.0.2.7"]),
)
QUESTIONS = {
    "start_family": st.builds(StartFamily, families, most=st.none() | st.integers(0, 2), evict=st.booleans()),
    "spend_refresh": spends,
    "end_families": st.builds(EndFamilies, some_ids, st.none() | names),
    "keep_token": st.builds(KeepToken, references),
    "revoke_token": st.builds(RevokeToken, tokens, instants),
    "spend_once": st.builds(SpendOnce, client_ids, fingerprints, instants),
    "finish_log_in": st.builds(
        FinishLogIn,
        id=handles,
        subject=names,
        linked=st.none() | st.builds(LinkedLogIn, client_ids, st.none() | tokens),
        expires_at=instants,
        until=instants,
    ),
    "end_half_log_ins": st.builds(EndHalfLogIns, st.none() | names, instants),
    "add_credentials": st.builds(
        AddCredentials, credentials_of_one.map(tuple), replacing=st.booleans(), most=st.integers(1, 4)
    ),
    "confirm_second_factor": st.builds(
        ConfirmSecondFactor,
        names,
        tokens,
        stamps,
        keep=st.none() | fingerprints,
        amr=st.just(frozenset({"pwd", "otp"})),
        acr=st.sampled_from([None, "mfa"]),
    ),
    "end_credentials": st.builds(EndCredentials, names, kind=st.none() | kinds, id=st.none() | tokens),
    "spend_credential": st.builds(SpendCredential, names, kinds, secrets),
    "add_key": st.builds(AddKey, keys, most=st.integers(0, 3)),
    "rotate_key": st.builds(RotateKey, tokens, names, keys, instants),
    "touch_key": st.builds(TouchKey, fingerprints, instants),
    "end_keys": st.builds(EndKeys, some_ids, st.none() | names),
    "add_client": st.builds(AddClient, clients),
    "change_client": st.builds(
        ChangeClient,
        client_ids,
        stamp=st.none() | stamps,
        scopes=st.none() | some_scopes,
        roles=st.none() | roles,
        disabled=st.none() | st.booleans(),
    ),
    "delete_client": st.builds(DeleteClient, client_ids),
    "start_session": st.builds(
        StartSession, sessions, replaces=st.none() | fingerprints, max_per_user=st.none() | st.integers(0, 3)
    ),
    "touch_session": st.builds(TouchSession, fingerprints, instants),
    "write_session_data": st.builds(WriteSessionData, fingerprints, st.sampled_from([{}, {"k": 1}])),
    "end_session": st.builds(EndSession, fingerprints),
    "end_sessions": st.builds(
        EndSessions,
        st.none() | names,
        id=st.none() | tokens,
        keep=st.none() | fingerprints,
        ids=st.none() | some_ids,
    ),
    "add_account": st.builds(AddAccount, accounts),
    "change_account": st.builds(
        ChangeAccount,
        names,
        password_hash=st.none() | hashes,
        stamp=st.none() | stamps,
        roles=st.none() | roles,
        disabled=st.none() | st.booleans(),
        attributes=st.none() | st.just({"k": "v"}),
        keep=st.none() | fingerprints,
        expected_hash=st.none() | hashes,
    ),
    "delete_account": st.builds(DeleteAccount, names),
    "issue_auth_token": st.builds(IssueAuthToken, names, instants, st.just(10.0), slide=st.booleans()),
    "revoke_auth_token": st.builds(RevokeAuthToken, names),
    "clean_up": st.builds(CleanUp, instants, limit=st.integers(1, 3)),
}
LOOK_UPS = {
    "list_families": st.builds(
        ListFamilies, st.none() | names, instants, limit=st.integers(1, 5), after=st.none() | st.just("") | tokens
    ),
    "list_keys": st.builds(ListKeys, st.none() | names, limit=st.integers(1, 5)),
    "list_clients": st.builds(ListClients, limit=st.integers(1, 5)),
    "list_sessions": st.builds(ListSessions, st.none() | names, instants, limit=st.integers(1, 5)),
    "list_accounts": st.builds(
        ListAccounts, search=st.sampled_from(["", "a", "n"]), cursor=st.sampled_from(["", "ann"]), limit=st.just(1)
    ),
}


class EveryStorageAnswersAlike(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.reference = MemoryStorage()
        self.storages = {
            name: make(Path(self.folder.name) / name) for name, (_, make) in STORAGES.items() if name != "memory"
        }
        self.ask("put_accounts", [Account(name="ann", stamp="s1")])
        self.ask("put_clients", [Client(id="app", stamp="s2", scopes=frozenset({"read"}))])

    def ask(self, method: str, *arguments: Any) -> None:
        expected = getattr(self.reference, method)(*arguments)
        for name, storage in self.storages.items():
            assert getattr(storage, method)(*arguments) == expected, (name, method)
            if method in ("touch_session", "touch_key"):
                storage.forget_failures("nothing")  # touches are written with the next change

    @rule(data=st.data(), method=st.sampled_from(sorted(QUESTIONS)))
    def change(self, data: st.DataObject, method: str) -> None:
        self.ask(method, data.draw(QUESTIONS[method]))

    @rule(session=sessions, account=st.sampled_from(["ann", "bob"]))
    def start_where_it_may(self, session: Session, account: str) -> None:
        held = self.reference.find_account(FindAccount(account))
        if held is not None:
            self.ask("start_session", StartSession(replace(session, subject=account, stamp=held.stamp)))

    @rule(family=families, token=references, account=st.sampled_from(["ann", "bob"]))
    def start_family_where_it_may(self, family: Family, token: ReferenceToken, account: str) -> None:
        held = self.reference.find_account(FindAccount(account))
        if held is not None:
            family = replace(family, subject=account, stamp=held.stamp)
            self.ask("start_family", StartFamily(family))
            token = replace(token, subject=account, stamp=held.stamp, client_id=family.client_id, family=family.id)
            self.ask("keep_token", KeepToken(token))

    @rule(data=st.data(), handle=handles, now=instants)
    def refresh(self, data: st.DataObject, handle: bytes, now: float) -> None:
        """With the live token, or one that was spent."""
        family = self.reference.find_family(FindFamily(handle))
        if family is not None:
            known = [family.fingerprint, *(spent.fingerprint for spent in family.spent)]
            question = data.draw(spends)
            question = replace(question, handle=handle, client_id=family.client_id, now=now)
            self.ask("spend_refresh", replace(question, fingerprint=data.draw(st.sampled_from(known))))

    @rule(key=tokens, now=instants, window=st.integers(1, 20).map(float))
    def fail(self, key: str, now: float, window: float) -> None:
        self.ask("note_failure", key, now, window)

    @rule(key=tokens)
    def forget(self, key: str) -> None:
        self.ask("forget_failures", key)

    @rule(name=names, address=st.integers(0, 25).map(str), now=instants)
    def visit(self, name: str, address: str, now: float) -> None:
        self.ask("note_place", name, address, now)

    @rule(accounts=st.lists(accounts, max_size=3), sessions=st.lists(sessions, max_size=3))
    def put(self, accounts: list[Account], sessions: list[Session]) -> None:
        self.ask("put_accounts", accounts)
        self.ask("put_sessions", sessions)

    @rule(credentials=st.lists(credentials, max_size=3))
    def put_credentials(self, credentials: list[Credential]) -> None:
        self.ask("put_credentials", credentials)

    @rule(
        clients=st.lists(clients, max_size=2),
        keys=st.lists(keys, max_size=3),
        families=st.lists(families, max_size=3),
    )
    def put_grants(self, clients: list[Client], keys: list[ApiKey], families: list[Family]) -> None:
        self.ask("put_clients", clients)
        self.ask("put_keys", keys)
        self.ask("put_families", families)

    @rule(data=st.data(), method=st.sampled_from(sorted(LOOK_UPS)))
    def look_up(self, data: st.DataObject, method: str) -> None:
        self.ask(method, data.draw(LOOK_UPS[method]))

    @rule(name=names, token=tokens)
    def look_at_limits(self, name: str, token: str) -> None:
        self.ask("failures", token)
        for address in range(26):
            self.ask("is_known_place", name, str(address))

    @invariant()
    def what_is_kept_is_the_same(self) -> None:
        for name in ("ann", "bob"):
            self.ask("find_account", FindAccount(name))
            self.ask("find_credentials", FindCredentials(name))
        for token in ("t1", "t2", "t3", "t4"):
            self.ask("find_session", FindSession(fingerprint(token)))
            self.ask("find_key", FindKey(fingerprint(token)))
            self.ask("find_token", FindToken(fingerprint(token)))
        for handle in (b"h1", b"h2", b"h3"):
            self.ask("find_family", FindFamily(handle))
        self.ask("find_client", FindClient("app"))

    @invariant()
    def verifiers_are_told_the_same(self) -> None:
        expected = _told(self.reference)
        for name, storage in self.storages.items():
            assert _told(storage) == expected, name

    @invariant()
    def every_grant_is_of_a_usable_account_and_client(self) -> None:
        for family in self.reference.all_families():
            account = self.reference.find_account(FindAccount(family.subject))
            assert account is not None
            assert (account.stamp, account.disabled) == (family.stamp, False)
            client = self.reference.find_client(FindClient(family.client_id))
            if family.client_id != "watchword":
                assert client is not None
                assert not client.disabled
                assert (family.scopes or frozenset()) <= client.scopes

    @invariant()
    def every_session_is_under_the_present_stamp_of_a_usable_account(self) -> None:
        for session in self.reference.all_sessions():
            account = self.reference.find_account(FindAccount(session.subject))
            assert account is not None
            assert account.stamp == session.stamp
            assert not account.disabled

    def teardown(self) -> None:
        for storage in self.storages.values():
            storage.close()
        self.folder.cleanup()


def _told(storage: Any) -> set[Revocation]:
    """Without the instants."""
    return {replace(entry, at=0) for entry in storage.revocations_since(-1).entries}


EveryStorageAnswersAlike.TestCase.settings = settings(
    max_examples=25, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_every_storage_answers_like_the_reference = EveryStorageAnswersAlike.TestCase
