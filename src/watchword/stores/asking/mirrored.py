"""Whom an outside store proves becomes an account of ours, so that sessions, tokens and roles hang on something."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from watchword.core.ask import AnswerFailed
from watchword.core.names import NameRefused, account_name
from watchword.core.questions import AddAccount, ChangeAccount, FindAccount
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.flows.accounts import new_stamp
from watchword.stores import Denied, Identity, OutsideStore


class Accounts(Protocol):
    """What is needed of a storage."""

    def find_account(self, question: FindAccount) -> Account | None: ...

    def add_account(self, question: AddAccount) -> bool: ...

    def change_account(self, question: ChangeAccount) -> Account | None: ...


@dataclass(frozen=True, slots=True)
class Mirrored:
    """An outside store as a credential store: everybody whom it proves has an account of the same name here.

    The account takes its roles, permissions and attributes from the store at every proof; whether it is disabled here,
    its second factors, keys and sessions are our own. Where the store tells that the password was changed, everything
    that hangs on the one before ends. A name that another store's account has here is nobody else's.

    `Renewal` asks again without a password. Whom the store does not know any more, or lets nobody use, can do nothing
    here until the store says otherwise.
    """

    name: str
    store: OutsideStore
    accounts: Accounts
    entropy: Callable[[int], bytes]
    clock: Callable[[], float] = time.time

    def check(self, name: str, password: Secret) -> Account | Denied:
        """See `CredentialStore`."""
        found = self.store.check(name, password)
        return found if isinstance(found, Denied) else self.mirror(found)

    def mirror(self, identity: Identity) -> Account | Denied:
        """The account of somebody whom the store knows, as it is from now on.

        Raises:
            AnswerFailed: where it cannot be written.
        """
        try:
            canonical = account_name(identity.name)
        except NameRefused:
            return Denied("unusable-name")
        version = self._version(identity)
        account = self.accounts.find_account(FindAccount(canonical, fresh=True))
        if account is None:
            account = self._made(canonical, identity, version)
            if self.accounts.add_account(AddAccount(account)):
                return account
            account = self.accounts.find_account(FindAccount(canonical, fresh=True))
            if account is None:
                raise AnswerFailed("the account was added and deleted meanwhile")
        if account.store != self.name:
            return Denied("name-of-another-store")
        if account.disabled and not is_gone(account):
            return Denied("account-disabled")
        return self._brought_up_to_date(account, identity, version)

    def renew(self, account: Account, found: Identity | Denied) -> None:
        """Bring an account of this store up to date with what the store says of it now.

        Raises:
            AnswerFailed: where it cannot be written.
        """
        if account.disabled and not is_gone(account):
            return  # by us
        if not isinstance(found, Denied):
            self.mirror(found)
        elif not account.disabled:
            self.accounts.change_account(ChangeAccount(account.name, disabled=True, password_hash=_GONE))

    def _made(self, name: str, identity: Identity, version: str | None) -> Account:
        return Account(
            name=name,
            stamp=new_stamp(self.entropy),
            password_hash=version,
            roles=identity.roles,
            permissions=identity.permissions,
            attributes=dict(identity.attributes),
            created_at=self.clock(),
            store=self.name,
        )

    def _brought_up_to_date(self, account: Account, identity: Identity, version: str | None) -> Account | Denied:
        is_another_version = version is not None and version != account.password_hash
        was_gone = is_gone(account)
        # Where there was no version to compare with, nothing is known to have been changed.
        same_passwords = (None, self._hashed(identity.formerly))
        change = ChangeAccount(
            account.name,
            password_hash=(version or _ELSEWHERE) if is_another_version or was_gone else None,
            stamp=new_stamp(self.entropy)
            if is_another_version and account.password_hash not in same_passwords
            else None,
            disabled=False if was_gone else None,
            roles=None if identity.roles == account.roles else identity.roles,
            permissions=None if identity.permissions == account.permissions else identity.permissions,
            attributes=None if identity.attributes == account.attributes else dict(identity.attributes),
        )
        if change == ChangeAccount(account.name):
            return account
        changed = self.accounts.change_account(change)
        if changed is None:
            raise AnswerFailed("the account was deleted meanwhile")
        return Denied("account-disabled") if changed.disabled else changed

    def _version(self, identity: Identity) -> str | None:
        return self._hashed(identity.version)

    def _hashed(self, version: str) -> str | None:
        """What stands in the place of a password hash: in no format that any password could be checked against."""
        return _ELSEWHERE + sha256(f"{self.name}\n{version}".encode()).hexdigest() if version else None


def is_gone(account: Account) -> bool:
    """Whether the account is disabled because its store does not let it be used, and not by us."""
    return account.disabled and account.password_hash == _GONE


_ELSEWHERE = "$elsewhere$"
_GONE = _ELSEWHERE + "gone"
