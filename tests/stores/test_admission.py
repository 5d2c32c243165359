"""The answer to CheckPassword: who is let in, who is refused, who has to wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from timeit import repeat

import pytest

from tests.stores.door import ELSEWHERE, HOME, Breakable, Door
from tests.stores.test_slots import joined, until
from watchword.core.ask import NOT_YET, AnswerFailed
from watchword.core.outcome import Accepted, Rejected, Throttled
from watchword.core.policy import account_key, address_key
from watchword.core.questions import (
    ChangeAccount,
    DeleteAccount,
    PasswordAnswer,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
)
from watchword.crypto.password import Hashing
from watchword.storage import FailureCount
from watchword.storage.memory import MemoryStorage
from watchword.stores.asking.slots import Slots

ANN = "ann"
RIGHT = "correct horse"
SLOWER = Hashing(t=1, m=1024)
"""About a millisecond, so that guesses meet."""


@pytest.fixture
def storage() -> Breakable:
    return Breakable()


@pytest.fixture
def door(storage: Breakable) -> Door:
    return furnished(Door(storage))


def furnished(door: Door) -> Door:
    door.add(ANN, RIGHT)
    door.add("gone", RIGHT, disabled=True)
    door.add("keyless", None)
    return door


def fail(door: Door, times: int, name: str = ANN, address: str = ELSEWHERE) -> list[PasswordAnswer]:
    return [door.knock(name, f"guess {n}", address) for n in range(times)]


def right(door: Door, name: str = ANN) -> PasswordRight:
    account = door.account(name)
    assert account is not None
    return PasswordRight(account)


# --- remembered passwords (S2.3)


def test_a_password_costs_one_hash_and_then_none__S2_3(door: Door) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    for _ in range(50):
        assert door.knock_inline(ANN, RIGHT) == right(door)
    assert door.store.judged == [ANN]


def test_the_warm_path_needs_nothing_of_the_limiter_or_the_places__S2_3(door: Door, storage: Breakable) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    storage.broken = True
    assert door.knock(ANN, RIGHT) == right(door)


def test_the_outcome_is_shared_for_a_second_and_never_older__S2_3(door: Door) -> None:
    """Who sends a password each time has proven it just now: a target that wants a fresh proof gets one (C15)."""
    first = door.log_in(ANN, RIGHT)
    assert isinstance(first, Accepted)
    remembered = door.log_in(ANN, RIGHT)
    door.clock.pass_by(0.9)
    assert door.log_in(ANN, RIGHT) is remembered
    door.clock.pass_by(0.1)
    later = door.log_in(ANN, RIGHT)
    assert isinstance(later, Accepted)
    assert later.principal.authentication.auth_time == door.clock.now
    door.clock.now -= 3600  # the clock was set back (F8)
    assert_proven_now(door)
    assert door.store.judged == [ANN]


def assert_proven_now(door: Door) -> None:
    outcome = door.log_in(ANN, RIGHT)
    assert isinstance(outcome, Accepted)
    assert outcome.principal.authentication.auth_time == door.clock.now


def test_the_shared_outcome_ends_with_every_change_of_the_account__S2_3_F36(door: Door, storage: Breakable) -> None:
    door.log_in(ANN, RIGHT)
    before = door.log_in(ANN, RIGHT)
    assert isinstance(before, Accepted)
    storage.change_account(ChangeAccount(ANN, roles=frozenset({"clerk"})))
    after = door.log_in(ANN, RIGHT)
    assert isinstance(after, Accepted)
    assert (set(before.principal.roles), set(after.principal.roles)) == (set(), {"clerk"})
    door.set_password(ANN, "another horse")
    assert isinstance(door.log_in(ANN, RIGHT), Rejected)


def test_wrong_passwords_are_never_remembered__S2_3(door: Door) -> None:
    for _ in range(3):
        assert door.knock(ANN, "wrong") == PasswordWrong("wrong-password")
    assert len(door.store.judged) == 3


def test_a_changed_password_refuses_the_old_one_at_once__S2_3_F36(door: Door) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    door.set_password(ANN, "another horse")
    assert door.knock(ANN, RIGHT) == PasswordWrong("wrong-password")
    assert door.knock(ANN, "another horse") == right(door)


def test_the_same_password_set_again_is_a_new_one__S2_3(door: Door) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    door.set_password(ANN, RIGHT)
    assert door.knock(ANN, RIGHT) == right(door)
    assert door.store.judged == [ANN, ANN]


def test_a_disabled_account_is_refused_at_once__S2_3_F36(door: Door, storage: Breakable) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    storage.change_account(ChangeAccount(ANN, disabled=True))
    assert door.knock(ANN, RIGHT) == PasswordWrong("account-disabled")


def test_a_deleted_account_is_refused_at_once_and_so_is_its_namesake__S2_3_F36(door: Door, storage: Breakable) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    storage.delete_account(DeleteAccount(ANN))
    assert door.knock(ANN, RIGHT) == PasswordWrong("unknown-user")
    door.add(ANN, "another horse")
    assert door.knock(ANN, RIGHT) == PasswordWrong("wrong-password")


def test_what_is_told_of_a_remembered_account_is_what_it_is_now__S2_3(door: Door, storage: Breakable) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    storage.change_account(ChangeAccount(ANN, roles=frozenset({"admin"})))
    answer = door.knock_inline(ANN, RIGHT)
    assert isinstance(answer, PasswordRight)
    assert answer.account.roles == {"admin"}


def test_after_ten_minutes_a_password_is_hashed_again__S2_3(door: Door) -> None:
    for seconds, hashes in ((0, 1), (599, 1), (1, 2)):
        door.clock.pass_by(seconds)
        assert door.knock(ANN, RIGHT) == right(door)
        assert len(door.store.judged) == hashes


def test_a_remembered_password_from_a_new_place_costs_no_hash_either__S2_3(door: Door) -> None:
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    assert door.knock_inline(ANN, RIGHT, ELSEWHERE) is NOT_YET
    assert door.knock(ANN, RIGHT, ELSEWHERE) == right(door)
    assert door.knock_inline(ANN, RIGHT, ELSEWHERE) == right(door)
    assert len(door.store.judged) == 1


def test_many_at_once_share_one_hash__S2_3(door: Door) -> None:
    go = threading.Barrier(16)

    def knock(_: int) -> PasswordAnswer:
        go.wait()
        return door.knock(ANN, RIGHT)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(knock, range(16), timeout=120))
    assert answers == [right(door)] * 16
    assert len(door.store.judged) == 1


@pytest.mark.timed
def test_a_remembered_password_is_answered_in_microseconds__S2_3(door: Door) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    question = door.question(ANN, RIGHT)
    best = min(repeat(lambda: door.admission.inline(question), number=1000, repeat=20)) / 1000
    assert best < 25e-6, "about 5 us on an idle machine"


# --- limits


def test_nine_failures_hold_nobody_up_and_the_tenth_does__F13_C16(door: Door) -> None:
    assert fail(door, 10) == [PasswordWrong("wrong-password")] * 10
    assert door.knock(ANN, "guess", ELSEWHERE) == PasswordHeld(1)
    door.clock.pass_by(1)
    assert door.knock(ANN, "guess", ELSEWHERE) == PasswordWrong("wrong-password")
    assert door.knock(ANN, "guess", ELSEWHERE) == PasswordHeld(2)


def test_right_and_wrong_are_the_same_while_held_remembered_or_not__C16(door: Door) -> None:
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    fail(door, 10, address=HOME)
    fail(door, 10, address=ELSEWHERE)
    hashes = len(door.store.judged)
    for address in (HOME, ELSEWHERE):
        assert door.knock(ANN, RIGHT, address) == door.knock(ANN, "wrong", address) == PasswordHeld(1)
    assert len(door.store.judged) == hashes


def test_being_held_is_not_a_failure__F13(door: Door) -> None:
    fail(door, 100)
    assert door.failures(account_key(ANN, ELSEWHERE, known_place=False)) == 10


def test_nobody_is_ever_locked_out_for_good__F13(door: Door) -> None:
    for _ in range(200):
        answer = door.knock(ANN, "guess", ELSEWHERE)
        if isinstance(answer, PasswordHeld):
            assert answer.retry_after <= 300
            door.clock.pass_by(answer.retry_after)
    answer = door.knock(ANN, RIGHT, ELSEWHERE)
    if isinstance(answer, PasswordHeld):
        door.clock.pass_by(answer.retry_after)
        answer = door.knock(ANN, RIGHT, ELSEWHERE)
    assert answer == right(door)


def test_who_guesses_elsewhere_does_not_hold_the_owner_up_at_home__F13(door: Door) -> None:
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    fail(door, 11, address=ELSEWHERE)
    assert door.knock(ANN, RIGHT, ELSEWHERE) == PasswordHeld(1)
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    door.clock.pass_by(601)  # no longer remembered, so that it is judged
    fail(door, 2, address=ELSEWHERE)
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    assert door.store.judged[-1] == ANN


def test_home_is_a_network_where_addresses_are_ipv6__F13(door: Door) -> None:
    assert door.knock(ANN, RIGHT, "2001:db8:1:2::a") == right(door)
    fail(door, 11, address="2001:db8:9::1")
    assert door.knock(ANN, RIGHT, "2001:db8:1:2:ffff::b") == right(door)
    assert door.knock(ANN, RIGHT, "2001:db8:1:3::a") == PasswordHeld(1)


def test_a_success_clears_what_its_own_place_had_failed_and_nothing_else__F14(door: Door) -> None:
    door.knock(ANN, RIGHT, HOME)
    fail(door, 5, address=HOME)
    fail(door, 5, address=ELSEWHERE)
    assert door.knock(ANN, "wrong", HOME) == PasswordWrong("wrong-password")
    door.clock.pass_by(601)
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    assert door.failures(account_key(ANN, HOME, known_place=True)) == 0
    assert door.failures(account_key(ANN, ELSEWHERE, known_place=False)) == 5
    assert door.failures(address_key(HOME)) == 6


def test_a_success_does_not_clear_the_count_of_its_address__F14(door: Door) -> None:
    door.add("mallory", "mine")
    for n in range(99):
        assert door.knock(f"user {n}", RIGHT, ELSEWHERE) == PasswordWrong("unknown-user")
        assert door.knock("mallory", "mine", ELSEWHERE) == right(door, "mallory")
    door.knock("user 99", RIGHT, ELSEWHERE)
    assert door.knock("user 100", RIGHT, ELSEWHERE) == PasswordHeld(60)
    assert door.knock("mallory", "mine", ELSEWHERE) == PasswordHeld(60)
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    door.clock.pass_by(60)
    assert door.knock("user 100", RIGHT, ELSEWHERE) == PasswordWrong("unknown-user")


def test_one_password_on_many_accounts_from_many_addresses_meets_the_overall_limit__F14(door: Door) -> None:
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    answers = [door.knock(f"user {n}", RIGHT, f"198.51.100.{n % 200}") for n in range(1050)]
    assert answers[:1000] == [PasswordWrong("unknown-user")] * 1000
    assert set(answers[1000:]) == {PasswordHeld(60)}
    door.clock.pass_by(30)
    assert door.knock("bob", RIGHT, "198.51.100.250") == PasswordHeld(30)
    assert door.knock(ANN, RIGHT, HOME) == right(door), "strangers do not hold up those who are at home"


def test_a_network_of_ipv6_addresses_counts_as_one__F15(door: Door) -> None:
    for n in range(100):
        door.knock(f"user {n}", RIGHT, f"2001:db8:0:1::{n:x}")
    assert door.knock("bob", RIGHT, "2001:db8:0:1:ffff::") == PasswordHeld(60)
    assert door.knock("bob", RIGHT, "2001:db8:0:2::") == PasswordWrong("unknown-user")


@pytest.mark.parametrize("address", ["", "unknown", "a", "192.0.2.1:80", "999.1.1.1"])
def test_what_is_no_address_is_no_way_around_the_limits__F15(door: Door, address: str) -> None:
    for n in range(100):
        door.knock(f"user {n}", RIGHT, address)
    assert door.knock("bob", RIGHT, address) == PasswordHeld(60)


@pytest.mark.parametrize("name", [ANN, "nobody", "gone", "keyless", "Zo\u00eb", "x" * 3000, "\ufffd", ""])
def test_every_name_is_held_alike__F14_F30(door: Door, name: str) -> None:
    answers = [type(answer) for answer in fail(door, 12, name)]
    assert answers == [PasswordWrong] * 10 + [PasswordHeld] * 2
    assert door.knock(name, RIGHT, ELSEWHERE) == PasswordHeld(1)


def test_spellings_of_one_name_are_guessed_at_as_one__F14_F17(door: Door) -> None:
    door.add("Zo\u00eb", RIGHT)
    for _ in range(5):
        assert isinstance(door.log_in("Zo\u00eb", "wrong"), Rejected)
        assert isinstance(door.log_in("Zoe\u0308", "wrong"), Rejected)
    assert door.log_in("Zoe\u0308", RIGHT) == door.log_in("Zo\u00eb", RIGHT) == Throttled(1)
    door.clock.pass_by(1)
    accepted = door.log_in("Zoe\u0308", RIGHT)
    assert isinstance(accepted, Accepted)
    assert accepted.principal.subject == "Zo\u00eb"


def test_what_is_held_is_told_without_waiting__F13(door: Door) -> None:
    fail(door, 10)
    door.knock(ANN, "guess", ELSEWHERE)
    assert door.knock_inline(ANN, "guess", ELSEWHERE) == PasswordHeld(1)


def test_what_a_process_has_seen_of_failures_is_looked_at_again_each_second__F13(door: Door) -> None:
    assert door.knock(ANN, RIGHT) == right(door)
    assert door.knock(ANN, "typo") == PasswordWrong("wrong-password")
    assert door.knock_inline(ANN, RIGHT) == right(door)
    door.clock.pass_by(1)
    assert door.knock_inline(ANN, RIGHT) is NOT_YET
    assert door.knock_inline(ANN, RIGHT) == right(door), "one looks, the others go on"
    assert door.knock(ANN, RIGHT) == right(door)


def test_strangers_get_nothing_from_what_is_remembered_before_they_are_counted__F13(door: Door) -> None:
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    assert door.knock(ANN, "guess", ELSEWHERE) == PasswordWrong("wrong-password")
    assert door.knock_inline(ANN, RIGHT, ELSEWHERE) is NOT_YET


def test_guesses_at_what_is_remembered_run_out_even_where_none_has_been_counted_yet__F13(door: Door) -> None:
    """Guesses may arrive faster than they are hashed: they must not try what is remembered for nothing meanwhile."""
    assert door.knock(ANN, RIGHT) == right(door)
    for n in range(1000):
        assert door.knock_inline(ANN, f"guess {n}") is NOT_YET
    assert door.knock_inline(ANN, RIGHT) is NOT_YET


# --- races


@pytest.mark.parametrize("slots", [1, 2, 8, 32])
def test_guessing_in_parallel_gains_nothing__F13(slots: int) -> None:
    door = furnished(Door(MemoryStorage(), hashing=SLOWER, slots=Slots(slots, line=64, patience=60)))
    go = threading.Barrier(64)

    def guess(n: int) -> PasswordAnswer:
        go.wait()
        return door.knock(ANN, f"guess {n}", ELSEWHERE)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(guess, range(64), timeout=120))
    wrong = answers.count(PasswordWrong("wrong-password"))
    assert wrong == len(door.store.judged) <= 10
    assert all(isinstance(answer, PasswordWrong | PasswordHeld) for answer in answers)
    assert door.failures(account_key(ANN, ELSEWHERE, known_place=False)) == wrong


def test_after_a_delay_one_guess_is_evaluated_and_not_one_for_each_slot__F13() -> None:
    door = furnished(Door(MemoryStorage(), hashing=SLOWER, slots=Slots(16, line=64, patience=60)))
    fail(door, 10)
    door.clock.pass_by(1)
    hashes = len(door.store.judged)
    go = threading.Barrier(32)

    def guess(n: int) -> PasswordAnswer:
        go.wait()
        return door.knock(ANN, f"late guess {n}", ELSEWHERE)

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(guess, range(32), timeout=120))
    assert len(door.store.judged) == hashes + 1
    assert answers.count(PasswordWrong("wrong-password")) == 1


class Held(MemoryStorage):
    """A storage that stops whoever notes a failure, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.go = threading.Event()

    def note_failure(self, key: str, now: float, window: float) -> FailureCount:
        self.reached.set()
        assert self.go.wait(60)
        return super().note_failure(key, now, window)


