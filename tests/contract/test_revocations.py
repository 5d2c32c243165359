"""What caches and verifiers are told of changes by every storage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.storages import (
    ANN,
    APP,
    NOW,
    credential_of,
    family_of,
    fingerprint,
    key_of,
    spend_of,
    sqlite_file,
    token_of,
)
from watchword.core.credentials import TOTP
from watchword.core.grants import Client, state_of, state_of_client
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
    EndKeys,
    EndSessions,
    IssueAuthToken,
    KeepToken,
    RevokeToken,
    RotateKey,
    SpendCredential,
    SpendOnce,
    StartFamily,
    TouchKey,
)
from watchword.core.records import Account
from watchword.core.revocations import Knowledge, Revocation, Revocations, Revoked, SelfContained, Standing
from watchword.storage import Changes, Storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.noted import KEPT_FOR, PAGE
from watchword.storage.sql.sqlite import SqliteStorage

Step = Callable[[Storage], object]


def furnish(storage: Storage) -> None:
    """A family with a reference token, one of them a client's; the client's own token; a key."""
    storage.start_family(StartFamily(family_of(ANN, "f")))
    storage.start_family(StartFamily(family_of(ANN, "lent", client_id="app", scopes=frozenset({"write"}))))
    storage.keep_token(KeepToken(token_of(ANN, "t", family="family-f")))
    storage.keep_token(KeepToken(token_of(APP, "own")))
    storage.add_key(AddKey(key_of(ANN, "k")))


def told(revocations: Revocations) -> list[Revocation]:
    """Without the instants, which must be about now."""
    for entry in revocations.entries:
        assert abs(entry.at - time.time()) < 60 or entry.at == NOW + 900
    return [replace(entry, at=0) for entry in revocations.entries]


def account(account: Account | None) -> Revocation:
    return Revocation(at=0, what=Revoked.ACCOUNT, key="ann", state=None if account is None else state_of(account))


def client(client: Client | None) -> Revocation:
    if client is None:
        return Revocation(at=0, what=Revoked.CLIENT, key="app")
    return Revocation(at=0, what=Revoked.CLIENT, key="app", state=state_of_client(client), scopes=client.scopes)


def family(id: str) -> Revocation:
    return Revocation(at=0, what=Revoked.FAMILY, key=id)


READ = frozenset({"read"})
NEW_STAMP, NO_ROLES = replace(ANN, stamp="ann-2"), replace(ANN, roles=frozenset())
BOTH = [family("family-f"), family("family-lent")]

# Each change, what caches are told, and what verifiers are told.
TOLD: dict[str, tuple[Step, Changes, list[Revocation]]] = {
    "password": (
        lambda s: s.change_account(ChangeAccount("ann", stamp="ann-2")),
        Changes(seq=0, accounts=("ann",)),
        [account(NEW_STAMP)],
    ),
    "roles": (
        lambda s: s.change_account(ChangeAccount("ann", roles=frozenset())),
        Changes(seq=0, accounts=("ann",)),
        [account(NO_ROLES)],
    ),
    "twice-one-entry": (
        lambda s: [
            s.change_account(ChangeAccount("ann", roles=frozenset({"x"}))),
            s.change_account(ChangeAccount("ann", roles=frozenset())),
        ],
        Changes(seq=0, accounts=("ann", "ann")),
        [account(NO_ROLES)],
    ),
    "attributes": (
        lambda s: s.change_account(ChangeAccount("ann", attributes={"k": "v"})),
        Changes(seq=0, accounts=("ann",)),
        [],
    ),
    "upgraded-hash": (
        lambda s: s.change_account(ChangeAccount("ann", password_hash="$better")),
        Changes(seq=0, accounts=("ann",)),
        [],
    ),
    "auth-token": (
        lambda s: s.issue_auth_token(IssueAuthToken("ann", NOW, 60)),
        Changes(seq=0, accounts=("ann",)),
        [],
    ),
    "disabled": (
        lambda s: s.change_account(ChangeAccount("ann", disabled=True)),
        Changes(seq=0, accounts=("ann",)),
        [account(None)],
    ),
    "deleted": (
        lambda s: s.delete_account(DeleteAccount("ann")),
        Changes(seq=0, accounts=("ann",)),
        [*BOTH, account(None)],
    ),
    "deleted-and-made-anew": (
        lambda s: [s.delete_account(DeleteAccount("ann")), s.add_account(AddAccount(NEW_STAMP))],
        Changes(seq=0, accounts=("ann", "ann")),
        [*BOTH, account(NEW_STAMP)],
    ),
    "new-account": (lambda s: s.add_account(AddAccount(Account(name="new", stamp="n"))), Changes(seq=0), []),
    "everybodys-sessions": (lambda s: s.end_sessions(EndSessions(None)), Changes(seq=0), []),
    "family-ended": (
        lambda s: s.end_families(EndFamilies(("family-f",))),
        Changes(seq=0, tokens=(fingerprint("t"),)),
        [family("family-f")],
    ),
    "rotated": (lambda s: s.spend_refresh(spend_of("f", 0)), Changes(seq=0), []),
    "reused": (
        lambda s: [s.spend_refresh(spend_of("f", 0)), s.spend_refresh(spend_of("f", 0, client=b"a thief"))],
        Changes(seq=0, tokens=(fingerprint("t"),)),
        [family("family-f")],
    ),
    "evicted": (
        lambda s: s.start_family(StartFamily(family_of(ANN, "new", created_at=NOW + 1), most=2)),
        Changes(seq=0, tokens=(fingerprint("t"),)),
        [family("family-f")],
    ),
    "expired": (lambda s: s.spend_refresh(spend_of("f", 0, now=NOW + 86_400)), Changes(seq=0), []),
    "token-revoked": (
        lambda s: s.revoke_token(RevokeToken("token-t", NOW + 900)),
        Changes(seq=0, tokens=(fingerprint("t"),)),
        [Revocation(at=0, what=Revoked.TOKEN, key="token-t")],
    ),
    "jwt-revoked": (
        lambda s: s.revoke_token(RevokeToken("jti-🦉", 0)),
        Changes(seq=0),
        [Revocation(at=0, what=Revoked.TOKEN, key="jti-🦉")],
    ),
    "spent": (lambda s: s.spend_once(SpendOnce("once", b"value", NOW)), Changes(seq=0), []),
    "credentials": (
        lambda s: s.add_credentials(AddCredentials((credential_of(ANN, "c1"),))),
        Changes(seq=0, accounts=("ann",)),
        [],
    ),
    "second-factor": (
        lambda s: [
            s.add_credentials(AddCredentials((credential_of(ANN, "c1"),))),
            s.confirm_second_factor(ConfirmSecondFactor("ann", "credential-c1", "ann-2")),
        ],
        Changes(seq=0, accounts=("ann", "ann")),
        [account(NEW_STAMP)],
    ),
    "credentials-ended": (
        lambda s: [
            s.put_credentials([credential_of(ANN, "c1", confirmed=True)]),
            s.end_credentials(EndCredentials("ann", id="credential-none")),
            s.end_credentials(EndCredentials("ann")),
            s.end_credentials(EndCredentials("ann")),
        ],
        Changes(seq=0, accounts=("ann", "ann")),
        [],
    ),
    "credential-spent": (
        lambda s: [
            s.put_credentials([credential_of(ANN, "c1")] * 2),
            s.spend_credential(SpendCredential("ann", TOTP, b"another")),
            s.spend_credential(SpendCredential("ann", TOTP, b"sealed c1")),
            s.spend_credential(SpendCredential("ann", TOTP, b"sealed c1")),
        ],
        Changes(seq=0, accounts=("ann", "ann")),
        [],
    ),
    "client-narrowed": (
        lambda s: s.change_client(ChangeClient("app", scopes=READ)),
        Changes(seq=0, clients=("app",)),
        [family("family-lent"), client(replace(APP, scopes=READ))],
    ),
    "client-disabled": (
        lambda s: s.change_client(ChangeClient("app", disabled=True)),
        Changes(seq=0, clients=("app",)),
        [family("family-lent"), client(None)],
    ),
    "client-roles": (
        lambda s: s.change_client(ChangeClient("app", roles=frozenset())),
        Changes(seq=0, clients=("app",)),
        [client(replace(APP, roles=frozenset()))],
    ),
    "client-made-anew": (
        lambda s: [s.delete_client(DeleteClient("app")), s.add_client(AddClient(replace(APP, stamp="app-2")))],
        Changes(seq=0, clients=("app", "app")),
        [family("family-lent"), client(replace(APP, stamp="app-2"))],
    ),
    "new-client": (lambda s: s.add_client(AddClient(replace(APP, id="new"))), Changes(seq=0), []),
    "key-ended": (lambda s: s.end_keys(EndKeys(("key-k",))), Changes(seq=0, keys=(fingerprint("k"),)), []),
    "key-rotated": (
        lambda s: s.rotate_key(RotateKey("key-k", "ann", key_of(ANN, "k2"), NOW)),
        Changes(seq=0, keys=(fingerprint("k"),)),
        [],
    ),
    "cleaned-up": (
        lambda s: [
            s.add_key(AddKey(key_of(ANN, "over", expires_at=NOW - 40 * 86_400))),
            s.clean_up(CleanUp(NOW + 86_400)),
        ],
        Changes(seq=0, tokens=(fingerprint("t"), fingerprint("own")), keys=(fingerprint("over"),)),
        [],
    ),
    "key-added": (lambda s: s.add_key(AddKey(key_of(ANN, "k2"))), Changes(seq=0), []),
    "key-used": (lambda s: s.touch_key(TouchKey(fingerprint("k"), NOW)), Changes(seq=0), []),
}


@pytest.mark.parametrize(("change", "for_caches", "for_verifiers"), TOLD.values(), ids=TOLD)
def test_caches_and_verifiers_are_told_in_the_same_step__F36(
    storage: Storage,
    ann: Account,
    app: Client,
    change: Step,
    for_caches: Changes,
    for_verifiers: list[Revocation],
) -> None:
    furnish(storage)
    before = storage.changes_since(-1).seq
    version = storage.version()
    change(storage)
    news = storage.changes_since(before)
    assert replace(news, tokens=tuple(sorted(news.tokens))) == replace(
        for_caches, seq=news.seq, tokens=tuple(sorted(for_caches.tokens))
    )
    if news.seq != before:
        assert storage.version() != version
    since = storage.revocations_since(before)
    assert (since.since, since.whole) == (before, False)
    assert since.until == news.seq
    assert sorted(told(since), key=repr) == sorted(for_verifiers, key=repr)
    assert storage.revocations_since(since.until) == Revocations(since=since.until, until=since.until, entries=())
    whole = storage.revocations_since(-1)
    assert whole.whole
    assert whole.until == since.until
    assert sorted(told(whole), key=repr) == sorted(for_verifiers, key=repr)


# --- standing ------------------------------------------------------------------------------------------------------

MINE = SelfContained(
    subject="ann",
    state=state_of(ANN),
    client_id="watchword",
    token_id="jti",
    family="family-f",
    scopes=None,
    issued_at=NOW,
)
UNLINKED = replace(MINE, family=None)
LENT = replace(MINE, client_id="app", family="family-lent", scopes=frozenset({"write"}))
OWN = replace(
    MINE, subject="client:app", state=state_of_client(APP), client_id="app", family=None, scopes=frozenset({"write"})
)
GOOD, OUTDATED, REVOKED = Standing.GOOD, Standing.OUTDATED, Standing.REVOKED
NEVER: Step = lambda s: None  # noqa: E731 - a row of the table

# What becomes of the account's own token, of one without a family, of one lent to the client, and of the client's own.
STANDINGS: dict[str, tuple[Step, tuple[Standing, Standing, Standing, Standing]]] = {
    "nothing": (NEVER, (GOOD, GOOD, GOOD, GOOD)),
    "password": (TOLD["password"][0], (OUTDATED, OUTDATED, OUTDATED, GOOD)),
    "roles": (TOLD["roles"][0], (OUTDATED, OUTDATED, OUTDATED, GOOD)),
    "roles-back": (
        lambda s: [TOLD["roles"][0](s), s.change_account(ChangeAccount("ann", roles=ANN.roles))],
        (GOOD, GOOD, GOOD, GOOD),
    ),
    "disabled": (TOLD["disabled"][0], (REVOKED, REVOKED, REVOKED, GOOD)),
    "disabled-and-enabled": (
        lambda s: [TOLD["disabled"][0](s), s.change_account(ChangeAccount("ann", disabled=False))],
        (OUTDATED, OUTDATED, OUTDATED, GOOD),
    ),
    "deleted": (TOLD["deleted"][0], (REVOKED, REVOKED, REVOKED, GOOD)),
    "made-anew": (TOLD["deleted-and-made-anew"][0], (REVOKED, OUTDATED, REVOKED, GOOD)),
    "imported-again": (
        lambda s: [TOLD["deleted"][0](s), s.put_accounts([ANN])],
        (REVOKED, GOOD, REVOKED, GOOD),
    ),
    "family-ended": (TOLD["family-ended"][0], (REVOKED, GOOD, GOOD, GOOD)),
    "reused": (TOLD["reused"][0], (REVOKED, GOOD, GOOD, GOOD)),
    "sessions-ended": (lambda s: s.end_sessions(EndSessions(None)), (GOOD, GOOD, GOOD, GOOD)),
    "revoked-by-id": (lambda s: s.revoke_token(RevokeToken("jti", NOW)), (REVOKED, REVOKED, REVOKED, REVOKED)),
    "client-narrowed": (TOLD["client-narrowed"][0], (GOOD, GOOD, REVOKED, REVOKED)),
    "client-disabled": (TOLD["client-disabled"][0], (GOOD, GOOD, REVOKED, REVOKED)),
    "client-made-anew": (TOLD["client-made-anew"][0], (GOOD, GOOD, REVOKED, REVOKED)),
    "client-widened": (
        lambda s: s.change_client(ChangeClient("app", scopes=APP.scopes | {"more"})),
        (GOOD, GOOD, GOOD, GOOD),
    ),
    "client-secret": (lambda s: s.change_client(ChangeClient("app", secret_hash="$2")), (GOOD, GOOD, GOOD, GOOD)),
}


@pytest.mark.parametrize(("change", "expected"), STANDINGS.values(), ids=map("F36-{}".format, STANDINGS))
def test_tokens_stand_as_the_changes_left_them__S2_20(
    storage: Storage, ann: Account, app: Client, change: Step, expected: tuple[Standing, ...]
) -> None:
    """For a verifier that hears of it at once, for one that hears later, and for one that has just come."""
    furnish(storage)
    at_once, late = Knowledge(), Knowledge()
    assert at_once.hear(storage.revocations_since(-1))
    change(storage)
    assert at_once.hear(storage.revocations_since(at_once.until))
    assert late.hear(storage.revocations_since(-1))
    for knowledge in (at_once, late):
        assert tuple(knowledge.standing(token) for token in (MINE, UNLINKED, LENT, OWN)) == expected


# --- pages, and what is kept ---------------------------------------------------------------------------------------


def many(count: int) -> list[Account]:
    return [Account(name=f"user{number:05}", stamp="1") for number in range(count)]


def changed(accounts: Iterable[Account]) -> list[Account]:
    return [replace(account, roles=frozenset({"new"})) for account in accounts]


def test_news_are_told_in_pages_and_everything_at_once__F38(storage: Storage) -> None:
    accounts = many(2 * PAGE + 500)
    storage.put_accounts(accounts)
    storage.add_client(AddClient(APP))
    before = storage.revocations_since(-1)
    assert before.entries == ()
    storage.put_accounts(changed(accounts))
    names: list[str] = []
    pages: list[int] = []
    until = before.until
    while (page := storage.revocations_since(until)).until != until:
        assert not page.whole
        assert page.since == until
        names += [entry.key for entry in page.entries]
        pages.append(len(page.entries))
        until = page.until
    assert pages == [PAGE, PAGE, 500]
    assert names == [account.name for account in accounts]
    for seq in (-1, until + 1, 10**9):
        whole = storage.revocations_since(seq)
        assert (whole.whole, whole.until, len(whole.entries)) == (True, until, len(accounts))
        state = state_of(changed(accounts[:1])[0])
        assert {entry.state for entry in whole.entries} == {state}


def test_changes_that_concern_no_verifier_fill_no_page(storage: Storage, ann: Account) -> None:
    before = storage.revocations_since(-1).until
    for number in range(PAGE + 10):
        storage.change_account(ChangeAccount("ann", attributes={"n": str(number)}))
    storage.revoke_token(RevokeToken("jti", 0))
    news = storage.revocations_since(before)
    assert [entry.key for entry in news.entries] == ["jti"]
    assert news.until == storage.changes_since(-1).seq


@pytest.fixture(params=["memory", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterable[Callable[[float], Storage]]:
    """Opens a storage that keeps changes for so long."""
    stores: list[Storage] = []

    def opened(keep_changes_for: float) -> Storage:
        stores.append(
            MemoryStorage(keep_changes_for)
            if request.param == "memory"
            else SqliteStorage(sqlite_file(tmp_path / "data"), keep_changes_for=keep_changes_for)
        )
        return stores[-1]

    yield opened
    for storage in stores:
        storage.close()


@pytest.mark.parametrize("keep", [KEPT_FOR, 100_000.0])
def test_revocations_are_kept_as_long_as_they_must_be__S2_21__F36(
    opened: Callable[[float], Storage], keep: float
) -> None:
    storage = opened(keep)
    assert storage.keeps_changes_for == keep
    storage.add_account(AddAccount(ANN))
    first = storage.revocations_since(-1).until
    storage.delete_account(DeleteAccount("ann"))
    deleted = storage.revocations_since(first)
    storage.add_client(AddClient(APP))
    storage.change_client(ChangeClient("app", secret_hash="$2"))
    for _ in range(2):
        storage.clean_up(CleanUp(time.time() + keep - 60))
        assert storage.revocations_since(first).entries[0].key == "ann"
    storage.clean_up(CleanUp(time.time() + keep + 60))
    for seq in (first, deleted.until):
        whole = storage.revocations_since(seq)
        assert whole.whole
        assert [entry.key for entry in whole.entries] == ["app"]  # the newest is never forgotten
    assert storage.changes_since(first).everything
    # Nobody remembers the account that was deleted, so it is merely new.
    assert storage.add_account(AddAccount(replace(ANN, stamp="ann-2")))
    assert storage.revocations_since(whole.until).entries == ()


def test_revoked_token_is_remembered_until_it_expires__S2_21(opened: Callable[[float], Storage]) -> None:
    """However long it lives, though tokens are given shorter lives now."""
    storage = opened(3600)
    now = time.time()
    storage.revoke_token(RevokeToken("long", now + 50_000))
    storage.revoke_token(RevokeToken("short", now + 60))
    storage.revoke_token(RevokeToken("last", now))
    storage.clean_up(CleanUp(now + 50_000))
    assert [entry.key for entry in storage.revocations_since(-1).entries] == ["long", "short", "last"]
    storage.clean_up(CleanUp(now + 50_000 + 3601))
    assert [entry.key for entry in storage.revocations_since(-1).entries] == ["last"]


def test_what_is_kept_of_changes_has_no_gaps__F8(
    opened: Callable[[float], Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes back between two changes: neither is forgotten before the other is."""
    storage = opened(3600)
    storage.add_account(AddAccount(ANN))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 10_000)
    storage.revoke_token(RevokeToken("ahead", 0))
    ahead = storage.revocations_since(-1).until
    monkeypatch.setattr(time, "time", lambda: now)
    storage.revoke_token(RevokeToken("behind", 0))
    storage.revoke_token(RevokeToken("last", 0))
    storage.clean_up(CleanUp(now + 5000))
    assert [entry.key for entry in storage.revocations_since(ahead).entries] == ["behind", "last"]
