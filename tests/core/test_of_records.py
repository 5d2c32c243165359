"""What is made of records is made once, and outlives no change of them."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.of_records import OfRecords
from watchword.core.records import Account

ANN = Account(name="ann", stamp="one")


class Maker:
    """Tells an account's stamp, and remembers whose it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, account: Account) -> str:
        self.asked.append(account.name)
        return account.stamp


def test_what_is_made_of_a_record_is_made_once_while_it_stays_the_same() -> None:
    maker = Maker()
    stamps = OfRecords(maker)
    assert [stamps.of("ann", ANN) for _ in range(3)] == ["one"] * 3
    assert maker.asked == ["ann"]


def test_a_changed_record_has_nothing_made_of_it_yet() -> None:
    stamps = OfRecords(Maker())
    changed = replace(ANN, stamp="two")
    assert [stamps.of("ann", account) for account in (ANN, changed, ANN)] == ["one", "two", "one"]


def test_an_equal_record_that_was_read_again_is_another() -> None:
    maker = Maker()
    stamps = OfRecords(maker)
    assert [stamps.of("ann", account) for account in (ANN, replace(ANN))] == ["one", "one"]
    assert maker.asked == ["ann", "ann"]


def test_no_more_is_kept_than_the_size() -> None:
    maker = Maker()
    stamps = OfRecords(maker, size=2)
    others = {name: Account(name=name, stamp=name) for name in ("bob", "eve")}
    for name in ("ann", "bob", "ann", "eve", "ann"):
        stamps.of(name, others.get(name, ANN))
    assert maker.asked == ["ann", "bob", "eve", "ann"]
