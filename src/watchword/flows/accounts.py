"""Accounts: made, changed, given another password, closed. One rule for the server, the command line and imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from watchword.core.ask import Steps, ask
from watchword.core.names import account_name
from watchword.core.principal import Instant
from watchword.core.questions import AddAccount, ChangeAccount, FindAccount, HashPassword
from watchword.core.records import Account
from watchword.flows.password_policy import PasswordPolicy, PasswordRefused, approved
from watchword.tokens.couchdb_cookie import without_salt
from watchword.tokens.digest_secret import DigestSecrets, password_set


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
    account = yield from new_account(
        name,
        password,
        policy=policy,
        entropy=entropy,
        now=now,
        roles=roles,
        permissions=permissions,
        attributes=attributes,
        disabled=disabled,
    )
    if not (yield from ask(AddAccount(account))):
        return None
    if password is not None and digest_secrets is not None and digest_secrets.kept:
        yield from password_set(account, password, now, digest_secrets)
    return account


def new_account(
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
) -> Steps[Account]:
    """An account that nobody has kept yet, with the password hashed. Raises as above."""
    canonical = account_name(name)
    stored: str | None = None
    if password is not None:
        stored = yield from ask(HashPassword((yield from approved(password, canonical, attributes, policy=policy))))
    return Account(
        name=canonical,
        stamp=new_stamp(entropy),
        password_hash=stored,
        roles=roles,
        permissions=permissions,
        disabled=disabled,
        attributes=dict(attributes or {}),
        created_at=now,
    )


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
    attributes = None if account is None else account.attributes
    stored = yield from ask(HashPassword((yield from approved(password, name, attributes, policy=policy))))
    changed = yield from ask(
        ChangeAccount(
            name,
            password_hash=stored,
            stamp=new_stamp(entropy),
            keep=keep,
            attributes=None if attributes is None else without_salt(attributes),
        )
    )
    if changed is not None:
        yield from password_set(changed, password, now, digest_secrets)
    return changed
