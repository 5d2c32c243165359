"""Finding the account that somebody named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.records import Account
    from watchword.storage import Storage


def find_account(storage: Storage, name: str) -> Account | None:
    """The account that is meant by this spelling of its name."""
    from watchword.core.names import looked_up_name
    from watchword.core.questions import FindAccount

    return storage.find_account(FindAccount(looked_up_name(name), fresh=True))


def known_account(storage: Storage, name: str) -> Account:
    """The same.

    Raises:
        Refusal: where there is none.
    """
    account = find_account(storage, name)
    if account is None:
        raise unknown_account(name)
    return account


def unknown_account(name: str) -> Refusal:
    """What is said where there is none."""
    return Refusal(f"There is no account {name}: watchword user list shows those there are.")
