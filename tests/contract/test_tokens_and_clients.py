"""Reference tokens, values that may be used once, and clients in every storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.storages import ANN, APP, BOB, NOW, family_of, fingerprint, token_of
from watchword.core.grants import Client, ReferenceToken
from watchword.core.questions import (
    AddAccount,
    AddClient,
    ChangeAccount,
    ChangeClient,
    CleanUp,
    DeleteAccount,
    DeleteClient,
    EndFamilies,
    FindClient,
    FindToken,
    FoundToken,
    KeepToken,
    ListClients,
    RevokeToken,
    SpendOnce,
    StartFamily,
)
from watchword.core.records import Account
from watchword.storage import Counts, Storage

LONE_SURROGATE = "ann\ud800"


def keep(storage: Storage, whom: Account | Client, name: str, /, **changes: Any) -> ReferenceToken:
    token = token_of(whom, name, **changes)
    assert storage.keep_token(KeepToken(token))
    return token


def found(storage: Storage, name: str) -> FoundToken | None:
    return storage.find_token(FindToken(fingerprint(name)))


# --- reference tokens ----------------------------------------------------------------------------------------------


def test_token_is_found_with_its_account_and_client(storage: Storage, ann: Account, app: Client) -> None:
    mine = keep(storage, ann, "mine")
    lent = keep(storage, ann, "lent", client_id="app", scopes=frozenset({"read"}), acr=None, audience=())
    own = keep(storage, app, "own", scopes=frozenset({"write"}))
    for _ in range(2):
        assert found(storage, "mine") == FoundToken(mine, None, ann)
        assert found(storage, "lent") == FoundToken(lent, app, ann)
        assert found(storage, "own") == FoundToken(own, app, None)
    assert found(storage, "never") is None


def test_clients_own_token_is_not_that_of_the_account_of_the_same_name__F17(storage: Storage, app: Client) -> None:
    namesake = Account(name="app", stamp="namesake-1")
    storage.add_account(AddAccount(namesake))
    own = keep(storage, app, "own")
    theirs = keep(storage, namesake, "theirs", client_id="app")
    assert found(storage, "own") == FoundToken(own, app, None)
    assert found(storage, "theirs") == FoundToken(theirs, app, namesake)
    storage.delete_account(DeleteAccount("app"))
    assert found(storage, "theirs") is None
    assert found(storage, "own") == FoundToken(own, app, None)


REFUSED: dict[str, tuple[Callable[[Storage], object], Account | Client, dict[str, Any]]] = {
    "account-gone": (lambda s: s.delete_account(DeleteAccount("ann")), ANN, {}),
    "account-disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), ANN, {}),
    "other-stamp": (lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2")), ANN, {}),
    "client-gone": (lambda s: s.delete_client(DeleteClient("app")), ANN, {"client_id": "app"}),
    "own-client-gone": (lambda s: s.delete_client(DeleteClient("app")), APP, {}),
    "own-client-disabled": (lambda s: s.change_client(ChangeClient("app", disabled=True)), APP, {}),
    "own-client-anew": (lambda s: s.change_client(ChangeClient("app", stamp="app-2")), APP, {}),
    "own-with-a-family": (lambda s: None, APP, {"family": "family-f"}),
    "scope-gone": (
        lambda s: s.change_client(ChangeClient("app", scopes=frozenset({"write"}))),
        APP,
        {"scopes": frozenset({"read"})},
    ),
    "family-ended": (lambda s: s.end_families(EndFamilies(("family-f",))), ANN, {"family": "family-f"}),
    "family-of-somebody-else": (lambda s: None, BOB, {"family": "family-f"}),
    "family-of-another-client": (lambda s: None, ANN, {"family": "family-f", "client_id": "app"}),
    "id-taken": (lambda s: None, ANN, {"id": "token-old"}),
    "fingerprint-taken": (lambda s: None, ANN, {"fingerprint": fingerprint("old")}),
}


@pytest.mark.parametrize(("before", "whom", "changes"), REFUSED.values(), ids=map("F36-{}".format, REFUSED))
def test_token_is_not_kept_where_it_could_not_be_issued_now(
    storage: Storage,
    ann: Account,
    bob: Account,
    app: Client,
    before: Callable[[Storage], object],
    whom: Account | Client,
    changes: dict[str, Any],
) -> None:
    keep(storage, bob, "old")
    storage.start_family(StartFamily(family_of(ann, "f")))
    before(storage)
    assert not storage.keep_token(KeepToken(token_of(whom, "new", **changes)))
    assert found(storage, "new") is None
    assert found(storage, "old") is not None


def test_revoked_token_is_not_found__F36(storage: Storage, ann: Account) -> None:
    keep(storage, ann, "t1")
    keep(storage, ann, "t2")
    assert found(storage, "t1") is not None
    for _ in range(2):
        storage.revoke_token(RevokeToken("token-t1", NOW + 900))
        assert found(storage, "t1") is None
    assert found(storage, "t2") is not None


def test_found_token_shows_account_and_client_as_they_are_now(storage: Storage, ann: Account, app: Client) -> None:
    token = keep(storage, ann, "lent", client_id="app", scopes=frozenset({"read"}))
    assert found(storage, "lent") == FoundToken(token, app, ann)
    changed = storage.change_account(ChangeAccount("ann", roles=frozenset()))
    assert found(storage, "lent") == FoundToken(token, app, changed)
    other = storage.change_client(ChangeClient("app", roles=frozenset({"more"})))
    assert found(storage, "lent") == FoundToken(token, other, changed)


def test_value_is_spent_once_for_each_purpose__S2_20(storage: Storage) -> None:
    for purpose, value in (("p", b"one"), ("p", b"two"), ("q", b"one"), ("", b"pone"), ("p", b""), ("", b"")):
        assert storage.spend_once(SpendOnce(purpose, value, NOW + 60))
        assert not storage.spend_once(SpendOnce(purpose, value, NOW + 90))
    for odd in (b"\xed\xa0\x80\0", b"x" * 5000):
        assert storage.spend_once(SpendOnce("p", odd, NOW + 60))
        assert not storage.spend_once(SpendOnce("p", odd, NOW + 60))


def test_expired_tokens_and_spent_values_are_cleaned_up_on_the_second__S2_21(storage: Storage, ann: Account) -> None:
    for number in range(3):
        keep(storage, ann, f"t{number}", expires_at=NOW + number)
        storage.spend_once(SpendOnce("p", b"%d" % number, NOW + number))
    assert storage.clean_up(CleanUp(NOW - 0.001)) == 0
    assert [storage.clean_up(CleanUp(NOW + 1, limit=3)) for _ in range(3)] == [3, 1, 0]
    assert storage.spend_once(SpendOnce("p", b"1", NOW + 60))
    assert not storage.spend_once(SpendOnce("p", b"2", NOW + 60))
    kept = [number for number in range(3) if storage.find_token(FindToken(fingerprint(f"t{number}"), fresh=True))]
    assert kept == [2]


# --- clients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "client",
    [APP, Client(id="bare", stamp="s"), Client(id="🦉\x00", stamp="s", roles=frozenset({"\ud800"}), disabled=True)],
    ids=["full", "bare", "unicode-F17"],
)
def test_client_is_found_as_it_was_added(storage: Storage, client: Client) -> None:
    assert storage.add_client(AddClient(client))
    assert not storage.add_client(AddClient(replace(client, stamp="mallory")))
    assert storage.find_client(FindClient(client.id)) == client
    assert storage.find_client(FindClient("nobody")) is None
    assert storage.list_clients(ListClients()) == (client,)


def test_nobody_registers_as_the_first_party__F36(storage: Storage) -> None:
    assert not storage.add_client(AddClient(replace(APP, id="watchword")))
    assert storage.put_clients([replace(APP, id="watchword")]) == Counts(refused=1)
    assert storage.find_client(FindClient("watchword")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stamp": "app-2"},
        {"secret_hash": "$new"},
        {"jwks": "{}", "redirect_uris": (), "grants": frozenset()},
        {"scopes": frozenset(), "roles": frozenset({"r"}), "disabled": True},
    ],
)
def test_change_of_a_client_leaves_what_is_none(storage: Storage, app: Client, changes: dict[str, Any]) -> None:
    expected = replace(app, **changes)
    assert storage.change_client(ChangeClient("app", **changes)) == expected
    assert storage.find_client(FindClient("app")) == expected
    assert storage.change_client(ChangeClient("nobody", **changes)) is None


def test_client_is_deleted_once_and_its_own_tokens_go_with_it__F36(storage: Storage, app: Client) -> None:
    keep(storage, app, "own")
    assert storage.delete_client(DeleteClient("app"))
    assert storage.find_client(FindClient("app")) is None
    assert not storage.delete_client(DeleteClient("app"))
    assert storage.add_client(AddClient(replace(app, stamp="app-later")))
    assert found(storage, "own") is None


def test_clients_are_listed_by_id(storage: Storage) -> None:
    clients = [Client(id=id, stamp="s") for id in ("Zoe", "app", "b", "🦉")]
    for client in reversed(clients):
        storage.add_client(AddClient(client))
    assert storage.list_clients(ListClients()) == tuple(clients)
    assert storage.list_clients(ListClients(limit=2)) == tuple(clients[:2])
    assert list(storage.all_clients()) == clients


def test_imported_client_replaces_all_but_its_age(storage: Storage, app: Client) -> None:
    given = Client(id="app", stamp=app.stamp, scopes=frozenset({"read"}), created_at=NOW)
    assert storage.put_clients([given, APP, Client(id="new", stamp="n")]) == Counts(created=1, changed=2)
    assert storage.find_client(FindClient("app")) == APP
    storage.put_clients([given])
    assert storage.find_client(FindClient("app")) == replace(given, created_at=app.created_at)
    assert storage.put_clients([given]) == Counts(unchanged=1)


def test_lone_surrogates_name_no_client_and_no_token__F17(storage: Storage, ann: Account, app: Client) -> None:
    assert storage.find_client(FindClient(LONE_SURROGATE)) is None
    assert storage.change_client(ChangeClient(LONE_SURROGATE, disabled=True)) is None
    assert not storage.delete_client(DeleteClient(LONE_SURROGATE))
    assert storage.end_families(EndFamilies((LONE_SURROGATE,))) == 0
    assert storage.end_families(EndFamilies(("x",), LONE_SURROGATE)) == 0
    storage.revoke_token(RevokeToken(LONE_SURROGATE, NOW))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.add_client(AddClient(Client(id=LONE_SURROGATE, stamp="s")))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.keep_token(KeepToken(token_of(ann, "t", id=LONE_SURROGATE)))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.start_family(StartFamily(family_of(ann, "f", device=LONE_SURROGATE)))
    assert list(storage.all_families()) == []
