"""Credentials beside the password in every storage: who has them, when they count, and what ends with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.storages import ANN, BOB, NOW, credential_of, family_of, fingerprint, session_of
from watchword.core.credentials import DIGEST, RECOVERY_CODE, TOTP, Credential
from watchword.core.questions import (
    AddAccount,
    AddCredentials,
    ChangeAccount,
    ConfirmSecondFactor,
    DeleteAccount,
    EndCredentials,
    FindAccount,
    FindCredentials,
    FindFamily,
    FindSession,
    FoundSession,
    IssueAuthToken,
    SpendCredential,
    StartFamily,
    StartSession,
)
from watchword.core.records import Account
from watchword.storage import Counts, Storage
from watchword.storage.memory import MemoryStorage

LONE_SURROGATE = "ann\ud800"
PHONE = credential_of(ANN, "phone", label="", created_at=NOW - 2)
WATCH = credential_of(ANN, "watch", created_at=NOW - 1)
DIGEST_SECRET = credential_of(ANN, "digest", kind=DIGEST, confirmed=True, secret=b"\x00\xff")
CODES = tuple(
    credential_of(ANN, f"code{number}", kind=RECOVERY_CODE, confirmed=True, secret=fingerprint(f"code{number}"))
    for number in range(3)
)
CONFIRM = ConfirmSecondFactor("ann", PHONE.id, "ann-2", amr=frozenset({"pwd", "otp"}), acr="mfa")


def add(storage: Storage, *credentials: Credential, **how: Any) -> bool:
    return storage.add_credentials(AddCredentials(credentials, **how))


def kept(storage: Storage, name: str = "ann") -> tuple[Credential, ...]:
    return storage.find_credentials(FindCredentials(name))


def account_of(storage: Storage, name: str = "ann") -> Account:
    account = storage.find_account(FindAccount(name))
    assert account is not None
    return account


def confirmed(credential: Credential) -> Credential:
    return replace(credential, confirmed=True)


def protect(storage: Storage) -> None:
    """Two authenticators, of which the first is confirmed, and recovery codes."""
    assert add(storage, PHONE, WATCH)
    assert add(storage, *CODES)
    assert storage.confirm_second_factor(CONFIRM)


# --- adding --------------------------------------------------------------------------------------------------------


def test_credentials_are_found_as_they_were_added_oldest_first(storage: Storage, ann: Account, bob: Account) -> None:
    theirs = credential_of(bob, "b")
    assert kept(storage) == ()
    assert add(storage, DIGEST_SECRET, WATCH)
    assert add(storage, theirs)
    assert add(storage, *reversed(CODES))
    assert add(storage, PHONE)
    for _ in range(2):
        assert kept(storage) == (PHONE, WATCH, *CODES, DIGEST_SECRET)
        assert kept(storage, "bob") == (theirs,)
        assert kept(storage, "nobody") == ()
    assert storage.find_credentials(FindCredentials("ann", fresh=True)) == kept(storage)
    assert account_of(storage) == ann


NEW = credential_of(ANN, "new")
REFUSED: dict[str, tuple[Callable[[Storage], object], tuple[Credential, ...], dict[str, Any]]] = {
    "account-gone": (lambda s: s.delete_account(DeleteAccount("ann")), (NEW,), {}),
    "account-disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), (NEW,), {}),
    "too-many": (lambda s: None, (NEW,), {"most": 2}),
    "too-many-at-once": (lambda s: None, (NEW, credential_of(ANN, "more")), {"most": 1, "replacing": True}),
    "too-many-of-one-kind": (lambda s: None, (replace(DIGEST_SECRET, id="d2"), NEW), {"most": 2}),
    "id-taken": (lambda s: None, (NEW, replace(NEW, id=WATCH.id)), {}),
    "id-taken-by-what-it-replaces": (lambda s: None, (replace(NEW, id=WATCH.id),), {"replacing": True}),
    "id-of-somebody-else": (lambda s: None, (replace(NEW, id="credential-b"),), {}),
    "id-twice": (lambda s: None, (NEW, replace(NEW, secret=b"other")), {}),
}


@pytest.mark.parametrize(("before", "new", "how"), REFUSED.values(), ids=map("F36-{}".format, REFUSED))
def test_credentials_that_may_not_be_added_change_nothing(
    storage: Storage,
    ann: Account,
    bob: Account,
    before: Callable[[Storage], object],
    new: tuple[Credential, ...],
    how: dict[str, Any],
) -> None:
    assert add(storage, PHONE, WATCH)
    assert add(storage, credential_of(bob, "b"))
    before(storage)
    there = kept(storage)
    seq = storage.changes_since(-1).seq
    assert not add(storage, *new, **how)
    assert kept(storage) == there
    assert storage.changes_since(seq).accounts == ()


def test_as_many_as_may_be_are_added(storage: Storage, ann: Account) -> None:
    assert add(storage, PHONE, *CODES, most=3)
    assert add(storage, WATCH, NEW, most=3)
    assert not add(storage, credential_of(ann, "fourth"), most=3)
    assert not add(storage, credential_of(ann, "code3", kind=RECOVERY_CODE), most=3)


def test_new_ones_replace_those_of_their_kind_only(storage: Storage, ann: Account) -> None:
    protect(storage)
    fresh = tuple(replace(code, id=f"{code.id}-2", secret=fingerprint(code.id)) for code in CODES)
    assert add(storage, *fresh, replacing=True, most=3)
    assert kept(storage) == (confirmed(PHONE), WATCH, *fresh)
    assert add(storage, NEW, replacing=True, most=1)
    assert {credential.id for credential in kept(storage)} == {NEW.id, *(code.id for code in fresh)}
    assert account_of(storage).second_factor  # only confirming and ending changes what the account needs
    assert add(storage, PHONE)  # its id is free again


def test_credentials_of_two_accounts_are_not_added_at_once(storage: Storage, ann: Account, bob: Account) -> None:
    for credentials in ((PHONE, credential_of(bob, "b")), ()):
        with pytest.raises(ValueError, match="unpack"):
            add(storage, *credentials)
    assert kept(storage) == kept(storage, "bob") == ()


# --- confirming ----------------------------------------------------------------------------------------------------


def test_confirmed_factor_is_needed_and_ends_what_the_password_alone_had_proven__F36(
    storage: Storage, ann: Account, bob: Account
) -> None:
    mine, other, bobs = (session_of(whom, name) for whom, name in ((ann, "mine"), (ann, "other"), (bob, "bobs")))
    for session in (mine, other, bobs):
        assert storage.start_session(StartSession(session))
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900))
    storage.start_family(StartFamily(family_of(ann, "f")))
    assert add(storage, PHONE, WATCH)
    assert storage.find_session(FindSession(mine.fingerprint)) is not None
    before = storage.changes_since(-1).seq
    assert storage.confirm_second_factor(replace(CONFIRM, keep=mine.fingerprint))
    after = replace(ann, stamp="ann-2", second_factor=True)
    assert account_of(storage) == after
    assert kept(storage) == (confirmed(PHONE), WATCH)
    carried = replace(mine, stamp="ann-2", amr=frozenset({"pwd", "otp"}), acr="mfa")
    assert storage.find_session(FindSession(mine.fingerprint)) == FoundSession(carried, after)
    assert storage.find_session(FindSession(other.fingerprint)) is None
    assert storage.find_session(FindSession(bobs.fingerprint)) == FoundSession(bobs, bob)
    assert storage.find_family(FindFamily(fingerprint("f")[:12])) is None
    assert storage.changes_since(before).accounts == ("ann",)
    assert [entry.key for entry in storage.revocations_since(before).entries if entry.state] == ["ann"]


UNCONFIRMED: dict[str, tuple[Callable[[Storage], object], dict[str, Any]]] = {
    "account-gone": (lambda s: s.delete_account(DeleteAccount("ann")), {}),
    "account-disabled": (lambda s: s.change_account(ChangeAccount("ann", disabled=True)), {}),
    "credential-gone": (lambda s: s.end_credentials(EndCredentials("ann", id=PHONE.id)), {}),
    "confirmed-already": (lambda s: s.confirm_second_factor(CONFIRM), {"stamp": "ann-3"}),
    "of-somebody-else": (lambda s: None, {"subject": "bob"}),
    "no-second-factor": (lambda s: None, {"id": "credential-unproven"}),
    "unknown": (lambda s: None, {"id": "credential-none"}),
}


@pytest.mark.parametrize(("before", "changes"), UNCONFIRMED.values(), ids=map("F36-{}".format, UNCONFIRMED))
def test_what_cannot_be_confirmed_changes_nothing(
    storage: Storage, ann: Account, bob: Account, before: Callable[[Storage], object], changes: dict[str, Any]
) -> None:
    assert add(storage, PHONE, WATCH, credential_of(ann, "unproven", kind=DIGEST))
    before(storage)
    now = storage.find_account(FindAccount("ann"))
    if now is not None and not now.disabled:
        assert storage.start_session(StartSession(session_of(now, "a1")))
    found, there, seq = storage.find_session(FindSession(fingerprint("a1"))), kept(storage), storage.changes_since(-1)
    question = replace(CONFIRM, keep=fingerprint("a1"), **changes)
    assert not storage.confirm_second_factor(question)
    assert storage.find_account(FindAccount("ann")) == now
    assert account_of(storage, "bob") == bob
    assert kept(storage) == there
    assert storage.find_session(FindSession(fingerprint("a1"))) == found
    assert storage.changes_since(-1) == seq


def test_kept_session_of_somebody_else_is_not_stepped_up__F36(storage: Storage, ann: Account, bob: Account) -> None:
    theirs = session_of(bob, "b1")
    storage.start_session(StartSession(theirs))
    assert add(storage, PHONE)
    assert storage.confirm_second_factor(replace(CONFIRM, keep=theirs.fingerprint))
    assert storage.find_session(FindSession(theirs.fingerprint)) == FoundSession(theirs, bob)


# --- ending --------------------------------------------------------------------------------------------------------

# What is asked, how many of those that were meant end, which are left, and whether the account needs a second factor.
ENDED: dict[str, tuple[EndCredentials, int, list[str], bool]] = {
    "all": (EndCredentials("ann"), 6, [], False),
    "every-authenticator": (EndCredentials("ann", kind=TOTP), 2, ["digest"], False),
    "the-confirmed-one": (EndCredentials("ann", id=PHONE.id), 1, ["watch", "digest"], False),
    "the-unconfirmed-one": (
        EndCredentials("ann", id=WATCH.id),
        1,
        ["phone", "code0", "code1", "code2", "digest"],
        True,
    ),
    "recovery-codes": (EndCredentials("ann", kind=RECOVERY_CODE), 3, ["phone", "watch", "digest"], True),
    "one-code": (EndCredentials("ann", id=CODES[1].id), 1, ["phone", "watch", "code0", "code2", "digest"], True),
    "digest": (EndCredentials("ann", kind=DIGEST), 1, ["phone", "watch", "code0", "code1", "code2"], True),
    "another-kind": (
        EndCredentials("ann", kind=DIGEST, id=PHONE.id),
        0,
        ["phone", "watch", "code0", "code1", "code2", "digest"],
        True,
    ),
    "unknown": (
        EndCredentials("ann", id="credential-none"),
        0,
        ["phone", "watch", "code0", "code1", "code2", "digest"],
        True,
    ),
}


@pytest.mark.parametrize(("question", "ended", "left", "needed"), ENDED.values(), ids=ENDED)
def test_end_of_the_last_factor_ends_the_need_and_the_recovery_codes(
    storage: Storage, ann: Account, bob: Account, question: EndCredentials, ended: int, left: list[str], needed: bool
) -> None:
    protect(storage)
    assert add(storage, DIGEST_SECRET)
    assert add(storage, credential_of(bob, "b", confirmed=True))
    assert len(kept(storage)) == 6
    before = account_of(storage)
    assert storage.end_credentials(question) == ended
    assert [credential.id.removeprefix("credential-") for credential in kept(storage)] == left
    assert account_of(storage) == replace(before, second_factor=needed)
    assert len(kept(storage, "bob")) == 1
    assert storage.end_credentials(question) == 0


def test_second_of_two_confirmed_factors_goes_on_being_needed(storage: Storage, ann: Account) -> None:
    protect(storage)
    assert storage.confirm_second_factor(replace(CONFIRM, id=WATCH.id, stamp="ann-3"))
    assert storage.end_credentials(EndCredentials("ann", id=PHONE.id)) == 1
    assert account_of(storage).second_factor
    assert kept(storage) == (confirmed(WATCH), *CODES)


@pytest.mark.parametrize(
    ("question", "rescued"),
    [
        (EndCredentials("ann"), True),
        (EndCredentials("ann", kind=TOTP), True),
        (EndCredentials("ann", kind=DIGEST), False),
        (EndCredentials("ann", id="credential-none"), False),
    ],
)
def test_need_without_any_factor_is_ended_on_purpose_only(
    storage: Storage, question: EndCredentials, rescued: bool
) -> None:
    storage.add_account(AddAccount(replace(ANN, second_factor=True)))
    assert add(storage, DIGEST_SECRET)
    storage.end_credentials(question)
    assert account_of(storage).second_factor is not rescued


@pytest.mark.parametrize("change", ["deleted", "disabled"])
def test_credentials_go_with_their_account_and_stay_while_it_is_disabled__F36(
    storage: Storage, ann: Account, change: str
) -> None:
    protect(storage)
    there = kept(storage)
    if change == "disabled":
        storage.change_account(ChangeAccount("ann", disabled=True))
        assert kept(storage) == there
        assert account_of(storage).second_factor
        return
    storage.delete_account(DeleteAccount("ann"))
    assert kept(storage) == ()
    assert list(storage.all_credentials()) == []
    storage.add_account(AddAccount(ANN))
    assert kept(storage) == ()
    assert not account_of(storage).second_factor
    assert add(storage, PHONE)


def test_changes_of_the_account_leave_what_it_needs(storage: Storage, ann: Account) -> None:
    protect(storage)
    storage.change_account(ChangeAccount("ann", stamp="ann-9", password_hash="$new", roles=frozenset()))
    assert account_of(storage).second_factor
    assert kept(storage)[0] == confirmed(PHONE)


# --- spending ------------------------------------------------------------------------------------------------------


def test_recovery_code_is_spent_once(storage: Storage, ann: Account, bob: Account) -> None:
    protect(storage)
    for wrong in (
        SpendCredential("bob", RECOVERY_CODE, CODES[0].secret),
        SpendCredential("ann", TOTP, CODES[0].secret),
        SpendCredential("ann", RECOVERY_CODE, fingerprint("guessed")),
        SpendCredential("ann", RECOVERY_CODE, b""),
    ):
        assert not storage.spend_credential(wrong)
    right = SpendCredential("ann", RECOVERY_CODE, CODES[0].secret)
    assert len(kept(storage)) == 5
    assert storage.spend_credential(right)
    assert kept(storage) == (confirmed(PHONE), WATCH, *CODES[1:])
    assert not storage.spend_credential(right)


def test_last_recovery_code_leaves_the_need(storage: Storage, ann: Account) -> None:
    protect(storage)
    for code in CODES:
        assert storage.spend_credential(SpendCredential("ann", RECOVERY_CODE, code.secret))
    assert account_of(storage).second_factor
    assert kept(storage) == (confirmed(PHONE), WATCH)


def test_of_two_that_are_alike_one_is_spent(storage: Storage, ann: Account) -> None:
    assert add(storage, CODES[1], replace(CODES[0], secret=CODES[1].secret))
    spend = SpendCredential("ann", RECOVERY_CODE, CODES[1].secret)
    assert storage.spend_credential(spend)
    assert kept(storage) == (CODES[1],)
    assert [storage.spend_credential(spend) for _ in range(2)] == [True, False]


# --- import and export ---------------------------------------------------------------------------------------------


def test_imported_credentials_are_kept_once(storage: Storage, ann: Account, bob: Account) -> None:
    assert add(storage, credential_of(bob, "b"))
    given = [
        PHONE,
        *CODES,
        credential_of(Account(name="nobody", stamp="x"), "n"),
        credential_of(ann, "b"),  # has an id of bob's
    ]
    assert storage.put_credentials(iter(given)) == Counts(created=4, refused=2)
    assert kept(storage) == (PHONE, *CODES)
    assert storage.put_credentials(given) == Counts(unchanged=4, refused=2)
    named = replace(PHONE, label="renamed")
    assert storage.put_credentials([replace(named, created_at=NOW)]) == Counts(changed=1)
    assert kept(storage) == (named, *CODES)
    assert account_of(storage) == ann
    assert len(kept(storage, "bob")) == 1


def test_import_takes_no_second_factor_away__F36(storage: Storage, ann: Account) -> None:
    assert storage.put_credentials([confirmed(PHONE)]) == Counts(created=1)
    assert account_of(storage) == replace(ann, second_factor=True)
    assert storage.put_credentials([PHONE]) == Counts(unchanged=1)
    assert kept(storage) == (confirmed(PHONE),)
    assert storage.put_accounts([ann]) == Counts(unchanged=1)
    assert storage.put_accounts([replace(ann, roles=frozenset())]) == Counts(changed=1)
    assert account_of(storage).second_factor
    assert storage.put_accounts([replace(BOB, second_factor=True)]) == Counts(created=1)
    assert account_of(storage, "bob").second_factor


def test_imported_factor_counts_once_it_is_confirmed(storage: Storage, ann: Account) -> None:
    assert storage.put_credentials([PHONE, replace(DIGEST_SECRET, confirmed=False)]) == Counts(created=2)
    assert not account_of(storage).second_factor
    assert storage.put_credentials([DIGEST_SECRET]) == Counts(changed=1)
    assert not account_of(storage).second_factor
    assert storage.put_credentials([confirmed(PHONE)]) == Counts(changed=1)
    assert account_of(storage).second_factor


def test_credentials_of_disabled_accounts_are_imported(storage: Storage) -> None:
    storage.add_account(AddAccount(replace(ANN, disabled=True)))
    assert storage.put_credentials([PHONE]) == Counts(created=1)


def test_every_credential_is_exported_by_id(storage: Storage) -> None:
    accounts = [Account(name=f"user{number:04}", stamp=str(number)) for number in range(1100)]
    credentials = [credential_of(account, account.name, created_at=-number) for number, account in enumerate(accounts)]
    storage.put_accounts(accounts)
    assert storage.put_credentials(credentials) == Counts(created=1100)
    assert list(storage.all_credentials()) == credentials
    copy = MemoryStorage()
    copy.put_accounts(storage.all_accounts())
    copy.put_credentials(storage.all_credentials())
    assert list(copy.all_credentials()) == credentials


# --- odd names -----------------------------------------------------------------------------------------------------


def test_lone_surrogates_name_no_credential__F17(storage: Storage, ann: Account) -> None:
    assert add(storage, PHONE)
    assert kept(storage, LONE_SURROGATE) == ()
    assert storage.end_credentials(EndCredentials(LONE_SURROGATE)) == 0
    assert storage.end_credentials(EndCredentials("ann", id=LONE_SURROGATE)) == 0
    assert not storage.confirm_second_factor(replace(CONFIRM, subject=LONE_SURROGATE))
    assert not storage.confirm_second_factor(replace(CONFIRM, id=LONE_SURROGATE))
    assert not storage.spend_credential(SpendCredential(LONE_SURROGATE, TOTP, PHONE.secret))
    assert not storage.spend_credential(SpendCredential("ann", LONE_SURROGATE, PHONE.secret))
    for odd in (
        replace(WATCH, id=LONE_SURROGATE),
        replace(WATCH, label=LONE_SURROGATE),
        replace(WATCH, subject=LONE_SURROGATE),
    ):
        with pytest.raises(ValueError, match="surrogates not allowed"):
            add(storage, odd)
    with pytest.raises(ValueError, match="surrogates not allowed"):
        storage.put_credentials([replace(WATCH, label=LONE_SURROGATE)])
    assert kept(storage) == (PHONE,)


def test_credentials_may_be_called_anything_else__F17(storage: Storage) -> None:
    odd = replace(ANN, name="Αθηνά 🦉\x00'; --")
    storage.add_account(AddAccount(odd))
    credential = credential_of(odd, "🦉\x00%", kind="later\x00", label="\n'\x7f", secret=b"", created_at=-0.5)
    assert add(storage, credential)
    assert kept(storage, odd.name) == (credential,)
    assert storage.end_credentials(EndCredentials(odd.name, kind="later\x00", id=credential.id)) == 1
