"""Several stores in their order: `stores/asking/several.py` and decision 18, sentence by sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from tests.stores.door import QUICK, SALT, Clock
from tests.stores.entrance import Elsewhere, Entrance, FailsOnce, reasons_of
from tests.stores.test_mirrored import MAKERS
from tests.table.real import basic
from watchword.core.ask import AnswerFailed
from watchword.core.questions import AddAccount, ChangeAccount
from watchword.core.records import Account
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores import CredentialStore, Denied
from watchword.stores.asking.mirrored import Mirrored
from watchword.stores.asking.several import Several
from watchword.stores.builtin import BuiltinStore

ANN = Account(name="ann", stamp="1")
UNKNOWN = Denied("unknown-user", knows=False)
VAGUE = Denied("refused-elsewhere", knows=False)
WRONG = Denied("wrong-password")
AWAY = AnswerFailed("away")


@dataclass
class Says:
    """A store that says one thing to everybody."""

    answer: Account | Denied | AnswerFailed
    asked: list[str] = field(default_factory=list[str])

    def check(self, name: str, password: Secret) -> Account | Denied:
        self.asked.append(name)
        if isinstance(self.answer, AnswerFailed):
            raise self.answer
        return self.answer


@pytest.fixture(params=MAKERS)
def storage(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    made = MAKERS[request.param](tmp_path / "data")
    yield made
    made.close()


def test_there_is_at_least_one_store() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Several([])


@pytest.mark.parametrize("answers", list(product((ANN, UNKNOWN, VAGUE, WRONG, AWAY), repeat=3)), ids=str)
def test_a_name_belongs_to_the_first_store_that_knows_it__S2_14__C07__C17(
    answers: tuple[Account | Denied | AnswerFailed, ...],
) -> None:
    """Each is asked only where all before it said that they do not know the name; one that is away ends the search."""
    stores = [Says(answer) for answer in answers]
    ends = [not isinstance(answer, Denied) or answer.knows for answer in answers]
    asked = ends.index(True) + 1 if any(ends) else 3
    last = answers[asked - 1]
    several = Several(stores)
    if isinstance(last, AnswerFailed):
        with pytest.raises(AnswerFailed):
            several.check("ann", Secret("x"))
    else:
        found = several.check("ann", Secret("x"))
        if any(ends):
            assert found == last
        else:
            assert isinstance(found, Denied)
            assert not found.knows
    assert [len(store.asked) for store in stores] == [1] * asked + [0] * (3 - asked)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((UNKNOWN,), "unknown-user"),
        ((UNKNOWN, UNKNOWN), "unknown-user"),
        ((UNKNOWN, VAGUE), "refused-elsewhere"),
        ((VAGUE, UNKNOWN), "refused-elsewhere"),
        ((UNKNOWN, VAGUE, Denied("unusable-name", knows=False)), "refused-elsewhere"),
        ((UNKNOWN, WRONG, VAGUE), "wrong-password"),
    ],
)
def test_operators_are_told_the_most_telling_reason(answers: tuple[Denied, ...], reason: str) -> None:
    found = Several([Says(answer) for answer in answers]).check("ann", Secret("x"))
    assert isinstance(found, Denied)
    assert found.reason == reason


# --- the real ones, one behind the other -----------------------------------------------------------------------------


def builtin(storage: Any, *people: tuple[str, str]) -> BuiltinStore:
    for name, password in people:
        stored = hash_password(Secret(password), QUICK, SALT)
        assert storage.add_account(AddAccount(Account(name=name, stamp=f"stamp of {name}", password_hash=stored)))
    return BuiltinStore(storage, QUICK)


def outside(name: str, elsewhere: Any, storage: Any) -> Mirrored:
    return Mirrored(name, elsewhere, storage, os.urandom)


def staff_and_guests(storage: Any, *, knows: bool = True) -> tuple[Elsewhere, Elsewhere, Entrance]:
    staff, guests = Elsewhere(knows=knows), Elsewhere()
    staff.add("ann", "staff's", version="1")
    guests.add("ann", "guests'", version="1")
    guests.add("gil", "guests'", version="1")
    chain: list[CredentialStore] = [outside("staff", staff, storage), outside("guests", guests, storage)]
    return staff, guests, Entrance(Several(chain), storage)


def test_everybody_comes_in_by_the_store_that_knows_them__S2_14(storage: Any) -> None:
    _, _, entrance = staff_and_guests(storage)
    assert entrance.knock("ann", "staff's") == "C00"
    assert entrance.knock("gil", "guests'") == "C00"
    assert [entrance.account(name).store for name in ("ann", "gil")] == ["staff", "guests"]


def test_a_second_person_of_a_name_does_not_come_in_as_the_first__S2_14__C07(storage: Any) -> None:
    _, _, entrance = staff_and_guests(storage)
    assert entrance.knock("ann", "guests'") == "C07"  # nobody has come in yet, and the name is the staff's
    assert entrance.knock("ann", "staff's") == "C00"
    assert entrance.knock("ann", "guests'") == "C07"


def test_nor_where_the_first_store_cannot_tell_unknown_from_wrong__S2_14__C07(storage: Any) -> None:
    """Such a store does not say that it knows the name, so the next is asked; the account is the first one's all the
    same, once somebody came in by it."""
    _, guests, entrance = staff_and_guests(storage, knows=False)
    assert entrance.knock("ann", "staff's") == "C00"
    decision = entrance.decide(basic("ann", "guests'"))
    assert "name-of-another-store" in reasons_of(decision)
    assert guests.asked == 1
    assert entrance.account("ann").store == "staff"


def test_the_stores_behind_one_that_is_away_are_not_asked__S2_14__C17(storage: Any) -> None:
    staff, guests, entrance = staff_and_guests(storage)
    staff.away = True
    assert entrance.knock("ann", "guests'") == "C17"
    assert entrance.knock("gil", "guests'") == "C17"
    assert guests.asked == 0
    staff.away = False
    assert entrance.knock("gil", "guests'") == "C00"


def test_a_store_that_is_away_is_not_missed_by_who_stands_before_it__S2_14__C17(storage: Any) -> None:
    staff, guests, entrance = staff_and_guests(storage)
    guests.away = True
    assert entrance.knock("ann", "staff's") == "C00"
    assert entrance.knock("ann", "wrong") == "C07"
    assert entrance.knock("nobody", "x") == "C17"
    assert staff.asked == 3


def test_builtin_first_lets_its_own_in_while_the_directory_is_away__S2_14__C17(storage: Any) -> None:
    directory = Elsewhere(away=True)
    chain: list[CredentialStore] = [builtin(storage, ("root", "own")), outside("staff", directory, storage)]
    entrance = Entrance(Several(chain), storage)
    assert entrance.knock("root", "own") == "C00"
    assert entrance.knock("root", "wrong") == "C07"
    assert entrance.knock("ann", "x") == "C17"


@pytest.mark.parametrize("first", ["builtin", "outside"])
def test_our_own_accounts_know_nothing_of_who_belongs_elsewhere__S2_14(first: str, storage: Any) -> None:
    """Neither order lets anybody in by a password that is kept nowhere, or asks our own for another store's."""
    directory = Elsewhere()
    directory.add("ann", "right", version="1")
    chain: list[CredentialStore] = [builtin(storage), outside("staff", directory, storage)]
    entrance = Entrance(Several(chain if first == "builtin" else chain[::-1]), storage)
    assert entrance.knock("ann", "right") == "C00"
    assert entrance.knock("ann", "wrong") == "C07"
    directory.people.clear()
    entrance.clock.pass_by(3600)
    for password in ("right", "", entrance.account("ann").password_hash or ""):
        assert entrance.knock("ann", password) == "C07"


