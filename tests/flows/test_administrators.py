"""An administrator is always left."""

from __future__ import annotations

from typing import TypeVar

import pytest

from watchword.core.ask import Steps
from watchword.core.questions import ChangeAccount, DeleteAccount, FindAccount, ListAccounts
from watchword.core.records import Account
from watchword.edge.drive import Answers, run
from watchword.flows.administrators import LAST_ADMINISTRATOR, change_account, delete_account
from watchword.storage.memory import MemoryStorage

T = TypeVar("T")

CLERK = frozenset(("clerk",))
ADMIN = frozenset(("admin",))


class Records:
    """The reference storage; `meanwhile` happens once, just before the first change."""

    def __init__(self, **roles: frozenset[str]) -> None:
        self.storage = MemoryStorage()
        self.storage.put_accounts(Account(name=name, stamp=name, roles=held) for name, held in roles.items())
        self.meanwhile: list[ChangeAccount | DeleteAccount] = []

    def run(self, steps: Steps[T]) -> T:
        answers = Answers()
        answers.add(FindAccount, threaded=self.storage.find_account)
        answers.add(ListAccounts, threaded=self.storage.list_accounts)
        answers.add(ChangeAccount, threaded=self._change)
        answers.add(DeleteAccount, threaded=self.storage.delete_account)
        return run(steps, answers)

    def _change(self, question: ChangeAccount) -> Account | None:
        while self.meanwhile:
            other = self.meanwhile.pop()
            if isinstance(other, DeleteAccount):
                self.storage.delete_account(other)
            else:
                self.storage.change_account(other)
        return self.storage.change_account(question)

    def administrators(self) -> list[str]:
        return [each.name for each in self.storage.all_accounts() if "admin" in each.roles and not each.disabled]


FALLS = [ChangeAccount("root", roles=CLERK), ChangeAccount("root", disabled=True)]


@pytest.mark.parametrize("change", FALLS, ids=["role", "disabled"])
def test_last_one_does_not_fall(change: ChangeAccount) -> None:
    records = Records(root=ADMIN, ann=CLERK)
    assert records.run(change_account(change)) is LAST_ADMINISTRATOR
    assert records.run(delete_account("root")) is LAST_ADMINISTRATOR
    assert records.administrators() == ["root"]


@pytest.mark.parametrize("change", FALLS, ids=["role", "disabled"])
def test_another_one_lets_it_fall(change: ChangeAccount) -> None:
    records = Records(root=ADMIN, ann=ADMIN)
    changed = records.run(change_account(change))
    assert isinstance(changed, Account)
    assert records.administrators() == ["ann"]


def test_a_disabled_one_does_not_count() -> None:
    records = Records(root=ADMIN, ann=ADMIN)
    records.storage.change_account(ChangeAccount("ann", disabled=True))
    assert records.run(change_account(ChangeAccount("root", disabled=True))) is LAST_ADMINISTRATOR


def test_others_are_looked_for_on_every_page() -> None:
    clerks = {f"clerk{n:04}": CLERK for n in range(1100)}
    records = Records(root=ADMIN, zoe=ADMIN, **clerks)
    assert records.run(delete_account("root")) is True
    assert records.run(delete_account("zoe")) is LAST_ADMINISTRATOR


@pytest.mark.parametrize(
    "change",
    [
        ChangeAccount("root", roles=ADMIN | CLERK),
        ChangeAccount("root", disabled=False),
        ChangeAccount("root", attributes={"ward": "3"}),
        ChangeAccount("ann", disabled=True),
        ChangeAccount("ann", roles=ADMIN),
    ],
    ids=["stays one", "stays enabled", "something else", "is none", "becomes one"],
)
def test_what_takes_nobody_away_passes(change: ChangeAccount) -> None:
    records = Records(root=ADMIN, ann=CLERK)
    assert isinstance(records.run(change_account(change)), Account)
    assert "root" in records.administrators()


def test_account_that_is_not_there() -> None:
    records = Records(root=ADMIN)
    assert records.run(change_account(ChangeAccount("ann", disabled=True))) is None
    assert records.run(delete_account("ann")) is False


@pytest.mark.parametrize("change", FALLS, ids=["role", "disabled"])
@pytest.mark.parametrize(
    "meanwhile", [ChangeAccount("ann", roles=CLERK), ChangeAccount("ann", disabled=True), DeleteAccount("ann")]
)
def test_two_that_fall_at_the_same_moment_leave_one__F2(
    change: ChangeAccount, meanwhile: ChangeAccount | DeleteAccount
) -> None:
    records = Records(root=ADMIN, ann=ADMIN)
    records.meanwhile = [meanwhile]
    assert records.run(change_account(change)) is LAST_ADMINISTRATOR
    assert records.administrators() == ["root"]
    root = records.storage.find_account(FindAccount("root"))
    assert root is not None
    assert (root.roles, root.disabled) == (ADMIN, False)


def test_last_one_is_not_deleted_while_the_other_falls__F2() -> None:
    records = Records(root=ADMIN, ann=ADMIN)
    records.meanwhile = [ChangeAccount("ann", disabled=True)]
    assert records.run(delete_account("root")) is LAST_ADMINISTRATOR
    assert records.administrators() == ["root"]
