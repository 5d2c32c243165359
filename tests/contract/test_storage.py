"""What every storage does, whatever it is made of."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

import watchword.storage
from tests.contract.storages import ANN, BOB, NOW, STORAGES, fingerprint, session_of
from watchword.core import questions
from watchword.core.ask import Question
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
from watchword.core.records import AUTH_KEY, Account, AuthTokenInputs, Session
from watchword.storage import Counts, FailureCount, Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.outside import LinkedRecords, ThirdPartyRecords
from watchword.storage.port import PLACES_PER_ACCOUNT

LONE_SURROGATE = "ann\ud800"


def start(storage: Storage, account: Account, token: str, **changes: object) -> Session:
    session = session_of(account, token, **changes)
    assert storage.start_session(StartSession(session))
    return session


def is_alive(storage: Storage, token: str) -> bool:
    return storage.find_session(FindSession(fingerprint(token))) is not None


def alive(storage: Storage, *tokens: str) -> list[str]:
    return [token for token in tokens if is_alive(storage, token)]


def settle(storage: Storage) -> None:
    """A change that changes nothing: touches are written with it at the latest."""
    storage.forget_failures("nothing")


# --- the list of members -------------------------------------------------------------------------------------------


def test_every_storage_is_tried_with_this_contract() -> None:
    found = set()
    for module in pkgutil.walk_packages(watchword.storage.__path__, "watchword.storage."):
        if ".migrations." in module.name:
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__ == module.name and kind is not Storage and hasattr(kind, "find_session"):
                found.add(kind)
    assert found == {kind for kind, _ in STORAGES.values()}


def test_every_question_has_a_method() -> None:
    answered_elsewhere = {
        "CheckAuthorization",
        "CheckClientSecret",
        "CheckDigest",
        "CheckElsewhere",
        "CheckPassword",
        "CheckRisk",
        "FindBreach",
        "FindCountry",
        "FindProviderKey",
        "FindProviderMetadata",
        "FindSessionKeys",
        "FindSigningKey",
        "FindStanding",
        "FindUserInfo",
        "FindVerifyingKey",
        "HashPassword",
        "IntrospectToken",
        "NoteProven",
        "RecordAlarm",
        "RedeemCode",
        "SettleAttempt",
        "SpendAttempt",
    }
    asked = {
        name
        for name, kind in inspect.getmembers(questions, inspect.isclass)
        if issubclass(kind, Question) and kind is not Question
    }
    assert answered_elsewhere < asked
    for name in asked - answered_elsewhere:
        assert any(callable(getattr(part, method, None)) for part, method in _methods(name)), name


def _methods(question: str) -> Iterator[tuple[type, str]]:
    """Where a question may be answered: by the storage itself, or by one of its parts."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", question).lower()
    yield Storage, name
    for part, kept in (
        (ThirdPartyRecords, "_third_party_credentials?"),
        (ThirdPartyRecords, "_third_party"),
        (LinkedRecords, "_linked_identit(y|ies)"),
        (LinkedRecords, "_linked(?=_sessions)"),
    ):
        if re.search(kept, name):
            yield part, re.sub(kept, "", name)


# --- accounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "account",
    [
        ANN,
        BOB,
        Account(name="Αθηνά 🦉\x00\n'; DROP TABLE accounts; --", stamp="s", attributes={"\ud800": "\udfff\x00"}),
        replace(ANN, auth_token=AuthTokenInputs(generation=7, issued_at=NOW, valid_until=NOW + 60)),
        replace(ANN, disabled=True),
        replace(ANN, second_factor=True),
    ],
    ids=["full", "bare", "unicode-F17-F18", "with-auth-token", "disabled", "second-factor"],
)
def test_account_is_found_as_it_was_added(storage: Storage, account: Account) -> None:
    assert storage.add_account(AddAccount(account))
    assert storage.find_account(FindAccount(account.name)) == account


def test_unknown_account_is_not_found(storage: Storage, ann: Account) -> None:
    assert storage.find_account(FindAccount("Ann")) is None


def test_name_is_taken_once(storage: Storage, ann: Account) -> None:
    assert not storage.add_account(AddAccount(Account(name="ann", stamp="mallory")))
    assert storage.find_account(FindAccount("ann")) == ann


def test_change_leaves_what_is_none(storage: Storage, ann: Account) -> None:
    changed = storage.change_account(ChangeAccount("ann", roles=frozenset({"user"})))
    assert changed == replace(ann, roles=frozenset({"user"}))
    assert storage.find_account(FindAccount("ann")) == changed