def test_a_store_of_another_name_is_another_store__S2_14(storage: Any) -> None:
    directory = Elsewhere()
    directory.add("ann", "right")
    assert Entrance(outside("staff", directory, storage), storage).knock("ann", "right") == "C00"
    assert Entrance(outside("people", directory, storage), storage).knock("ann", "right") == "C07"


@pytest.mark.parametrize(("name", "password"), [("gil", "guests'"), ("ann", "wrong"), ("nobody", "x")])
def test_whichever_call_fails_it_is_unavailable__F39__C17(name: str, password: str) -> None:
    """The n-th call to either store or to the storage fails, for every n."""
    for number in range(1, 60):
        memory, calls = MemoryStorage(), list[str]()
        staff, guests = Elsewhere(), Elsewhere()
        staff.add("ann", "staff's")
        guests.add("gil", "guests'")
        failing = FailsOnce(memory, number, calls)
        chain: list[CredentialStore] = [
            outside("staff", FailsOnce(staff, number, calls), failing),
            outside("guests", FailsOnce(guests, number, calls), failing),
        ]
        cell = Entrance(Several(chain), failing).knock(name, password)
        if len(calls) < number:
            assert cell == ("C00" if name == "gil" else "C07")
            assert number > 5
            return
        assert cell == ("C00" if calls[number - 1] == "note_place" else "C17"), (number, calls)
    pytest.fail("it never ended")


