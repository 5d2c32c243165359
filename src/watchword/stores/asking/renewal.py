"""Asks outside stores again about those whom they have proved: who is gone there keeps no session here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from watchword.core.principal import Instant
from watchword.core.questions import ListAccounts, Page, SpendOnce
from watchword.core.records import Account
from watchword.stores import LooksUp
from watchword.stores.asking.mirrored import Mirrored

_PAGE = 500


class Records(Protocol):
    """What is needed of a storage."""

    def list_accounts(self, question: ListAccounts) -> Page: ...

    def spend_once(self, question: SpendOnce) -> bool: ...


@dataclass(slots=True)
class Renewal:
    """One store that can look people up, and how often it is asked: every `every` seconds, by one process of all.

    So what the store says of somebody counts here for at most that long after it has changed, and the time that it
    takes to ask about everybody. A store that cannot be reached changes nothing: nobody is logged out by an outage.
    """

    mirrored: Mirrored
    looks_up: LooksUp
    records: Records
    every: float
    _tried: int = field(default=-1, init=False)

    def round(self, now: Instant, *, stopped: Callable[[], bool] = lambda: False) -> int:
        """Ask about everybody, if it is time and nobody else does; the number of those who were asked about.

        Raises:
            AnswerFailed: where the store or the storage cannot be reached. The next round asks again.
        """
        number = int(now // self.every)
        if number == self._tried:
            return 0
        turn = SpendOnce("store-renewal", f"{self.mirrored.name} {number}".encode(), until=(number + 2) * self.every)
        is_ours = self.records.spend_once(turn)
        self._tried = number
        if not is_ours:
            return 0
        asked = 0
        for account in self._accounts():
            if stopped():
                break
            self.mirrored.renew(account, self.looks_up.find(account.name))
            asked += 1
        return asked

    def _accounts(self) -> Iterator[Account]:
        cursor: str | None = ""
        while cursor is not None:
            page = self.records.list_accounts(ListAccounts(cursor=cursor, limit=_PAGE, store=self.mirrored.name))
            yield from page.accounts
            cursor = page.next_cursor


def renewals(stores: Sequence[tuple[Mirrored, float]], records: Records) -> tuple[Renewal, ...]:
    """Of those stores that can look people up; each with how often it is to be asked."""
    return tuple(
        Renewal(mirrored, mirrored.store, records, every)
        for mirrored, every in stores
        if isinstance(mirrored.store, LooksUp)
    )