def test_change_replaces_what_is_given(storage: Storage, ann: Account) -> None:
    new = replace(ann, password_hash="$new", stamp="ann-2", roles=frozenset(), permissions=frozenset(), attributes={})
    question = ChangeAccount(
        "ann", password_hash="$new", stamp="ann-2", roles=frozenset(), permissions=frozenset(), attributes={}
    )
    assert storage.change_account(question) == new
    assert storage.find_account(FindAccount("ann")) == new


def test_change_of_an_unknown_account_answers_none(storage: Storage) -> None:
    assert storage.change_account(ChangeAccount("ann", disabled=True)) is None


def test_new_stamp_ends_all_sessions_but_the_kept_one__S2_3__F36(storage: Storage, ann: Account, bob: Account) -> None:
    kept, _, _ = start(storage, ann, "a1"), start(storage, ann, "a2"), start(storage, bob, "b1")
    changed = storage.change_account(ChangeAccount("ann", password_hash="$new", stamp="ann-2", keep=kept.fingerprint))
    assert alive(storage, "a1", "a2", "b1") == ["a1", "b1"]
    found = storage.find_session(FindSession(kept.fingerprint))
    assert found is not None
    assert found.session == replace(kept, stamp="ann-2")
    assert found.account == changed


def test_kept_session_of_somebody_else_is_not_carried_over(storage: Storage, ann: Account, bob: Account) -> None:
    theirs = start(storage, bob, "b1")
    storage.change_account(ChangeAccount("ann", stamp="ann-2", keep=theirs.fingerprint))
    found = storage.find_session(FindSession(theirs.fingerprint))
    assert found is not None
    assert found.session == theirs


def test_new_stamp_kills_the_auth_token__F36(storage: Storage, ann: Account) -> None:
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    storage.change_account(ChangeAccount("ann", stamp="ann-2"))
    found = storage.find_account(FindAccount("ann"))
    assert found is not None
    assert found.auth_token is None


def test_upgraded_hash_ends_nothing(storage: Storage, ann: Account) -> None:
    start(storage, ann, "a1")
    token = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    changed = storage.change_account(ChangeAccount("ann", password_hash="$better", expected_hash=ann.password_hash))
    assert changed == replace(ann, password_hash="$better", auth_token=token)
    assert is_alive(storage, "a1")


def test_change_that_expects_another_hash_is_not_made(storage: Storage, ann: Account) -> None:
    assert storage.change_account(ChangeAccount("ann", password_hash="$late", expected_hash="$other")) is None
    assert storage.find_account(FindAccount("ann")) == ann


def test_what_disabling_ended_stays_dead__F36(storage: Storage, ann: Account) -> None:
    mine = start(storage, ann, "a1")
    issued = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    disabled = storage.change_account(ChangeAccount("ann", disabled=True, stamp="ann-2", keep=mine.fingerprint))
    assert disabled == replace(ann, disabled=True, stamp="ann-2")
    assert not is_alive(storage, "a1")
    enabled = storage.change_account(ChangeAccount("ann", disabled=False))
    assert enabled == replace(ann, stamp="ann-2")
    assert not is_alive(storage, "a1")
    again = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    assert issued is not None
    assert again is not None
    assert again.generation > issued.generation


def test_deleted_account_takes_its_credentials_along__F36(storage: Storage, ann: Account, bob: Account) -> None:
    start(storage, ann, "a1")
    start(storage, bob, "b1")
    storage.note_place("ann", "192.0.2.7", NOW)
    assert storage.delete_account(DeleteAccount("ann"))
    assert storage.find_account(FindAccount("ann")) is None
    assert alive(storage, "a1", "b1") == ["b1"]
    assert not storage.delete_account(DeleteAccount("ann"))


def test_account_of_the_same_name_inherits_nothing__F36(storage: Storage, ann: Account) -> None:
    old = start(storage, ann, "a1")
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    storage.note_place("ann", "192.0.2.7", NOW)
    storage.delete_account(DeleteAccount("ann"))
    later = Account(name="ann", stamp="ann-later")
    storage.add_account(AddAccount(later))
    assert storage.find_account(FindAccount("ann")) == later
    assert not is_alive(storage, "a1")
    assert not storage.start_session(StartSession(old))
    assert not storage.is_known_place("ann", "192.0.2.7")


