"""Identities that others prove, in every storage: whose they are, and which sessions end with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.contract.storages import ANN, BOB, NOW, fingerprint, session_of
from watchword.core.linked import LinkedIdentity, LinkedLogIn
from watchword.core.questions import (
    AddAccount,
    AddLinkedIdentity,
    ChangeAccount,
    DeleteAccount,
    EndLinkedIdentities,
    EndLinkedSessions,
    FindAccount,
    FindLinkedIdentity,
    FindSession,
    ListLinkedIdentities,
    StartSession,
)
from watchword.core.records import Account
from watchword.storage import Counts, Storage

ISSUER, OTHER = "https://id.example", "https://other.example"
LONE_SURROGATE = "ann\ud800"


def identity_of(account: str, subject: str = "1", issuer: str = ISSUER, created_at: float = NOW) -> LinkedIdentity:
    return LinkedIdentity(issuer=issuer, subject=subject, account=account, created_at=created_at)


def add(storage: Storage, identity: LinkedIdentity, most: int = 20) -> bool:
    return storage.linked.add(AddLinkedIdentity(identity, most))


def owner(storage: Storage, subject: str = "1", issuer: str = ISSUER) -> str | None:
    found = storage.linked.find(FindLinkedIdentity(issuer, subject))
    return None if found is None else found.account


def log_in(storage: Storage, account: Account, name: str, linked: LinkedLogIn | None) -> bytes:
    session = replace(session_of(account, name), linked=linked)
    assert storage.start_session(StartSession(session))
    return session.fingerprint


def alive(storage: Storage, *names: str) -> list[str]:
    return [name for name in names if storage.find_session(FindSession(fingerprint(name))) is not None]


def test_an_identity_belongs_to_one_account__S2_40(populated: Storage) -> None:
    assert add(populated, identity_of("ann"))
    assert not add(populated, identity_of("bob"))
    assert not add(populated, identity_of("ann"))
    assert (owner(populated), owner(populated, "2"), owner(populated, "1", OTHER)) == ("ann", None, None)
    assert owner(populated, LONE_SURROGATE) is None


def test_the_same_subject_of_another_issuer_is_somebody_else__S2_40(populated: Storage) -> None:
    assert add(populated, identity_of("ann"))
    assert add(populated, identity_of("bob", issuer=OTHER))
    assert (owner(populated), owner(populated, issuer=OTHER)) == ("ann", "bob")


def test_an_account_has_so_many_identities_and_no_more(populated: Storage) -> None:
    them = [identity_of("ann", str(number), created_at=NOW - number) for number in range(3)]
    assert [add(populated, identity, most=2) for identity in them] == [True, True, False]
    assert populated.linked.list(ListLinkedIdentities("ann")) == (them[1], them[0])
    assert populated.linked.list(ListLinkedIdentities(LONE_SURROGATE)) == ()


def test_no_identity_is_linked_to_an_account_that_may_not_be_used(populated: Storage) -> None:
    populated.change_account(ChangeAccount("bob", disabled=True))
    assert not add(populated, identity_of("bob"))
    assert not add(populated, identity_of("nobody"))


def test_an_account_is_made_with_its_identity_in_one_step__S2_40(populated: Storage) -> None:
    eve = replace(BOB, name="eve")
    assert populated.add_account(AddAccount(eve, identity_of("eve")))
    assert owner(populated) == "eve"
    taken = AddAccount(replace(BOB, name="mallory"), identity_of("mallory"))
    assert not populated.add_account(taken)
    assert populated.find_account(FindAccount("mallory")) is None
    assert not populated.add_account(AddAccount(eve, identity_of("eve", "2")))
    assert owner(populated, "2") is None
    with pytest.raises(ValueError, match="another account"):
        populated.add_account(AddAccount(replace(BOB, name="zoe"), identity_of("ann", "3")))
    assert populated.find_account(FindAccount("zoe")) is None


def test_identities_go_with_their_account(populated: Storage) -> None:
    add(populated, identity_of("ann"))
    assert populated.delete_account(DeleteAccount("ann"))
    assert owner(populated) is None


def test_a_session_remembers_by_whom_it_began__S2_40(populated: Storage) -> None:
    linked = LinkedLogIn(ISSUER, "sid-1")
    log_in(populated, ANN, "desk", linked)
    found = populated.find_session(FindSession(fingerprint("desk")))
    assert found is not None
    assert found.session.linked == linked


@pytest.mark.parametrize(
    ("question", "left"),
    [
        (EndLinkedSessions(ISSUER, NOW, sid="a"), ["other", "no-sid", "bobs", "own"]),
        (EndLinkedSessions(ISSUER, NOW, account="ann"), ["other", "bobs", "own"]),
        (EndLinkedSessions(ISSUER, NOW, sid="a", account="bob"), ["desk", "other", "no-sid", "bobs", "own"]),
        (EndLinkedSessions(ISSUER, NOW, sid="b", account="bob"), ["desk", "other", "no-sid", "own"]),
        (EndLinkedSessions(OTHER, NOW, sid="a"), ["desk", "no-sid", "bobs", "own"]),
        (EndLinkedSessions(ISSUER, NOW, sid=LONE_SURROGATE), ["desk", "other", "no-sid", "bobs", "own"]),
    ],
)
def test_sessions_end_by_whoever_began_them__S2_40(
    populated: Storage, question: EndLinkedSessions, left: list[str]
) -> None:
    log_in(populated, ANN, "desk", LinkedLogIn(ISSUER, "a"))
    log_in(populated, ANN, "other", LinkedLogIn(OTHER, "a"))
    log_in(populated, ANN, "no-sid", LinkedLogIn(ISSUER))
    log_in(populated, BOB, "bobs", LinkedLogIn(ISSUER, "b"))
    log_in(populated, ANN, "own", None)
    before = ["desk", "other", "no-sid", "bobs", "own"]
    assert populated.linked.end_sessions(question) == len(before) - len(left)
    assert alive(populated, *before) == left


def test_whose_sessions_end_is_always_said(populated: Storage) -> None:
    with pytest.raises(ValueError, match="named"):
        populated.linked.end_sessions(EndLinkedSessions(ISSUER, NOW))


def test_an_identity_takes_the_sessions_that_it_began_along__S2_40(populated: Storage) -> None:
    add(populated, identity_of("ann"))
    add(populated, identity_of("ann", issuer=OTHER))
    log_in(populated, ANN, "desk", LinkedLogIn(ISSUER, "a"))
    log_in(populated, ANN, "other", LinkedLogIn(OTHER, "a"))
    assert populated.linked.end(EndLinkedIdentities("bob", NOW)) == 0
    assert populated.linked.end(EndLinkedIdentities("ann", NOW, ISSUER, "2")) == 0
    assert populated.linked.end(EndLinkedIdentities("ann", NOW, ISSUER, "1")) == 1
    assert alive(populated, "desk", "other") == ["other"]
    assert populated.linked.end(EndLinkedIdentities("ann", NOW)) == 1
    assert alive(populated, "other") == []
    assert owner(populated) is None


def test_the_end_of_such_sessions_reaches_every_cache__S2_40(populated: Storage) -> None:
    seq = populated.changes_since(0).seq
    kept = log_in(populated, ANN, "desk", LinkedLogIn(ISSUER, "a"))
    populated.linked.end_sessions(EndLinkedSessions(ISSUER, NOW, sid="a"))
    assert kept in populated.changes_since(seq).sessions


def test_an_import_of_identities_can_be_repeated(populated: Storage) -> None:
    them = [identity_of("ann", "2"), identity_of("ann"), identity_of("nobody", "3")]
    assert populated.linked.put_all(them) == Counts(created=2, refused=1)
    assert populated.linked.put_all([*them, identity_of("bob")]) == Counts(unchanged=2, refused=2)
    assert list(populated.linked.all()) == [them[1], them[0]]


def test_log_ins_at_once_link_an_identity_once__F3(populated: Storage) -> None:
    them = [AddLinkedIdentity(identity_of(name)) for name in ("ann", "bob") * 16]
    with ThreadPoolExecutor(32) as threads:
        assert sum(threads.map(populated.linked.add, them)) == 1
