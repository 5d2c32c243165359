"""API keys in every storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.storages import ANN, NOW, fingerprint, key_of
from watchword.core.grants import ApiKey
from watchword.core.questions import (
    AddAccount,
    AddKey,
    ChangeAccount,
    CleanUp,
    DeleteAccount,
    EndKeys,
    FindKey,
    FoundKey,
    ListKeys,
    RotateKey,
    TouchKey,
)
from watchword.core.records import Account
from watchword.storage import Counts, Storage

LONE_SURROGATE = "ann\ud800"
MONTH = 30 * 86_400


def add(storage: Storage, account: Account, name: str, /, **changes: Any) -> ApiKey:
    key = key_of(account, name, **changes)
    assert storage.add_key(AddKey(key))
    return key


def found(storage: Storage, name: str) -> FoundKey | None:
    return storage.find_key(FindKey(fingerprint(name)))


def alive(storage: Storage, *names: str) -> list[str]:
    return [name for name in names if found(storage, name) is not None]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"expires_at": NOW + 60, "last_used": NOW, "scopes": frozenset({"b", "a"}), "superseded_by": "key-later"},
        {"scopes": frozenset(), "name": "🔑\x00\n'; --"},
    ],
    ids=["bare", "full", "unicode-F17"],
)
def test_key_is_found_with_its_account__S2_16(storage: Storage, ann: Account, changes: dict[str, Any]) -> None:
    key = add(storage, ann, "k", **changes)
    for _ in range(2):
        assert found(storage, "k") == FoundKey(key, ann)
    assert found(storage, "never") is None
    assert storage.list_keys(ListKeys("ann")) == (key,)
    assert list(storage.all_keys()) == [key]


REFUSED: dict[str, tuple[Callable[[Storage], object], dict[str, Any]]] = {
    "account-gone": (lambda s: s.delete_account(DeleteAccount("ann")), {}),
    "account-disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), {}),
    "id-taken": (lambda s: None, {"id": "key-old"}),
    "fingerprint-taken": (lambda s: None, {"fingerprint": fingerprint("old")}),
}


@pytest.mark.parametrize(("before", "changes"), REFUSED.values(), ids=map("F36-{}".format, REFUSED))
def test_key_that_may_not_be_added_changes_nothing__S2_16(
    storage: Storage, ann: Account, bob: Account, before: Callable[[Storage], object], changes: dict[str, Any]
) -> None:
    old = add(storage, bob, "old")
    before(storage)
    assert not storage.add_key(AddKey(key_of(ann, "k", **changes)))
    assert list(storage.all_keys()) == [old]


def test_only_live_keys_of_the_account_count_against_the_limit__S2_16(
    storage: Storage, ann: Account, bob: Account
) -> None:
    add(storage, bob, "b1")
    add(storage, ann, "over", expires_at=NOW)
    add(storage, ann, "k1", expires_at=NOW + 0.001)
    assert not storage.add_key(AddKey(key_of(ann, "k2"), most=1))
    assert storage.add_key(AddKey(key_of(ann, "k2"), most=2))
    assert not storage.add_key(AddKey(key_of(ann, "k3"), most=2))
    assert alive(storage, "b1", "over", "k1", "k2", "k3") == ["b1", "over", "k1", "k2"]


def test_keys_are_listed_newest_first(storage: Storage, ann: Account, bob: Account) -> None:
    oldest = add(storage, ann, "k1", created_at=NOW - 2)
    newest = add(storage, ann, "k2", created_at=NOW)
    between = add(storage, bob, "k3", created_at=NOW - 1)
    assert storage.list_keys(ListKeys("ann")) == (newest, oldest)
    assert storage.list_keys(ListKeys(None)) == (newest, between, oldest)
    assert storage.list_keys(ListKeys(None, limit=2)) == (newest, between)
    assert storage.list_keys(ListKeys("nobody")) == ()


@pytest.mark.parametrize(
    ("expires_at", "lives_until"),
    [(None, NOW + 60), (NOW + 90, NOW + 60), (NOW + 30, NOW + 30)],
    ids=["forever", "longer-than-the-overlap", "shorter"],
)
def test_rotated_key_lives_on_for_the_overlap__S2_16(
    storage: Storage, ann: Account, expires_at: float | None, lives_until: float
) -> None:
    old = add(storage, ann, "old", scopes=frozenset({"read"}), expires_at=expires_at)
    assert found(storage, "old") is not None
    offered = key_of(Account(name="mallory", stamp="m"), "new", scopes=None, expires_at=NOW + 5000)
    expected = replace(offered, subject="ann", name=old.name, scopes=old.scopes)
    assert storage.rotate_key(RotateKey(old.id, "ann", offered, NOW + 60)) == expected
    assert found(storage, "new") == FoundKey(expected, ann)
    assert found(storage, "old") == FoundKey(replace(old, expires_at=lives_until, superseded_by="key-new"), ann)


@pytest.mark.parametrize(
    "state", ["unknown", "of-another", "rotated-before", "disabled", "id-taken"], ids="F36-{}".format
)
def test_key_that_may_not_be_rotated_stays_as_it_is__S2_16(
    storage: Storage, ann: Account, bob: Account, state: str
) -> None:
    old = add(storage, ann, "old")
    taken = add(storage, bob, "taken")
    question = RotateKey(old.id, "ann", key_of(ann, "new"), NOW + 60)
    if state == "unknown":
        question = replace(question, id="key-none")
    elif state == "of-another":
        question = replace(question, subject="bob")
    elif state == "rotated-before":
        assert storage.rotate_key(RotateKey(old.id, "ann", key_of(ann, "first"), NOW + 60)) is not None
    elif state == "disabled":
        storage.change_account(ChangeAccount("ann", disabled=True))
    else:
        question = replace(question, successor=key_of(ann, "new", id=taken.id))
    before = list(storage.all_keys())
    assert storage.rotate_key(question) is None
    assert list(storage.all_keys()) == before


def test_touch_moves_last_use_forward_and_never_back__S2_16(storage: Storage, ann: Account) -> None:
    add(storage, ann, "k")
    assert found(storage, "k") is not None
    for now, expected in [(NOW + 10, NOW + 10), (NOW + 5, NOW + 10), (NOW + 20, NOW + 20)]:
        storage.touch_key(TouchKey(fingerprint("k"), now))
        storage.forget_failures("nothing")
        (key,) = storage.list_keys(ListKeys("ann"))
        assert key.last_used == expected
        looked_up = found(storage, "k")
        assert looked_up is not None
        assert looked_up.key == key
    storage.touch_key(TouchKey(fingerprint("never"), NOW))


@pytest.mark.parametrize(
    ("ids", "subject", "left"),
    [
        (["k1"], None, ["k2", "b1"]),
        (["k1", "k1", "none"], "ann", ["k2", "b1"]),
        (["k1", "b1"], "ann", ["k2", "b1"]),
        ([], None, ["k1", "k2", "b1"]),
    ],
)
def test_end_keys_ends_exactly_those_it_names__S2_16(
    storage: Storage, ann: Account, bob: Account, ids: list[str], subject: str | None, left: list[str]
) -> None:
    for account, name in ((ann, "k1"), (ann, "k2"), (bob, "b1")):
        add(storage, account, name)
    assert alive(storage, "k1", "k2", "b1") == ["k1", "k2", "b1"]
    question = EndKeys(tuple(f"key-{id}" for id in ids), subject)
    assert storage.end_keys(question) == 3 - len(left)
    assert alive(storage, "k1", "k2", "b1") == left
    assert storage.end_keys(question) == 0


def test_key_outlives_a_password_but_not_its_account__S2_16__F36(storage: Storage, ann: Account, bob: Account) -> None:
    add(storage, ann, "k")
    add(storage, bob, "b")
    assert alive(storage, "k", "b") == ["k", "b"]
    for change, disabled in (
        (ChangeAccount("ann", stamp="ann-2"), False),
        (ChangeAccount("ann", disabled=True), True),
        (ChangeAccount("ann", disabled=False), False),
    ):
        storage.change_account(change)
        looked_up = found(storage, "k")
        assert looked_up is not None
        assert looked_up.account.disabled is disabled
    storage.delete_account(DeleteAccount("ann"))
    assert alive(storage, "k", "b") == ["b"]
    storage.add_account(AddAccount(replace(ANN, stamp="ann-later")))
    assert alive(storage, "k", "b") == ["b"]


def test_keys_that_expired_long_ago_are_cleaned_up__S2_21(storage: Storage, ann: Account) -> None:
    for number in range(4):
        add(storage, ann, f"k{number}", expires_at=NOW + number)
    add(storage, ann, "forever")
    assert storage.clean_up(CleanUp(NOW + MONTH - 0.001)) == 0
    assert [storage.clean_up(CleanUp(NOW + MONTH + 2, limit=2)) for _ in range(3)] == [2, 1, 0]
    assert [key.id for key in storage.all_keys()] == ["key-forever", "key-k3"]


def test_imported_keys_need_their_account_only__F36(storage: Storage, ann: Account, bob: Account) -> None:
    storage.change_account(ChangeAccount("bob", disabled=True))
    kept = add(storage, ann, "kept")
    keys = [
        kept,
        key_of(ann, "a1", superseded_by="key-a2", expires_at=NOW, last_used=NOW - 1, scopes=frozenset({"read"})),
        key_of(bob, "b1"),
        key_of(Account(name="nobody", stamp="x"), "n1"),
        key_of(ann, "same-id", id=kept.id),
    ]
    assert storage.put_keys(keys) == Counts(created=2, unchanged=1, refused=2)
    assert set(storage.all_keys()) == set(keys[:3])
    assert storage.put_keys(keys[:3]) == Counts(unchanged=3)


def test_lone_surrogates_name_no_key__F17(storage: Storage, ann: Account) -> None:
    key = add(storage, ann, "k")
    assert storage.list_keys(ListKeys(LONE_SURROGATE)) == ()
    assert storage.end_keys(EndKeys((LONE_SURROGATE,))) == 0
    assert storage.end_keys(EndKeys((key.id,), LONE_SURROGATE)) == 0
    assert storage.rotate_key(RotateKey(LONE_SURROGATE, "ann", key_of(ann, "new"), NOW)) is None
    assert storage.rotate_key(RotateKey(key.id, LONE_SURROGATE, key_of(ann, "new"), NOW)) is None
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.add_key(AddKey(key_of(ann, "new", name=LONE_SURROGATE)))