def test_accounts_are_listed_by_name_in_pages(storage: Storage) -> None:
    names = ["Zoe", "ann", "bob", "bo", "émile", "🦉"]
    for name in names:
        storage.add_account(AddAccount(Account(name=name, stamp=name)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = storage.list_accounts(ListAccounts(cursor=cursor, limit=2))
        assert 0 < len(page.accounts) <= 2
        seen += [account.name for account in page.accounts]
        cursor = page.next_cursor
    assert seen == sorted(names)


def test_accounts_are_searched_by_part_of_the_name(storage: Storage) -> None:
    for name in ["ann", "bob", "bo%b", "Bo", "joboe"]:
        storage.add_account(AddAccount(Account(name=name, stamp=name)))
    assert [account.name for account in storage.list_accounts(ListAccounts(search="bo")).accounts] == [
        "bo%b",
        "bob",
        "joboe",
    ]
    assert [account.name for account in storage.list_accounts(ListAccounts(search="%")).accounts] == ["bo%b"]


def test_accounts_are_listed_by_their_store(storage: Storage) -> None:
    kept_by = {"ann": "staff", "bob": "", "carl": "guests", "dora": "staff", "eve": "staff"}
    for name, store in kept_by.items():
        storage.add_account(AddAccount(Account(name=name, stamp=name, store=store)))
    first = storage.list_accounts(ListAccounts(store="staff", limit=2))
    assert [account.name for account in first.accounts] == ["ann", "dora"]
    assert first.next_cursor == "dora"
    rest = storage.list_accounts(ListAccounts(store="staff", cursor="dora", limit=2))
    assert ([account.name for account in rest.accounts], rest.next_cursor) == (["eve"], None)
    assert [account.name for account in storage.list_accounts(ListAccounts(store="staff", search="o")).accounts] == [
        "dora"
    ]
    for nobody_s in ("", "other", "Staff"):
        assert storage.list_accounts(ListAccounts(store=nobody_s)).accounts == ()


def test_last_page_has_no_cursor(storage: Storage, ann: Account, bob: Account) -> None:
    assert storage.list_accounts(ListAccounts(limit=2)).next_cursor is None
    assert storage.list_accounts(ListAccounts(limit=1)).next_cursor == "ann"
    assert storage.list_accounts(ListAccounts(cursor="bob")).accounts == ()


def test_lone_surrogates_name_nobody__F17(storage: Storage, ann: Account) -> None:
    assert storage.find_account(FindAccount(LONE_SURROGATE)) is None
    assert storage.change_account(ChangeAccount(LONE_SURROGATE, disabled=True)) is None
    assert not storage.delete_account(DeleteAccount(LONE_SURROGATE))
    assert storage.issue_auth_token(IssueAuthToken(LONE_SURROGATE, NOW, 1)) is None
    assert not storage.revoke_auth_token(RevokeAuthToken(LONE_SURROGATE))
    assert storage.end_sessions(EndSessions(LONE_SURROGATE)) == 0
    assert storage.end_sessions(EndSessions(None, id=LONE_SURROGATE)) == 0
    assert storage.list_sessions(ListSessions(LONE_SURROGATE, NOW)) == ()
    assert storage.list_accounts(ListAccounts(search=LONE_SURROGATE)).accounts == ()
    assert storage.list_accounts(ListAccounts(store=LONE_SURROGATE)).accounts == ()
    assert not storage.is_known_place(LONE_SURROGATE, "192.0.2.7")
    storage.note_place(LONE_SURROGATE, "192.0.2.7", NOW)
    assert storage.note_failure(LONE_SURROGATE, NOW, 60).count == 1
    assert storage.note_failure(LONE_SURROGATE, NOW, 60).count == 2


def test_record_with_lone_surrogates_is_refused__F17(storage: Storage, ann: Account) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.add_account(AddAccount(Account(name=LONE_SURROGATE, stamp="s")))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.start_session(StartSession(session_of(ann, "a1", user_agent=LONE_SURROGATE)))
    assert not is_alive(storage, "a1")


# --- sessions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{}, {"kind": AUTH_KEY, "binding": "md5:00ff", "acr": "mfa"}, {"kind": "later", "binding": "\x00'🦉", "acr": ""}],
    ids=["session", "auth-key", "unicode-F17"],
)
def test_session_is_found_with_its_account(storage: Storage, ann: Account, changes: dict[str, str]) -> None:
    session = start(storage, ann, "a1", **changes)
    for _ in range(2):
        found = storage.find_session(FindSession(session.fingerprint))
        assert found is not None
        assert (found.session, found.account) == (session, ann)
    assert storage.find_session(FindSession(fingerprint("a2"))) is None


def test_found_session_shows_the_account_as_it_is_now(storage: Storage, ann: Account) -> None:
    start(storage, ann, "a1")
    assert is_alive(storage, "a1")
    storage.change_account(ChangeAccount("ann", roles=frozenset()))
    found = storage.find_session(FindSession(fingerprint("a1")))
    assert found is not None
    assert found.account.roles == frozenset()


@pytest.mark.parametrize(
    "state", ["gone", "disabled", "other-stamp", "fingerprint-taken", "id-taken"], ids="F36-{}".format
)
def test_session_that_may_not_start_changes_nothing(storage: Storage, ann: Account, bob: Account, state: str) -> None:
    old = start(storage, bob, "old")
    session = session_of(ann, "a1")
    if state == "gone":
        storage.delete_account(DeleteAccount("ann"))
    elif state == "disabled":
        storage.change_account(ChangeAccount("ann", disabled=True))
    elif state == "other-stamp":
        storage.change_account(ChangeAccount("ann", stamp="ann-2"))
    elif state == "fingerprint-taken":
        session = replace(session, fingerprint=start(storage, ann, "a2").fingerprint)
    else:
        session = replace(session, id=start(storage, ann, "a2").id)
    assert not storage.start_session(StartSession(session, replaces=old.fingerprint, max_per_user=1))
    assert alive(storage, "a1", "old") == ["old"]


def test_new_session_replaces_the_old_one__S2_1__F26(storage: Storage, ann: Account) -> None:
    old = start(storage, ann, "a1")
    assert storage.start_session(StartSession(session_of(ann, "a2"), replaces=old.fingerprint))
    assert alive(storage, "a1", "a2") == ["a2"]


def test_session_does_not_replace_itself(storage: Storage, ann: Account) -> None:
    session = session_of(ann, "a1")
    assert storage.start_session(StartSession(session, replaces=session.fingerprint))
    assert is_alive(storage, "a1")


def test_session_may_replace_one_that_is_gone(storage: Storage, ann: Account) -> None:
    assert storage.start_session(StartSession(session_of(ann, "a1"), replaces=fingerprint("never")))
    assert is_alive(storage, "a1")


def test_oldest_sessions_beyond_the_limit_end(storage: Storage, ann: Account, bob: Account) -> None:
    start(storage, bob, "b1", created_at=NOW - 900)
    for age in (30, 10, 20):
        start(storage, ann, f"a{age}", created_at=NOW - age)
    assert storage.start_session(StartSession(session_of(ann, "new"), max_per_user=2))
    assert alive(storage, "b1", "a30", "a20", "a10", "new") == ["b1", "a10", "new"]


def test_expired_sessions_do_not_count_against_the_limit(storage: Storage, ann: Account) -> None:
    start(storage, ann, "live", created_at=NOW - 50)
    start(storage, ann, "idle", created_at=NOW - 40, last_seen=NOW - 40, idle_timeout=40)
    assert storage.start_session(StartSession(session_of(ann, "new"), max_per_user=2))
    assert alive(storage, "live", "new") == ["live", "new"]


def test_only_the_new_session_stays_where_one_is_the_limit(storage: Storage, ann: Account) -> None:
    start(storage, ann, "same-time")
    assert storage.start_session(StartSession(session_of(ann, "a-new"), max_per_user=1))
    assert alive(storage, "same-time", "a-new") == ["a-new"]


def test_touch_moves_last_seen_forward_and_never_back(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    for now, expected in [(NOW + 10, NOW + 10), (NOW + 5, NOW + 10), (NOW + 20, NOW + 20)]:
        storage.touch_session(TouchSession(session.fingerprint, now))
        settle(storage)
        found = storage.find_session(FindSession(session.fingerprint, fresh=True))
        assert found is not None
        assert found.session == replace(session, last_seen=expected)


def test_touched_session_idles_from_then_on(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    storage.touch_session(TouchSession(session.fingerprint, NOW + 1000))
    settle(storage)
    assert storage.clean_up(CleanUp(session.idle_expires_at)) == 0
    assert len(storage.list_sessions(ListSessions("ann", session.idle_expires_at))) == 1
    assert storage.clean_up(CleanUp(session.idle_expires_at + 1000)) == 1


def test_touch_does_not_outlive_the_absolute_lifetime(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    storage.touch_session(TouchSession(session.fingerprint, session.expires_at - 1))
    settle(storage)
    assert storage.list_sessions(ListSessions("ann", session.expires_at)) == ()


def test_touch_of_an_ended_session_does_not_revive_it(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    assert is_alive(storage, "a1")
    storage.end_session(EndSession(session.fingerprint))
    storage.touch_session(TouchSession(session.fingerprint, NOW + 1))
    settle(storage)
    assert not is_alive(storage, "a1")


def test_session_data_is_replaced__S2_42(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    assert is_alive(storage, "a1")
    assert storage.write_session_data(WriteSessionData(session.fingerprint, {"new": [True]}))
    found = storage.find_session(FindSession(session.fingerprint))
    assert found is not None
    assert found.session == replace(session, data={"new": [True]})
    assert not storage.write_session_data(WriteSessionData(fingerprint("a2"), {}))


def test_stored_data_are_not_the_callers_own(storage: Storage, ann: Account) -> None:
    basket: list[object] = []
    session = start(storage, ann, "a1", data={"basket": basket})
    basket.append("later")
    found = storage.find_session(FindSession(session.fingerprint))
    assert found is not None
    assert found.session.data == {"basket": []}


def test_session_ends_once__S2_2(storage: Storage, ann: Account) -> None:
    session = start(storage, ann, "a1")
    assert is_alive(storage, "a1")
    assert storage.end_session(EndSession(session.fingerprint))
    assert not is_alive(storage, "a1")
    assert not storage.end_session(EndSession(session.fingerprint))


@pytest.mark.parametrize(
    ("subject", "public_id", "keep", "left"),
    [
        ("ann", None, None, ["b1"]),
        ("ann", None, "a1", ["a1", "b1"]),
        ("ann", None, "b1", ["b1"]),
        ("ann", "id-a1", None, ["a2", "b1"]),
        ("ann", "id-a1", "a1", ["a1", "a2", "b1"]),
        ("ann", "id-b1", None, ["a1", "a2", "b1"]),
        ("ann", "id-none", None, ["a1", "a2", "b1"]),
        (None, "id-b1", None, ["a1", "a2"]),
        (None, None, None, []),
        (None, None, "a2", ["a2"]),
        ("nobody", None, None, ["a1", "a2", "b1"]),
    ],
)
def test_end_sessions_ends_exactly_those_it_names(
    storage: Storage,
    ann: Account,
    bob: Account,
    subject: str | None,
    public_id: str | None,
    keep: str | None,
    left: list[str],
) -> None:
    for account, token in [(ann, "a1"), (ann, "a2"), (bob, "b1")]:
        start(storage, account, token)
        assert is_alive(storage, token)
    question = EndSessions(subject, id=public_id, keep=None if keep is None else fingerprint(keep))
    assert storage.end_sessions(question) == 3 - len(left)
    assert alive(storage, "a1", "a2", "b1") == left
    assert storage.end_sessions(question) == 0


def test_sessions_are_listed_newest_first(storage: Storage, ann: Account, bob: Account) -> None:
    oldest = start(storage, ann, "a1", created_at=NOW - 2)
    newest = start(storage, ann, "a2", created_at=NOW)
    between = start(storage, bob, "b1", created_at=NOW - 1)
    assert storage.list_sessions(ListSessions("ann", NOW)) == (newest, oldest)
    assert storage.list_sessions(ListSessions(None, NOW)) == (newest, between, oldest)
    assert storage.list_sessions(ListSessions(None, NOW, limit=2)) == (newest, between)


@pytest.mark.parametrize("how", [EndSessions("ann"), EndSessions(None), EndSessions(None, ids=("id-s", "id-k"))])
def test_every_kind_of_session_is_listed_and_ends_alike__F36(storage: Storage, ann: Account, how: EndSessions) -> None:
    kinds = [start(storage, ann, "s"), start(storage, ann, "k", kind=AUTH_KEY, binding="md5:00", created_at=NOW - 1)]
    assert alive(storage, "s", "k") == ["s", "k"]
    assert storage.list_sessions(ListSessions("ann", NOW)) == tuple(kinds)
    assert storage.end_sessions(how) == 2
    assert alive(storage, "s", "k") == []


def test_ids_that_are_named_end_and_no_others__S2_24(storage: Storage, ann: Account, bob: Account) -> None:
    for account, token in [(ann, "a1"), (ann, "a2"), (ann, "a3"), (bob, "b1")]:
        start(storage, account, token)
    assert storage.end_sessions(EndSessions("ann", ids=("id-b1", LONE_SURROGATE, "id-none"))) == 0
    assert storage.end_sessions(EndSessions("ann", id="id-a1", ids=("id-a2", "id-a1"), keep=fingerprint("a2"))) == 1
    assert alive(storage, "a1", "a2", "a3", "b1") == ["a2", "a3", "b1"]


@pytest.mark.parametrize("lifetime", [{"expires_at": NOW + 60}, {"idle_timeout": 60.0}], ids=["absolute", "inactivity"])
def test_session_is_over_on_the_second_it_expires(storage: Storage, ann: Account, lifetime: dict[str, float]) -> None:
    session = start(storage, ann, "a1", **lifetime)
    assert storage.list_sessions(ListSessions("ann", NOW + 59.999)) == (session,)
    assert storage.clean_up(CleanUp(NOW + 59.999)) == 0
    assert storage.list_sessions(ListSessions("ann", NOW + 60)) == ()
    assert storage.clean_up(CleanUp(NOW + 60)) == 1
    assert not is_alive(storage, "a1")


def test_clean_up_is_bounded_and_may_be_repeated__S2_21(storage: Storage, ann: Account) -> None:
    for number in range(7):
        start(storage, ann, f"old{number}", expires_at=NOW - number)
    start(storage, ann, "live")
    for key in ("over-1", "over-2"):
        storage.note_failure(key, NOW - 60, 60)
    storage.note_failure("counting", NOW - 59, 60)
    assert [storage.clean_up(CleanUp(NOW, limit=4)) for _ in range(4)] == [4, 4, 1, 0]
    assert storage.list_sessions(ListSessions(None, 0)) == (session_of(ann, "live"),)
    assert storage.failures("over-1") is storage.failures("over-2") is None
    assert storage.failures("counting") is not None


# --- auth tokens ---------------------------------------------------------------------------------------------------


def test_live_auth_token_is_issued_again(storage: Storage, ann: Account) -> None:
    first = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    assert first == AuthTokenInputs(generation=1, issued_at=NOW, valid_until=NOW + 900)
    assert storage.issue_auth_token(IssueAuthToken("ann", NOW + 899, 900)) == first
    assert storage.find_account(FindAccount("ann")) == replace(ann, auth_token=first)


def test_expired_auth_token_is_followed_by_a_new_one(storage: Storage, ann: Account) -> None:
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    later = AuthTokenInputs(generation=2, issued_at=NOW + 900, valid_until=NOW + 1800)
    assert storage.issue_auth_token(IssueAuthToken("ann", NOW + 900, 900)) == later


def test_sliding_moves_the_end_of_a_live_auth_token(storage: Storage, ann: Account) -> None:
    first = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    assert first is not None
    assert storage.find_account(FindAccount("ann")) == replace(ann, auth_token=first)
    slid = replace(first, valid_until=NOW + 1000)
    assert storage.issue_auth_token(IssueAuthToken("ann", NOW + 100, 900, slide=True)) == slid
    assert storage.find_account(FindAccount("ann")) == replace(ann, auth_token=slid)


def test_generation_of_a_revoked_auth_token_is_never_used_again__S2_24(storage: Storage, ann: Account) -> None:
    generations = []
    for _ in range(3):
        issued = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
        assert issued is not None
        generations.append(issued.generation)
        assert storage.revoke_auth_token(RevokeAuthToken("ann"))
        assert storage.find_account(FindAccount("ann")) == ann
        assert not storage.revoke_auth_token(RevokeAuthToken("ann"))
    assert len(set(generations)) == 3
    assert generations == sorted(generations)


def test_account_gone_or_disabled_gets_no_auth_token__F36(storage: Storage, ann: Account) -> None:
    assert storage.issue_auth_token(IssueAuthToken("nobody", NOW, 900)) is None
    storage.change_account(ChangeAccount("ann", disabled=True))
    assert storage.issue_auth_token(IssueAuthToken("ann", NOW, 900)) is None
    assert not storage.revoke_auth_token(RevokeAuthToken("nobody"))


# --- limits and places ---------------------------------------------------------------------------------------------


def test_failures_are_counted_within_their_window__F14(storage: Storage) -> None:
    assert storage.failures("ann") is None
    assert storage.note_failure("ann", NOW, 60) == FailureCount(count=1, first_at=NOW, last_at=NOW)
    second = FailureCount(count=2, first_at=NOW, last_at=NOW + 59)
    assert storage.note_failure("ann", NOW + 59, 60) == second
    assert storage.failures("ann") == second
    assert storage.failures("bob") is None
    assert storage.note_failure("ann", NOW + 60, 60) == FailureCount(count=1, first_at=NOW + 60, last_at=NOW + 60)


def test_clock_that_goes_back_does_not_freeze_a_window__F8(storage: Storage) -> None:
    storage.note_failure("ann", NOW + 3600, 60)
    assert storage.note_failure("ann", NOW, 60) == FailureCount(count=2, first_at=NOW, last_at=NOW)
    assert storage.note_failure("ann", NOW + 60, 60).count == 1


def test_forgotten_failures_are_gone(storage: Storage) -> None:
    storage.note_failure("ann", NOW, 60)
    storage.forget_failures("ann")
    assert storage.failures("ann") is None
    storage.forget_failures("ann")


def test_place_is_known_for_its_account_only(storage: Storage, ann: Account, bob: Account) -> None:
    storage.note_place("ann", "192.0.2.7", NOW)
    assert storage.is_known_place("ann", "192.0.2.7")
    assert not storage.is_known_place("ann", "192.0.2.8")
    assert not storage.is_known_place("bob", "192.0.2.7")
    storage.note_place("nobody", "192.0.2.7", NOW)
    assert not storage.is_known_place("nobody", "192.0.2.7")


def test_only_the_newest_places_are_known(storage: Storage, ann: Account) -> None:
    for number in range(PLACES_PER_ACCOUNT):
        storage.note_place("ann", f"192.0.2.{number}", NOW + number)
    storage.note_place("ann", "192.0.2.0", NOW + 100)
    storage.note_place("ann", "198.51.100.1", NOW + 101)
    known = [number for number in range(PLACES_PER_ACCOUNT) if storage.is_known_place("ann", f"192.0.2.{number}")]
    assert known == [0, *range(2, PLACES_PER_ACCOUNT)]
    assert storage.is_known_place("ann", "198.51.100.1")


# --- import and export ---------------------------------------------------------------------------------------------


def test_import_is_idempotent(storage: Storage) -> None:
    accounts = [Account(name=f"user{number:04}", stamp=str(number)) for number in range(1500)]
    sessions = [session_of(account, account.name) for account in accounts]
    assert storage.put_accounts(accounts) == Counts(created=1500)
    assert storage.put_sessions(iter(sessions)) == Counts(created=1500)
    assert storage.put_accounts(iter(accounts)) == Counts(unchanged=1500)
    assert storage.put_sessions(sessions) == Counts(unchanged=1500)
    assert list(storage.all_accounts()) == accounts
    assert sorted(storage.all_sessions(), key=lambda session: session.id) == sessions


def test_export_makes_the_same_storage_again(storage: Storage, ann: Account, bob: Account) -> None:
    start(storage, ann, "a1")
    start(storage, bob, "b1", kind=AUTH_KEY, binding="md5:00", acr="mfa")
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    copy = MemoryStorage()
    copy.put_accounts(storage.all_accounts())
    copy.put_sessions(storage.all_sessions())
    assert list(copy.all_accounts()) == list(storage.all_accounts())
    assert list(copy.all_sessions()) == list(storage.all_sessions())


def test_imported_account_replaces_all_but_its_age_and_token(storage: Storage, ann: Account) -> None:
    start(storage, ann, "a1")
    token = storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    given = Account(name="ann", stamp=ann.stamp, roles=frozenset({"other"}), created_at=NOW)
    assert storage.put_accounts([given]) == Counts(changed=1)
    expected = replace(given, created_at=ann.created_at, auth_token=token)
    assert storage.find_account(FindAccount("ann")) == expected
    assert is_alive(storage, "a1")
    assert storage.put_accounts([given]) == Counts(unchanged=1)


@pytest.mark.parametrize("given", [replace(ANN, stamp="ann-2"), replace(ANN, disabled=True)], ids=["stamp", "disabled"])
def test_import_that_changes_stamp_or_disables_ends_credentials__F36(
    storage: Storage, ann: Account, given: Account
) -> None:
    start(storage, ann, "a1")
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    assert is_alive(storage, "a1")
    assert storage.put_accounts([given]) == Counts(changed=1)
    assert not is_alive(storage, "a1")
    assert storage.find_account(FindAccount("ann")) == given


@pytest.mark.parametrize(("generation", "taken"), [(1, False), (2, False), (3, True)])
def test_imported_auth_token_is_taken_where_it_is_newer(
    storage: Storage, ann: Account, generation: int, taken: bool
) -> None:
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    storage.revoke_auth_token(RevokeAuthToken("ann"))  # generation 2 is used up
    offered = AuthTokenInputs(generation=generation, issued_at=NOW + 1, valid_until=NOW + 900)
    storage.put_accounts([replace(ann, auth_token=offered)])
    found = storage.find_account(FindAccount("ann"))
    assert found is not None
    assert found.auth_token == (offered if taken else None)


def test_imported_session_needs_its_account__F36(storage: Storage, ann: Account, bob: Account) -> None:
    storage.change_account(ChangeAccount("bob", disabled=True))
    kept = start(storage, ann, "kept")
    sessions = [
        kept,
        session_of(ann, "a1"),
        session_of(ann, "stale", stamp="ann-0"),
        session_of(bob, "b1"),
        session_of(Account(name="nobody", stamp="x"), "n1"),
        session_of(ann, "same-id", id=kept.id),
    ]
    assert storage.put_sessions(sessions) == Counts(created=1, unchanged=1, refused=4)
    assert alive(storage, "kept", "a1", "stale", "b1", "n1", "same-id") == ["kept", "a1"]


# --- what caches are told ------------------------------------------------------------------------------------------

TOLD: dict[str, tuple[Callable[[Storage], object], list[str], list[str]]] = {
    "end-session": (lambda s: s.end_session(EndSession(fingerprint("a1"))), ["a1"], []),
    "replace": (lambda s: s.start_session(StartSession(session_of(ANN, "a9"), fingerprint("a1"))), ["a1"], []),
    "most-per-user": (lambda s: s.start_session(StartSession(session_of(ANN, "a9"), max_per_user=1)), ["a1", "a2"], []),
    "session-data": (lambda s: s.write_session_data(WriteSessionData(fingerprint("a1"), {})), ["a1"], []),
    "end-by-id": (lambda s: s.end_sessions(EndSessions(None, id="id-a1")), ["a1"], []),
    "idle-clean-up": (lambda s: s.clean_up(CleanUp(NOW + 1800)), ["a1", "a2"], []),
    "roles": (lambda s: s.change_account(ChangeAccount("ann", roles=frozenset())), [], ["ann"]),
    "stamp": (lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2")), [], ["ann"]),
    "delete": (lambda s: s.delete_account(DeleteAccount("ann")), [], ["ann"]),
    "issue": (lambda s: s.issue_auth_token(IssueAuthToken("ann", NOW, 1)), [], ["ann"]),
    "import": (lambda s: s.put_accounts([replace(ANN, roles=frozenset())]), [], ["ann"]),
    "new-session": (lambda s: s.start_session(StartSession(session_of(ANN, "a9"))), [], []),
    "new-account": (lambda s: s.add_account(AddAccount(Account(name="new", stamp="n"))), [], []),
    "nothing-ended": (lambda s: s.end_session(EndSession(fingerprint("never"))), [], []),
    "failure": (lambda s: s.note_failure("ann", NOW, 60), [], []),
}


@pytest.mark.parametrize(("change", "sessions", "accounts"), TOLD.values(), ids=TOLD)
def test_caches_are_told_what_to_forget(
    storage: Storage,
    ann: Account,
    change: Callable[[Storage], object],
    sessions: list[str],
    accounts: list[str],
) -> None:
    start(storage, ann, "a1")
    start(storage, ann, "a2")
    before = storage.changes_since(-1).seq
    version = storage.version()
    change(storage)
    told = storage.changes_since(before)
    assert not told.everything
    assert sorted(told.sessions) == sorted(map(fingerprint, sessions))
    assert list(told.accounts) == accounts
    if sessions or accounts:
        assert storage.version() != version
    assert storage.changes_since(told.seq) == type(told)(seq=told.seq)


def test_end_of_all_sessions_is_told(storage: Storage, ann: Account) -> None:
    start(storage, ann, "a1")
    before = storage.changes_since(-1).seq
    storage.end_sessions(EndSessions(None))
    told = storage.changes_since(before)
    assert told.everything or told.sessions == (fingerprint("a1"),)


@pytest.mark.parametrize("seq", [-1, 1_000_000], ids=["never-read", "of-another-file"])
def test_cache_that_cannot_be_told_forgets_everything(storage: Storage, ann: Account, seq: int) -> None:
    assert storage.changes_since(seq).everything


def test_cache_that_missed_too_much_forgets_everything(storage: Storage) -> None:
    before = storage.changes_since(-1).seq
    accounts = [Account(name=f"user{number:05}", stamp="1") for number in range(10_001)]
    storage.put_accounts(accounts)
    assert not storage.changes_since(before).everything
    storage.put_accounts([replace(account, roles=frozenset({"new"})) for account in accounts])
    told = storage.changes_since(before)
    assert told.everything
    assert storage.changes_since(told.seq) == type(told)(seq=told.seq)


def test_storage_knows_whether_there_is_any_account(storage: Storage) -> None:
    assert not storage.has_accounts()
    assert storage.add_account(AddAccount(ANN))
    assert storage.has_accounts()
    assert storage.delete_account(DeleteAccount(ANN.name))
    assert not storage.has_accounts()


def test_storage_that_works_passes_its_check(storage: Storage) -> None:
    storage.check()
