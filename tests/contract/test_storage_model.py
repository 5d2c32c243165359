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
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    CleanUp,
    DeleteAccount,
    EndSession,
    EndSessions,
    FindAccount,
    FindSession,
    IssueAuthToken,
    ListAccounts,
    ListSessions,
    RevokeAuthToken,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.records import Account, AuthTokenInputs, Session
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
)
QUESTIONS = {
    "start_session": st.builds(
        StartSession, sessions, replaces=st.none() | fingerprints, max_per_user=st.none() | st.integers(0, 3)
    ),
    "touch_session": st.builds(TouchSession, fingerprints, instants),
    "write_session_data": st.builds(WriteSessionData, fingerprints, st.sampled_from([{}, {"k": 1}])),
    "end_session": st.builds(EndSession, fingerprints),
    "end_sessions": st.builds(EndSessions, st.none() | names, id=st.none() | tokens, keep=st.none() | fingerprints),
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

    def ask(self, method: str, *arguments: Any) -> None:
        expected = getattr(self.reference, method)(*arguments)
        for name, storage in self.storages.items():
            assert getattr(storage, method)(*arguments) == expected, (name, method)
            if method == "touch_session":
                storage.forget_failures("nothing")  # touches are written with the next change

    @rule(data=st.data(), method=st.sampled_from(sorted(QUESTIONS)))
    def change(self, data: st.DataObject, method: str) -> None:
        self.ask(method, data.draw(QUESTIONS[method]))

    @rule(session=sessions, account=st.sampled_from(["ann", "bob"]))
    def start_where_it_may(self, session: Session, account: str) -> None:
        held = self.reference.find_account(FindAccount(account))
        if held is not None:
            self.ask("start_session", StartSession(replace(session, subject=account, stamp=held.stamp)))

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
        for token in ("t1", "t2", "t3", "t4"):
            self.ask("find_session", FindSession(fingerprint(token)))

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


EveryStorageAnswersAlike.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_every_storage_answers_like_the_reference = EveryStorageAnswersAlike.TestCase
