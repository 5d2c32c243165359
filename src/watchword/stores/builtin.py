"""The accounts of our own storage as a credential store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from watchword.core.ask import AnswerFailed
from watchword.core.credentials import Credential
from watchword.core.questions import AddCredentials, ChangeAccount, FindAccount, FindCredentials
from watchword.core.records import Account
from watchword.crypto.password import (
    SALT_LENGTH,
    Hashing,
    check_password,
    dummy_hash,
    hash_password,
    needs_rehash,
    normalise,
)
from watchword.crypto.secret import Secret
from watchword.stores import Denied
from watchword.tokens.digest_secret import DigestSecrets


class Accounts(Protocol):
    """What this store needs of a storage."""

    def find_account(self, question: FindAccount) -> Account | None: ...

    def change_account(self, question: ChangeAccount) -> Account | None: ...

    def find_credentials(self, question: FindCredentials) -> tuple[Credential, ...]: ...

    def add_credentials(self, question: AddCredentials) -> bool: ...


class BuiltinStore:
    """Checks passwords against the accounts of our own storage, and renews hashes that have become too cheap.

    Every check costs one hash under the parameters in force (F30): an unknown user, an account without a password
    and a disabled one as well. Where the stored hash has other parameters or a legacy format, its own cost comes on
    top, for right and wrong alike; who measures that can tell such an account from an unknown one, until its first
    log-in renews the hash. Legacy formats that cost next to nothing do not show.

    A password that proved right leaves behind what Digest needs of it, where `digest_secrets` says that this is kept.
    """

    def __init__(
        self,
        accounts: Accounts,
        hashing: Hashing,
        entropy: Callable[[int], bytes] = os.urandom,
        *,
        digest_secrets: DigestSecrets | None = None,
        flask_security_salt: Secret | None = None,
    ) -> None:
        self._accounts = accounts
        self._hashing = hashing
        self._entropy = entropy
        self._digest_secrets = digest_secrets
        self._flask_security_salt = flask_security_salt
        self._dummy = dummy_hash(hashing)

    def check(self, name: str, password: Secret) -> Account | Denied:
        """See `CredentialStore`."""
        password = _normalised(password)
        account = self._accounts.find_account(FindAccount(name, fresh=True))
        if account is not None and account.store:
            account = None  # another store keeps its password
        stored = None if account is None else account.password_hash
        if account is None or stored is None:
            check_password(password, self._dummy)
            return Denied("no-password") if account is not None else Denied("unknown-user", knows=False)
        right = check_password(password, stored, flask_security_salt=self._flask_security_salt)
        renew = needs_rehash(stored, self._hashing)
        if right and not account.disabled:
            account = self._renewed(account, stored, password) if renew else account
            self._keep_digest_secrets(account, password)
            return account
        if renew:
            check_password(password, self._dummy)
        return Denied("account-disabled" if account.disabled else "wrong-password")

    def _renewed(self, account: Account, stored: str, password: Secret) -> Account:
        """The account with a hash under the parameters in force; as it was, where that cannot be written."""
        renewed = hash_password(password, self._hashing, self._entropy(SALT_LENGTH))
        change = ChangeAccount(account.name, password_hash=renewed, expected_hash=stored)
        with suppress(AnswerFailed):
            return self._accounts.change_account(change) or account
        return account

    def _keep_digest_secrets(self, account: Account, password: Secret) -> None:
        """Where they are not kept already; that it cannot be done spoils no log-in."""
        secrets = self._digest_secrets
        if secrets is None or not secrets.kept:
            return
        with suppress(AnswerFailed, UnicodeDecodeError):
            found = self._accounts.find_credentials(FindCredentials(account.name, fresh=True))
            if not secrets.has_all(account, found):
                self._accounts.add_credentials(secrets.made_of(account, password.reveal_text(), time.time()))


def _normalised(password: Secret) -> Secret:
    """As it was when it was hashed. What is not UTF-8 has no other form."""
    try:
        return Secret(normalise(password.reveal_text()))
    except UnicodeDecodeError:
        return password