# --- how long a right password is taken without asking again (S2.3) --------------------------------------------------


def rechecked(storage: Any, recheck: float) -> tuple[Elsewhere, Entrance]:
    kept = Elsewhere()
    kept.add("ann", "right", version="1")
    return kept, Entrance(outside("staff", kept, storage), storage, clock=Clock(), rechecks={"staff": recheck})


def test_a_right_password_is_taken_for_a_while_without_asking_again__S2_3(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    for _ in range(5):
        assert entrance.knock("ann", "right") == "C00"
        entrance.clock.pass_by(10)
    assert kept.asked == 1


def test_it_is_asked_again_on_the_second__S2_3(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    assert entrance.knock("ann", "right") == "C00"
    entrance.clock.pass_by(59.9)
    assert entrance.knock("ann", "right") == "C00"
    assert kept.asked == 1
    entrance.clock.pass_by(0.1)
    assert entrance.knock("ann", "right") == "C00"
    assert kept.asked == 2


def test_using_it_does_not_prolong_it__S2_3(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    for _ in range(13):
        assert entrance.knock("ann", "right") == "C00"
        entrance.clock.pass_by(10)
    assert kept.asked == 3


def test_a_change_that_nobody_told_counts_within_that_time__S2_3__C07(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    assert entrance.knock("ann", "right") == "C00"
    kept.add("ann", "new", version="2")
    assert entrance.knock("ann", "right") == "C00"  # the bound, and no more than that
    entrance.clock.pass_by(60)
    assert entrance.knock("ann", "right") == "C07"
    assert entrance.knock("ann", "new") == "C00"


def test_a_change_counts_at_once_where_the_new_password_was_proven__S2_3__C07(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    assert entrance.knock("ann", "right") == "C00"
    kept.add("ann", "new", version="2")
    assert entrance.knock("ann", "new") == "C00"
    assert entrance.knock("ann", "right") == "C07"


def test_who_is_disabled_here_is_out_at_once__S2_3__C07(storage: Any) -> None:
    _, entrance = rechecked(storage, 60)
    assert entrance.knock("ann", "right") == "C00"
    assert storage.change_account(ChangeAccount("ann", disabled=True)) is not None
    assert entrance.knock("ann", "right") == "C07"


def test_an_outage_shows_no_earlier_than_that__S2_3__C17(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    assert entrance.knock("ann", "right") == "C00"
    kept.away = True
    assert entrance.knock("ann", "right") == "C00"
    assert entrance.knock("ann", "wrong") == "C17"
    entrance.clock.pass_by(60)
    assert entrance.knock("ann", "right") == "C17"


def test_nothing_is_taken_without_asking_where_the_time_is_nothing__S2_3(storage: Any) -> None:
    kept, entrance = rechecked(storage, 0)
    for _ in range(3):
        assert entrance.knock("ann", "right") == "C00"
    assert kept.asked == 3


def test_each_store_has_its_own_time__S2_3(storage: Any) -> None:
    staff, guests, _ = staff_and_guests(storage)
    chain: list[CredentialStore] = [outside("staff", staff, storage), outside("guests", guests, storage)]
    entrance = Entrance(Several(chain), storage, rechecks={"staff": 60, "guests": 0})
    for _ in range(3):
        assert entrance.knock("ann", "staff's") == "C00"
        assert entrance.knock("gil", "guests'") == "C00"
    assert (staff.asked, guests.asked) == (4, 3)  # staff is asked about gil, too


def test_other_spellings_of_a_name_are_remembered_as_whom_they_proved__F14(storage: Any) -> None:
    kept, entrance = rechecked(storage, 60)
    kept.add("ANN", "right", as_name="ann", version="1")
    for _ in range(2):
        assert entrance.knock("ann", "right") == "C00"
        assert entrance.knock("ANN", "right") == "C00"
    assert kept.asked == 2
    storage.change_account(ChangeAccount("ann", disabled=True))
    assert entrance.knock("ANN", "right") == "C07"
