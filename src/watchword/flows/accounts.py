"""Accounts: made, changed, given another password, closed. One rule for the server, the command line and imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.names import account_name
from watchword.core.principal import Instant
from watchword.core.questions import AddAccount, ChangeAccount, FindAccount, HashPassword
from watchword.core.records import Account
from watchword.crypto.password import normalise
from watchword.crypto.secret import Secret
from watchword.tokens.digest_secret import DigestSecrets, password_set


class PasswordRefused(ValueError):
    """The password may not be used here. Its message is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a new password must be like (ASVS 6.2): long enough, and not about this place or this person.

    No composition rules, no forced changes, no upper limit below 1024 characters.
    """

    min_length: int = 8
    max_length: int = 1024
    context_words: tuple[str, ...] = ()

    def check(self, password: str, name: str) -> None:
        """Raises `PasswordRefused` where the password may not be used for the account of this name."""
        if len(password) < self.min_length:
            raise PasswordRefused(f"A password has at least {self.min_length} characters; 15 or more are recommended.")
        if len(password) > self.max_length:
            raise PasswordRefused(f"A password has at most {self.max_length} characters.")
        folded = password.casefold()
        for word in (name, *self.context_words):
            if folded == word.casefold():
                raise PasswordRefused("A password is not the user name, nor a word that everybody here would guess.")


def new_stamp(entropy: Callable[[int], bytes]) -> str:
    """A stamp that no account had before (144 random bits)."""
    return entropy(18).hex()


def add_account(
    name: str,
    password: str | None,
    *,
    policy: PasswordPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    roles: frozenset[str] = frozenset(),
    permissions: frozenset[str] = frozenset(),
    attributes: Mapping[str, str] | None = None,
    disabled: bool = False,
    digest_secrets: DigestSecrets | None = None,
) -> Steps[Account | None]:
    """A new account; None where the name is taken. The work is the same in both cases.

    `digest_secrets` keeps what Digest needs of the password, where that is to be kept.

    Raises:
        NameRefused: where no account may be called so.
        PasswordRefused: where the policy forbids the password.
        AnswerFailed: where it could not be kept.
    """
    canonical = account_name(name)
    stored: str | None = None
    if password is not None:
        policy.check(password, canonical)
        stored = yield from ask(HashPassword(Secret(normalise(password))))
    account = Account(
        name=canonical,
        stamp=new_stamp(entropy),
        password_hash=stored,
        roles=roles,
        permissions=permissions,
        disabled=disabled,
        attributes=dict(attributes or {}),
        created_at=now,
    )
    added = yield from ask(AddAccount(account))
    if added and password is not None and digest_secrets is not None and digest_secrets.kept:
        yield from password_set(account, password, now, digest_secrets)
    return account if added else None


def change_password(
    name: str,
    password: str,
    *,
    policy: PasswordPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
    keep: bytes | None = None,
    digest_secrets: DigestSecrets | None = None,
) -> Steps[Account | None]:
    """Another password, under a new stamp: every session and token of the account is dead then, but for the
    session with fingerprint `keep`, and what was kept for Digest. None where there is no such account.

    Raises:
        PasswordRefused: where the policy forbids the password, or it is kept elsewhere.
        AnswerFailed: where it could not be changed.
    """
    account = yield from ask(FindAccount(name, fresh=True))
    if account is not None and account.store:
        raise PasswordRefused(f"The password of this account is kept by {account.store}: change it there.")
    policy.check(password, name)
    stored = yield from ask(HashPassword(Secret(normalise(password))))
    changed = yield from ask(ChangeAccount(name, password_hash=stored, stamp=new_stamp(entropy), keep=keep))
    if changed is not None:
        yield from password_set(changed, password, now, digest_secrets)
    return changed
