"""Credentials for third parties in every storage: whose they are, what is noted of them, and what they go with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract.storages import NOW
from watchword.core.questions import (
    ChangeAccount,
    DeleteAccount,
    EndThirdPartyCredentials,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    Put,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.third_party import CredentialState, ThirdPartyCredential
from watchword.storage import Counts, Storage

LONE_SURROGATE = "ann\ud800"


def credential_of(
    subject: str, provider: str = "forge", id: str = "one", sealed: bytes = b"\x00"
) -> ThirdPartyCredential:
    return ThirdPartyCredential(
        subject=subject, provider=provider, id=id, sealed=sealed, hint="abcd", state="unverified", created_at=NOW
    )


def found(storage: Storage, subject: str = "ann", provider: str = "forge") -> ThirdPartyCredential | None:
    return storage.third_party.find(FindThirdPartyCredential(subject, provider))


def put(storage: Storage, credential: ThirdPartyCredential) -> Put:
    return storage.third_party.put(PutThirdPartyCredential(credential))


def listed(storage: Storage, *question: object, **named: object) -> list[tuple[str, str]]:
    them = storage.third_party.list(ListThirdPartyCredentials(*question, **named))  # type: ignore[arg-type]  # of several types
    return [(each.subject, each.provider) for each in them]


def check(storage: Storage, state: CredentialState, at: float, *, id: str = "one", status: int | None = 200) -> bool:
    return storage.third_party.note_check(NoteThirdPartyCheck("ann", "forge", id, state, status, at))


def test_a_credential_is_found_by_its_account_and_provider__S1_1(populated: Storage) -> None:
    ann, bob = credential_of("ann", sealed=b"\x00\xff"), credential_of("bob")
    assert [put(populated, ann), put(populated, bob)] == [Put.NEW, Put.NEW]
    assert (found(populated), found(populated, "bob")) == (ann, bob)
    assert found(populated, "ann", "other") is None
    assert found(populated, LONE_SURROGATE) is None


def test_an_account_has_one_credential_with_each_provider__S1_1(populated: Storage) -> None:
    assert put(populated, credential_of("ann")) is Put.NEW
    assert put(populated, credential_of("ann", "other")) is Put.NEW
    second = credential_of("ann", id="two")
    assert put(populated, second) is Put.REPLACED
    assert found(populated) == second
    assert listed(populated, "ann") == [("ann", "forge"), ("ann", "other")]


def test_nothing_is_kept_for_an_account_that_may_not_be_used(populated: Storage) -> None:
    populated.change_account(ChangeAccount("bob", disabled=True))
    assert [put(populated, credential_of(name)) for name in ("bob", "nobody")] == [Put.NO_ACCOUNT] * 2
    assert listed(populated) == []
    with pytest.raises(ValueError, match="surrogates"):
        put(populated, credential_of("ann", LONE_SURROGATE))


def test_what_a_provider_said_is_noted_of_the_credential_that_it_was_asked_about__S1_1(populated: Storage) -> None:
    put(populated, credential_of("ann"))
    assert check(populated, "verified", NOW + 1)
    assert check(populated, "rejected", NOW + 5, status=401)
    assert not check(populated, "verified", NOW + 6, id="another")
    kept = found(populated)
    assert kept is not None
    assert (kept.state, kept.provider_status, kept.checked_at, kept.verified_at) == ("rejected", 401, NOW + 5, NOW + 1)


def test_what_was_found_out_earlier_changes_nothing_later(populated: Storage) -> None:
    put(populated, credential_of("ann"))
    assert check(populated, "rejected", NOW + 5, status=401)
    assert check(populated, "verified", NOW + 4)
    kept = found(populated)
    assert kept is not None
    assert (kept.state, kept.checked_at, kept.verified_at) == ("rejected", NOW + 5, None)


def test_a_credential_is_sealed_anew_only_where_it_is_still_the_same(populated: Storage) -> None:
    put(populated, credential_of("ann", sealed=b"old"))
    reseal = ResealThirdPartyCredential("ann", "forge", before=b"old", after=b"new")
    assert [populated.third_party.reseal(reseal) for _ in range(2)] == [True, False]
    assert found(populated) == credential_of("ann", sealed=b"new")


def test_credentials_end_one_by_one_or_together(populated: Storage) -> None:
    for provider in ("forge", "other", "third"):
        put(populated, credential_of("ann", provider))
    put(populated, credential_of("bob"))
    assert populated.third_party.end(EndThirdPartyCredentials("ann", "other")) == 1
    assert populated.third_party.end(EndThirdPartyCredentials("ann", "other")) == 0
    assert populated.third_party.end(EndThirdPartyCredentials("ann")) == 2
    assert populated.third_party.end(EndThirdPartyCredentials(LONE_SURROGATE)) == 0
    assert listed(populated) == [("bob", "forge")]


def test_credentials_go_with_their_account(populated: Storage) -> None:
    put(populated, credential_of("ann"))
    put(populated, credential_of("bob"))
    assert populated.delete_account(DeleteAccount("ann"))
    assert listed(populated) == [("bob", "forge")]


def test_credentials_are_listed_in_pages_and_by_when_they_were_checked(populated: Storage) -> None:
    for name in ("bob", "ann"):
        for provider in ("other", "forge"):
            put(populated, credential_of(name, provider))
    check(populated, "verified", NOW + 10)
    everything = [("ann", "forge"), ("ann", "other"), ("bob", "forge"), ("bob", "other")]
    assert listed(populated) == everything
    assert listed(populated, limit=2) == everything[:2]
    assert listed(populated, after=("ann", "other")) == everything[2:]
    assert listed(populated, provider="forge", after=("ann", "forge")) == [("bob", "forge")]
    assert listed(populated, checked_before=NOW + 10) == everything[1:]
    assert listed(populated, checked_before=NOW + 11) == everything
    assert listed(populated, LONE_SURROGATE) == []


def test_an_import_of_credentials_can_be_repeated(populated: Storage) -> None:
    them = [credential_of("ann"), credential_of("bob"), credential_of("nobody")]
    assert populated.third_party.put_all(them) == Counts(created=2, refused=1)
    assert populated.third_party.put_all(them) == Counts(unchanged=2, refused=1)
    assert list(populated.third_party.all()) == them[:2]
    assert populated.third_party.put_all([replace(them[0], state="rejected")]) == Counts(changed=1)
