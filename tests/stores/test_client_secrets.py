"""The answer to CheckClientSecret: the limits of passwords, but nobody with a secret of full entropy is held up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import thread_time

import pytest

from watchword.core.ask import AnswerFailed
from watchword.core.grants import Client
from watchword.core.policy import Limits
from watchword.core.questions import (
    AddClient,
    ChangeClient,
    CheckClientSecret,
    FindClient,
    PasswordHeld,
    PasswordWrong,
    SecretAnswer,
    SecretRight,
)
from watchword.crypto.password import Hashing, check_password, dummy_hash, hash_password
from watchword.crypto.secret import Secret
from watchword.storage.memory import MemoryStorage
from watchword.stores.admission.client_secrets import ClientSecrets
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.asking.slots import Slots
from watchword.tokens.client_secret import new_client_secret

NOW = 1_790_000_000.0
CHEAP, DEAR = Hashing(t=1, m=8, p=1), Hashing(t=2, m=19 * 1024, p=1)
SECRET, KEPT = new_client_secret(bytes(range(32)))
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


class Door:
    """The store over a storage of its own, and whoever knocks."""

    def __init__(self, hashing: Hashing = CHEAP, kept: str | None = KEPT) -> None:
        self.storage = MemoryStorage()
        self.storage.add_client(AddClient(Client(id="svc", stamp="s", secret_hash=kept)))
        self.slots = Slots(1, line=2, patience=0.2)
        self.store = ClientSecrets(
            self.storage,
            hashing,
            throttle=Throttle(self.storage),
            places=Places(self.storage, Limits()),
            slots=self.slots,
            entropy=bytes,
        )

    def __call__(self, secret: str, id: str = "svc", address: str = HOME, now: float = NOW) -> SecretAnswer:
        return self.store.threaded(CheckClientSecret(id, Secret(secret), address, now))

    @property
    def client(self) -> Client:
        found = self.storage.find_client(FindClient("svc"))
        assert found is not None
        return found

    @contextmanager
    def crowded(self) -> Iterator[None]:
        """While it lasts, every slot and every place in the line is taken."""
        with self.slots.one(first=True), self.slots.admitted(first=False), self.slots.admitted(first=False):
            yield


@pytest.fixture
def imported() -> Door:
    return Door(kept=hash_password(Secret("short"), CHEAP, b"sixteen bytes so"))


def test_right_secret_gives_the_client_as_it_is_now() -> None:
    door = Door()
    assert door(SECRET) == SecretRight(door.client)
    door.storage.change_client(ChangeClient("svc", roles=frozenset(("clerk",))))
    assert door(SECRET) == SecretRight(door.client)


def test_why_it_is_refused_is_for_operators() -> None:
    door = Door()
    assert door("wrong") == PasswordWrong("wrong-secret")
    assert door(SECRET, "nobody") == PasswordWrong("unknown-client")
    door.storage.change_client(ChangeClient("svc", disabled=True))
    assert door(SECRET) == PasswordWrong("client-disabled")
    assert Door(kept=None)(SECRET) == PasswordWrong("client-without-secret")


def test_guessers_are_held_and_the_client_is_not__F13() -> None:
    door = Door()
    for _ in range(10):
        assert isinstance(door("wrong", address=ELSEWHERE), PasswordWrong)
    assert isinstance(door("wrong", address=ELSEWHERE), PasswordHeld)
    assert door(SECRET, address=ELSEWHERE) == SecretRight(door.client)
    assert isinstance(door("wrong", address=ELSEWHERE), PasswordHeld)  # and nobody is forgiven for that


def test_unknown_ids_are_held_alike__F14__F30() -> None:
    door = Door()
    told = [[type(door("wrong", id)).__name__ for _ in range(12)] for id in ("svc", "nobody")]
    assert told[0] == told[1]
    assert told[0][-1] == "PasswordHeld"


def test_guesses_at_many_ids_count_for_their_address__F14() -> None:
    door = Door()
    told = [door("wrong", f"id{number}", ELSEWHERE) for number in range(101)]
    assert isinstance(told[-1], PasswordHeld)


def test_counts_of_clients_and_of_accounts_are_kept_apart() -> None:
    door = Door()
    for _ in range(10):
        door("wrong", "ann")
    limits = Limits()
    (of_account, *_) = limits.counters("ann", HOME, known_place=False)
    assert door.storage.failures(of_account.key) is None


def test_every_failure_costs_one_hash_whatever_is_wrong__F30() -> None:
    door = Door(DEAR)
    dummy = dummy_hash(DEAR)

    def cost(work: Callable[[], object]) -> float:
        """Of this thread's own time, which the rest of the machine has no part in."""
        begun = thread_time()
        work()
        return thread_time() - begun

    one_hash = min(cost(lambda: check_password(Secret("x"), dummy)) for _ in range(5))
    for id, secret in (("svc", "wrong"), ("nobody", SECRET)):
        assert min(cost(partial(door, secret, id)) for _ in range(3)) > one_hash / 3
    assert min(cost(partial(door, SECRET)) for _ in range(3)) < one_hash / 3


def test_storm_of_guesses_takes_no_slot_from_the_client__F13() -> None:
    door = Door()
    with door.crowded():
        with pytest.raises(AnswerFailed):
            door("wrong")
        assert door(SECRET) == SecretRight(door.client)


def test_imported_secret_is_hashed_once_and_then_remembered(imported: Door) -> None:
    assert imported("short") == SecretRight(imported.client)
    assert imported("shorter") == PasswordWrong("wrong-secret")


def test_imported_secret_that_was_replaced_is_remembered_no_more__F25(imported: Door) -> None:
    assert isinstance(imported("short"), SecretRight)
    imported.storage.change_client(ChangeClient("svc", secret_hash=KEPT))
    assert isinstance(imported("short"), PasswordWrong)
    assert isinstance(imported(SECRET), SecretRight)


def test_imported_secret_of_a_client_that_was_shut_out_is_wrong__F36(imported: Door) -> None:
    assert isinstance(imported("short"), SecretRight)
    imported.storage.change_client(ChangeClient("svc", disabled=True))
    assert isinstance(imported("short"), PasswordWrong)


def test_imported_secret_is_held_up_by_strangers_but_not_at_home__F13(imported: Door) -> None:
    assert isinstance(imported("short", address=HOME), SecretRight)
    for _ in range(11):
        imported("wrong", address=ELSEWHERE)
    assert isinstance(imported("short", address=ELSEWHERE), PasswordHeld)
    assert isinstance(imported("short", address=HOME), SecretRight)


def test_many_threads_agree__F1() -> None:
    door = Door()
    told: list[SecretAnswer] = []
    threads = [threading.Thread(target=lambda: told.append(door(SECRET))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [SecretRight(door.client)] * 8