def test_sharing_a_guess_from_other_addresses_does_not_go_uncounted_there__F14() -> None:
    """One guess from eight addresses: one evaluation, one failure of the account, but one of each address."""
    storage = Held()
    door = furnished(Door(storage))
    addresses = [f"198.51.100.{n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(door.knock, ANN, "wrong", addresses[0])
        assert storage.reached.wait(60)
        others = [pool.submit(door.knock, ANN, "wrong", address) for address in addresses[1:]]
        until(lambda: joined(door.admission._flights) == 7)
        storage.go.set()
        assert [knock.result() for knock in (first, *others)] == [PasswordWrong("wrong-password")] * 8
    assert door.store.judged == [ANN]
    assert [door.failures(address_key(address)) for address in addresses] == [1] * 8
    assert door.failures(account_key(ANN, "", known_place=False)) == 1


def test_known_places_are_judged_before_strangers__F13() -> None:
    storage = Held()
    door = furnished(Door(storage, slots=Slots(1, patience=60)))
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    door.clock.pass_by(601)
    door.store.judged.clear()
    with ThreadPoolExecutor(3) as pool:
        knocks = [pool.submit(door.knock, "one", "wrong", ELSEWHERE)]
        assert storage.reached.wait(60)
        knocks.append(pool.submit(door.knock, "two", "wrong", ELSEWHERE))
        until(lambda: len(door.slots._waiting[False]) == 1)
        knocks.append(pool.submit(door.knock, ANN, RIGHT, HOME))
        until(lambda: len(door.slots._waiting[True]) == 1)
        storage.go.set()
        assert knocks[2].result() == right(door)
    assert door.store.judged == ["one", ANN, "two"]


def test_who_comes_after_a_change_does_not_share_what_was_begun_before_it__S2_3_F36() -> None:
    storage = Held()
    door = furnished(Door(storage))
    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(door.knock, ANN, "another horse")
        assert storage.reached.wait(60)
        door.set_password(ANN, "another horse")
        assert door.knock(ANN, "another horse") == right(door)
        storage.go.set()
        assert early.result() == PasswordWrong("wrong-password")


def test_what_is_true_counts_when_it_is_our_turn_and_not_when_the_wait_began__S2_3_F36() -> None:
    storage = Held()
    door = furnished(Door(storage, slots=Slots(1, patience=60)))
    assert door.knock(ANN, RIGHT, HOME) == right(door)
    with ThreadPoolExecutor(2) as pool:
        busy = pool.submit(door.knock, "nobody", "wrong")
        assert storage.reached.wait(60)
        waiting = pool.submit(door.knock, ANN, RIGHT, ELSEWHERE)
        until(lambda: len(door.slots._waiting[False]) == 1)
        storage.change_account(ChangeAccount(ANN, disabled=True))
        storage.go.set()
        assert busy.result() == PasswordWrong("unknown-user")
        assert waiting.result() == PasswordWrong("account-disabled")


# --- when something is away


def test_while_the_limits_cannot_be_read_nothing_is_evaluated__C17(door: Door, storage: Breakable) -> None:
    storage.broken = True
    with pytest.raises(AnswerFailed):
        door.knock(ANN, RIGHT)
    assert door.store.judged == []


def test_a_store_that_does_not_answer_never_means_no__C17(storage: Breakable) -> None:
    door = furnished(Door(storage, slots=Slots(1, line=1, patience=60)))
    assert door.knock(ANN, RIGHT) == right(door)
    storage.away = True
    for password in (RIGHT, "wrong"):
        with pytest.raises(AnswerFailed, match="away"):
            door.knock(ANN, password)
    storage.away = False
    assert door.failures(account_key(ANN, HOME, known_place=True)) == 0
    assert door.knock(ANN, RIGHT) == right(door)


def test_while_failures_cannot_be_noted_guesses_are_not_evaluated__C17_F13(door: Door, storage: Breakable) -> None:
    storage.read_only = True
    for n in range(20):
        with pytest.raises(AnswerFailed):
            door.knock(ANN, f"guess {n}", ELSEWHERE)
    assert len(door.store.judged) == 1
    door.clock.pass_by(1)
    storage.read_only = False
    assert door.knock(ANN, RIGHT, ELSEWHERE) == right(door)


def test_a_place_that_cannot_be_noted_spoils_no_log_in(door: Door, storage: Breakable) -> None:
    storage.read_only = True
    assert door.knock(ANN, RIGHT) == right(door)
    assert not storage.is_known_place(ANN, HOME)
    storage.read_only = False
    assert door.knock(ANN, RIGHT) == right(door)
    assert storage.is_known_place(ANN, HOME)


class NotingPlaces(MemoryStorage):
    def __init__(self) -> None:
        super().__init__()
        self.noted = 0

    def note_place(self, account: str, address: str, now: float) -> None:
        self.noted += 1
        super().note_place(account, address, now)


def test_a_success_is_not_a_write_each_time__S2_3() -> None:
    storage = NotingPlaces()
    door = furnished(Door(storage))
    for _ in range(5):
        door.clock.pass_by(650)  # each is hashed again
        assert door.knock(ANN, RIGHT) == right(door)
    assert len(door.store.judged) == 5
    assert storage.noted == 1
    door.clock.pass_by(3600)
    assert door.knock(ANN, RIGHT) == right(door)
    assert storage.noted == 2


def test_too_many_at_once_are_unavailable_and_not_throttled__C17_F13() -> None:
    storage = Held()
    door = furnished(Door(storage, slots=Slots(1, line=2, patience=60)))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(door.knock, "one", "wrong", ELSEWHERE)
        assert storage.reached.wait(60)
        second = pool.submit(door.knock, "two", "wrong", ELSEWHERE)
        until(lambda: door.slots._admitted[False] == 2)
        with pytest.raises(AnswerFailed, match="saturated"):
            door.knock("three", "wrong", ELSEWHERE)
        storage.go.set()
        assert first.result() == second.result() == PasswordWrong("unknown-user")
    assert door.knock("three", "wrong", ELSEWHERE) == PasswordWrong("unknown-user")


# --- S0.14, F30


@pytest.mark.parametrize("name", [ANN, "nobody", "gone", "keyless"])
def test_whatever_is_wrong_the_answer_is_of_one_kind__S0_14_F30(door: Door, name: str) -> None:
    assert isinstance(door.knock(name, "wrong"), PasswordWrong)
    assert len(door.store.judged) == 1


def test_an_answer_shows_no_secret(door: Door) -> None:
    answer = door.knock(ANN, RIGHT)
    assert RIGHT not in repr(answer)
    assert "argon2id" not in repr(answer)
    assert RIGHT not in repr(door.question(ANN, RIGHT))
