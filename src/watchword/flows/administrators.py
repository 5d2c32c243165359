"""Changing and deleting accounts, so that an administrator is always left."""

from __future__ import annotations

from typing import Final, final

from watchword.core.ask import Steps, ask
from watchword.core.questions import ChangeAccount, DeleteAccount, FindAccount, ListAccounts
from watchword.core.records import Account

ADMINISTRATOR: Final = "admin"
"""The role of those who may do everything to accounts."""


@final
class LastAdministrator:
    """Said in place of a change that would leave no administrator who can log in: nothing was changed."""


LAST_ADMINISTRATOR: Final = LastAdministrator()


def change_account(change: ChangeAccount) -> Steps[Account | LastAdministrator | None]:
    """The changed account; None where there is none of that name.

    Raises:
        AnswerFailed: where it could not be changed.
    """
    before = yield from ask(FindAccount(change.name, fresh=True))
    if before is None:
        return None
    falls = _can_administrate(before) and (
        change.disabled is True or (change.roles is not None and ADMINISTRATOR not in change.roles)
    )
    if falls and not (yield from _another(change.name)):
        return LAST_ADMINISTRATOR
    changed = yield from ask(change)
    if falls and not (yield from _another(change.name)):
        # Two administrators took it from each other at the same time: whoever sees that nobody is left gives it back.
        yield from ask(ChangeAccount(change.name, roles=before.roles, disabled=before.disabled))
        return LAST_ADMINISTRATOR
    return changed


def delete_account(name: str) -> Steps[bool | LastAdministrator]:
    """Whether there was such an account; it is gone then, with its sessions and its auth token.

    Raises:
        AnswerFailed: where it could not be deleted.
    """
    # Disabling can be taken back where another administrator falls meanwhile, deleting cannot.
    disabled = yield from change_account(ChangeAccount(name, disabled=True))
    if isinstance(disabled, LastAdministrator):
        return disabled
    return (yield from ask(DeleteAccount(name)))


def _another(name: str) -> Steps[bool]:
    """Is there an administrator beside the account of this name?"""
    cursor: str | None = ""
    while cursor is not None:
        page = yield from ask(ListAccounts(cursor=cursor, limit=1000))
        if any(_can_administrate(account) and account.name != name for account in page.accounts):
            return True
        cursor = page.next_cursor
    return False


def _can_administrate(account: Account) -> bool:
    return ADMINISTRATOR in account.roles and not account.disabled
