"""Refresh families in every storage: how they start, are rotated, end, and what dies with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.storages import ANN, APP, NOW, family_of, fingerprint, spend_of, token_of
from watchword.core.grants import Client, Family, Spent
from watchword.core.questions import (
    ChangeAccount,
    ChangeClient,
    CleanUp,
    DeleteAccount,
    DeleteClient,
    EndFamilies,
    FamilyStart,
    FindFamily,
    FindToken,
    KeepToken,
    ListFamilies,
    NotRedeemed,
    Redeemed,
    Repeated,
    Reused,
    Rotated,
    StartFamily,
)
from watchword.core.records import Account
from watchword.storage import Storage
from watchword.storage.refresh_rules import CHAIN


def start(storage: Storage, account: Account, name: str, /, **changes: Any) -> Family:
    family = family_of(account, name, **changes)
    assert storage.start_family(StartFamily(family)) is FamilyStart.KEPT
    return family


def found(storage: Storage, name: str) -> Family | None:
    return storage.find_family(FindFamily(fingerprint(name)[:12]))


def alive(storage: Storage, *names: str) -> list[str]:
    return [name for name in names if found(storage, name) is not None]


def keep_tokens(storage: Storage, account: Account, *names: str, client_id: str = "watchword") -> None:
    """A reference token beside each of these families; its name is the family's with -t."""
    for name in names:
        token = token_of(account, f"{name}-t", family=f"family-{name}", client_id=client_id)
        assert storage.keep_token(KeepToken(token))


def tokens(storage: Storage, *names: str) -> list[str]:
    return [name for name in names if storage.find_token(FindToken(fingerprint(f"{name}-t"))) is not None]


# --- starting ------------------------------------------------------------------------------------------------------

SPENT = (
    Spent(fingerprint=fingerprint("f.0"), client=b"\x00" * 32, at=NOW - 1.25, sealed=b""),
    Spent(fingerprint=fingerprint("f.1"), client=b"", at=NOW, sealed=bytes(range(256)) * 40),
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scopes": frozenset()},
        {"scopes": frozenset({"a", "b"}), "audience": (), "amr": frozenset(), "acr": None},
        {"spent": SPENT},
        {"client_id": "app", "scopes": frozenset({"read"})},
        {"device": "📱\x00\n'; --", "user_agent": "é" * 500, "address": "2001:db8::1"},
    ],
    ids=["first-party", "no-scopes", "bare", "spent", "of-a-client", "unicode-F17"],
)
def test_family_is_found_as_it_started__S2_20(
    storage: Storage, ann: Account, app: Client, changes: dict[str, Any]
) -> None:
    family = start(storage, ann, "f", **changes)
    assert found(storage, "f") == family
    assert storage.list_families(ListFamilies("ann", NOW)) == (family,)
    assert list(storage.all_families()) == [family]
    assert found(storage, "g") is None


