"""Accounts, and mechanisms that are told identities, driven over the reference storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from watchword.core.ask import AnswerFailed, Question, Steps
from watchword.core.outcome import Outcome
from watchword.core.questions import FindAccount, FindAccountsBy, RecordAlarm, SpendOnce
from watchword.core.records import Account
from watchword.edge.drive import Answers, run
from watchword.storage.memory import MemoryStorage

NOW = 1_790_000_000.0
PROXY = "10.0.0.5"
CLIENT = "198.51.100.7"


def account(name: str, *, disabled: bool = False, **attributes: str) -> Account:
    return Account(
        name=name,
        stamp=f"stamp of {name}",
        roles=frozenset((f"role of {name}",)),
        disabled=disabled,
        attributes=attributes,
    )


ACCOUNTS = (
    account("ann", email="ann@clinic.example"),
    account("zoë", email="zoe@clinic.example"),
    account("gone", disabled=True, email="gone@clinic.example"),
    account("twin-1", email="twin@clinic.example"),
    account("twin-2", email="twin@clinic.example"),
    account("visitor"),
    account("closed", disabled=True),
)


@dataclass
class Node:
    """One server: what it keeps, what it was asked, and which alarms it gave."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    asked: list[Question[Any]] = field(default_factory=list[Question[Any]])
    alarms: list[RecordAlarm] = field(default_factory=list[RecordAlarm])
    fails: Callable[[int], bool] = lambda number: False

    def __post_init__(self) -> None:
        self.storage.put_accounts(ACCOUNTS)

    def outcome(self, steps: Steps[Outcome]) -> Outcome:
        answers = Answers()
        answers.add(FindAccount, threaded=self._heard(self.storage.find_account))
        answers.add(FindAccountsBy, threaded=self._heard(self.storage.find_accounts_by))
        answers.add(SpendOnce, threaded=self._heard(self.storage.spend_once))
        answers.add(RecordAlarm, threaded=self._heard(self.alarms.append))
        return run(steps, answers)

    def _heard(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def hear(question: Question[Any]) -> Any:
            self.asked.append(question)
            if self.fails(len(self.asked)):
                raise AnswerFailed("no answer")
            return answer(question)

        return hear