REFUSED: dict[str, tuple[Callable[[Storage], object], dict[str, Any]]] = {
    "account-gone": (lambda s: s.delete_account(DeleteAccount("ann")), {}),
    "account-disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), {}),
    "other-stamp": (lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2")), {}),
    "client-unknown": (lambda s: None, {"client_id": "nobody"}),
    "client-gone": (lambda s: s.delete_client(DeleteClient("app")), {"client_id": "app"}),
    "client-disabled": (lambda s: s.change_client(ChangeClient("app", disabled=True)), {"client_id": "app"}),
    "scope-gone": (
        lambda s: s.change_client(ChangeClient("app", scopes=frozenset({"write"}))),
        {"client_id": "app", "scopes": frozenset({"read"})},
    ),
    "id-taken": (lambda s: None, {"id": "family-old"}),
    "handle-taken": (lambda s: None, {"handle": fingerprint("old")[:12]}),
}


@pytest.mark.parametrize(("before", "changes"), REFUSED.values(), ids=map("F36-{}".format, REFUSED))
def test_family_that_may_not_start_changes_nothing(
    storage: Storage,
    ann: Account,
    bob: Account,
    app: Client,
    before: Callable[[Storage], object],
    changes: dict[str, Any],
) -> None:
    old = start(storage, bob, "old")
    before(storage)
    family = family_of(ann, "f", **changes)
    assert storage.start_family(StartFamily(family, most=1)) is FamilyStart.CHANGED
    assert list(storage.all_families()) == [old]


def test_oldest_families_beyond_the_limit_end__S2_20(storage: Storage, ann: Account, bob: Account) -> None:
    start(storage, bob, "b", created_at=NOW - 900)
    start(storage, ann, "over", created_at=NOW - 20, expires_at=NOW)
    for age in (30, 10, 20):
        start(storage, ann, f"a{age}", created_at=NOW - age)
    keep_tokens(storage, ann, "a30", "a10")
    assert storage.start_family(StartFamily(family_of(ann, "new"), most=2)) is FamilyStart.KEPT
    assert alive(storage, "b", "over", "a30", "a20", "a10", "new") == ["b", "over", "a10", "new"]
    assert tokens(storage, "a30", "a10") == ["a10"]


def test_family_too_many_is_not_kept_where_none_gives_way__S2_20(storage: Storage, ann: Account, bob: Account) -> None:
    start(storage, bob, "b")
    start(storage, ann, "a1")
    question = StartFamily(family_of(ann, "a2"), most=2, evict=False)
    assert storage.start_family(question) is FamilyStart.KEPT
    for most in (2, 1, 0):
        question = StartFamily(family_of(ann, "a3"), most=most, evict=False)
        assert storage.start_family(question) is FamilyStart.TOO_MANY
    assert alive(storage, "b", "a1", "a2", "a3") == ["b", "a1", "a2"]


# --- redeeming -----------------------------------------------------------------------------------------------------


def test_redeemed_token_makes_room_for_its_successor__S2_20(storage: Storage, ann: Account) -> None:
    family = start(storage, ann, "f")
    rotated = replace(
        family,
        fingerprint=fingerprint("f.1"),
        last_used=NOW + 5,
        address="198.51.100.1",
        country="AT",
        user_agent="curl/9",
        spent=(Spent(fingerprint=fingerprint("f.0"), client=b"her browser", at=NOW + 5, sealed=b"sealed f.1"),),
    )
    assert storage.spend_refresh(spend_of("f", 0, now=NOW + 5)) == Rotated(rotated, ann)
    assert found(storage, "f") == rotated
    assert isinstance(storage.spend_refresh(spend_of("f", 1, now=NOW + 6)), Rotated)


def test_lost_answers_lead_to_the_live_token__S2_20__F1(storage: Storage, ann: Account) -> None:
    start(storage, ann, "f")
    for number in range(3):
        storage.spend_refresh(spend_of("f", number, now=NOW + number))
    after = found(storage, "f")
    assert after is not None
    for number in range(3):
        answer = storage.spend_refresh(spend_of("f", number, now=NOW + 9, successor=fingerprint("another")))
        sealed = tuple(f"sealed f.{link}".encode() for link in range(number + 1, 4))
        assert answer == Repeated(after, ann, sealed)
    assert found(storage, "f") == after


# What is presented, by whom and when, after f.0 was spent at NOW; the grace is 10 s, the family lives for 60 s.
PRESENTED: dict[str, tuple[dict[str, Any], int, type[Redeemed], bool]] = {
    "live": ({}, 1, Rotated, True),
    "spent-by-the-same": ({"now": NOW + 9.99}, 0, Repeated, True),
    "spent-when-the-grace-is-over": ({"now": NOW + 10}, 0, Reused, False),
    "spent-by-another-F2": ({"client": b"a thief"}, 0, Reused, False),
    "spent-for-another-client-F2": ({"client_id": "app"}, 0, Reused, False),
    "live-for-another-client": ({"client_id": "app"}, 1, NotRedeemed, True),
    "never-issued": ({}, 7, Reused, False),
    "on-the-second-it-expires": ({"now": NOW + 60}, 1, NotRedeemed, False),
    "before-it-expires": ({"now": NOW + 59.99}, 1, Rotated, True),
    "other-handle": ({"handle": fingerprint("g")[:12]}, 1, NotRedeemed, True),
}


@pytest.mark.parametrize(("changes", "number", "kind", "lives"), PRESENTED.values(), ids=PRESENTED)
def test_presented_token_is_what_it_is__S2_20__F2(
    storage: Storage, ann: Account, app: Client, changes: dict[str, Any], number: int, kind: type, lives: bool
) -> None:
    start(storage, ann, "f", expires_at=NOW + 60)
    keep_tokens(storage, ann, "f")
    assert isinstance(storage.spend_refresh(spend_of("f", 0)), Rotated)
    before = found(storage, "f")
    answer = storage.spend_refresh(spend_of("f", number, **changes))
    assert type(answer) is kind
    after = found(storage, "f")
    assert (after is not None) is lives
    if isinstance(answer, Reused):
        assert answer.family == before
        assert tokens(storage, "f") == []
    elif lives and not isinstance(answer, Rotated):
        assert after == before


def test_ended_family_redeems_nothing__F36(storage: Storage, ann: Account) -> None:
    start(storage, ann, "f")
    storage.end_families(EndFamilies(("family-f",)))
    assert isinstance(storage.spend_refresh(spend_of("f", 0)), NotRedeemed)


def test_family_remembers_no_more_spent_tokens_than_it_may__F38(storage: Storage, ann: Account) -> None:
    start(storage, ann, "f")
    for number in range(CHAIN + 5):
        assert isinstance(storage.spend_refresh(spend_of("f", number)), Rotated)
    family = found(storage, "f")
    assert family is not None
    assert [spent.fingerprint for spent in family.spent] == [fingerprint(f"f.{n}") for n in range(5, CHAIN + 5)]
    assert isinstance(storage.spend_refresh(spend_of("f", CHAIN + 5, now=NOW + 10)), Rotated)
    family = found(storage, "f")
    assert family is not None
    assert len(family.spent) == 1


# --- lists and ends ------------------------------------------------------------------------------------------------


def test_families_are_listed_newest_first_or_by_id(storage: Storage, ann: Account, bob: Account) -> None:
    c = start(storage, ann, "c", created_at=NOW - 3)
    a = start(storage, ann, "a", created_at=NOW - 1)
    b = start(storage, bob, "b", created_at=NOW - 2)
    start(storage, ann, "over", expires_at=NOW)
    assert storage.list_families(ListFamilies("ann", NOW)) == (a, c)
    assert storage.list_families(ListFamilies(None, NOW)) == (a, b, c)
    assert storage.list_families(ListFamilies(None, NOW, limit=2)) == (a, b)
    assert storage.list_families(ListFamilies(None, NOW, after="")) == (a, b, c)
    assert storage.list_families(ListFamilies(None, NOW, limit=1, after=a.id)) == (b,)
    assert storage.list_families(ListFamilies("ann", NOW, after=a.id)) == (c,)
    assert storage.list_families(ListFamilies("nobody", NOW)) == ()


@pytest.mark.parametrize(
    ("ids", "subject", "left"),
    [
        (["a1"], None, ["a2", "b1"]),
        (["a1", "a1", "none"], None, ["a2", "b1"]),
        (["a1", "b1"], "ann", ["a2", "b1"]),
        (["a1", "a2", "b1"], None, []),
        ([], None, ["a1", "a2", "b1"]),
        (["a1"], "nobody", ["a1", "a2", "b1"]),
    ],
)
def test_end_families_ends_exactly_those_it_names(
    storage: Storage, ann: Account, bob: Account, ids: list[str], subject: str | None, left: list[str]
) -> None:
    for account, name in ((ann, "a1"), (ann, "a2"), (bob, "b1")):
        start(storage, account, name)
        keep_tokens(storage, account, name)
    assert tokens(storage, "a1", "a2", "b1") == ["a1", "a2", "b1"]
    question = EndFamilies(tuple(f"family-{id}" for id in ids), subject)
    assert storage.end_families(question) == 3 - len(left)
    assert alive(storage, "a1", "a2", "b1") == tokens(storage, "a1", "a2", "b1") == left
    assert storage.end_families(question) == 0


# --- what dies with account and client -----------------------------------------------------------------------------

ENDS_ACCOUNT: dict[str, Callable[[Storage], object]] = {
    "password": lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2", keep=fingerprint("f.0"))),
    "disabled": lambda s: s.change_account(ChangeAccount("ann", disabled=True)),
    "deleted": lambda s: s.delete_account(DeleteAccount("ann")),
    "imported-password": lambda s: s.put_accounts([replace(ANN, stamp="ann-2")]),
    "imported-disabled": lambda s: s.put_accounts([replace(ANN, disabled=True)]),
}


@pytest.mark.parametrize("change", ENDS_ACCOUNT.values(), ids=map("F36-{}".format, ENDS_ACCOUNT))
def test_families_and_tokens_die_with_their_accounts_credentials__S2_20(
    storage: Storage, ann: Account, bob: Account, app: Client, change: Callable[[Storage], object]
) -> None:
    start(storage, ann, "a1")
    start(storage, ann, "a2", client_id="app", scopes=frozenset({"read"}))
    start(storage, bob, "b1")
    keep_tokens(storage, ann, "a1")
    keep_tokens(storage, ann, "a2", client_id="app")
    keep_tokens(storage, bob, "b1")
    assert tokens(storage, "a1", "a2", "b1") == ["a1", "a2", "b1"]
    change(storage)
    assert alive(storage, "a1", "a2", "b1") == tokens(storage, "a1", "a2", "b1") == ["b1"]
    storage.put_accounts([replace(ANN, stamp="ann-1")])  # enabled, and as it was
    assert alive(storage, "a1", "a2", "b1") == tokens(storage, "a1", "a2", "b1") == ["b1"]


@pytest.mark.parametrize(
    "change",
    [
        ChangeAccount("ann", roles=frozenset()),
        ChangeAccount("ann", attributes={"k": "v"}),
        ChangeAccount("ann", password_hash="$better"),
    ],
    ids=["roles", "attributes", "upgraded-hash"],
)
def test_other_changes_of_an_account_end_no_family(storage: Storage, ann: Account, change: ChangeAccount) -> None:
    start(storage, ann, "a1")
    keep_tokens(storage, ann, "a1")
    changed = storage.change_account(change)
    assert alive(storage, "a1") == tokens(storage, "a1") == ["a1"]
    answer = storage.spend_refresh(spend_of("a1", 0))
    assert isinstance(answer, Rotated)
    assert answer.account == changed


OF_CLIENT: dict[str, tuple[Callable[[Storage], object], list[str]]] = {
    "disabled": (lambda s: s.change_client(ChangeClient("app", disabled=True)), []),
    "deleted": (lambda s: s.delete_client(DeleteClient("app")), []),
    "another-stamp": (lambda s: s.change_client(ChangeClient("app", stamp="app-2")), []),
    "narrower": (lambda s: s.change_client(ChangeClient("app", scopes=frozenset({"read"}))), ["read", "none"]),
    "none-left": (lambda s: s.change_client(ChangeClient("app", scopes=frozenset())), ["none"]),
    "wider": (
        lambda s: s.change_client(ChangeClient("app", scopes=APP.scopes | {"more"})),
        ["both", "read", "none", "all"],
    ),
    "secret": (lambda s: s.change_client(ChangeClient("app", secret_hash="$2")), ["both", "read", "none", "all"]),
    "imported-disabled": (lambda s: s.put_clients([replace(APP, disabled=True)]), []),
    "imported-narrower": (
        lambda s: s.put_clients([replace(APP, scopes=frozenset({"read"}))]),
        ["read", "none"],
    ),
    "imported-anew": (lambda s: s.put_clients([replace(APP, stamp="app-2")]), []),
}


@pytest.mark.parametrize(("change", "left"), OF_CLIENT.values(), ids=map("F36-{}".format, OF_CLIENT))
def test_grants_die_with_what_their_client_may_have__S2_20(
    storage: Storage, ann: Account, app: Client, change: Callable[[Storage], object], left: list[str]
) -> None:
    scopes = {"both": APP.scopes, "read": frozenset({"read"}), "none": frozenset[str](), "all": None}
    for name, granted in scopes.items():
        start(storage, ann, name, client_id="app", scopes=granted)
        token = token_of(ann, f"{name}-t", client_id="app", scopes=granted, family=f"family-{name}")
        assert storage.keep_token(KeepToken(token))
    start(storage, ann, "first-party")
    keep_tokens(storage, ann, "first-party")
    every = (*scopes, "first-party")
    assert alive(storage, *every) == tokens(storage, *every) == list(every)
    change(storage)
    assert alive(storage, *every) == tokens(storage, *every) == [*left, "first-party"]


# --- clean-up and import -------------------------------------------------------------------------------------------


def test_expired_families_are_cleaned_up_on_the_second__S2_21(storage: Storage, ann: Account) -> None:
    for number in range(5):
        start(storage, ann, f"f{number}", expires_at=NOW + number)
    assert storage.clean_up(CleanUp(NOW - 0.001)) == 0
    assert [storage.clean_up(CleanUp(NOW + 3, limit=3)) for _ in range(3)] == [3, 1, 0]
    assert alive(storage, *(f"f{number}" for number in range(5))) == ["f4"]


def test_imported_families_need_their_account_and_client__F36(
    storage: Storage, ann: Account, bob: Account, app: Client
) -> None:
    storage.change_account(ChangeAccount("bob", disabled=True))
    kept = start(storage, ann, "kept")
    families = [
        kept,
        family_of(ann, "a1"),
        family_of(ann, "a2", client_id="app", scopes=frozenset({"read"}), spent=SPENT),
        family_of(ann, "stale", stamp="ann-0"),
        family_of(bob, "b1"),
        family_of(Account(name="nobody", stamp="x"), "n1"),
        family_of(ann, "no-client", client_id="gone"),
        family_of(ann, "too-much", client_id="app", scopes=frozenset({"admin"})),
        family_of(ann, "same-id", id=kept.id),
        family_of(ann, "same-handle", handle=kept.handle),
    ]
    done = storage.put_families(families)
    assert (done.created, done.unchanged, done.refused) == (2, 1, 7)
    assert set(storage.all_families()) == set(families[:3])
    assert storage.put_families(families[:3]).unchanged == 3
