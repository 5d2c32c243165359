"""Signing up with an e-mail address: the account waits, disabled, until the link that was sent there is used.

Whoever asks learns nothing of who is here (F30, ASVS 6.3.8): whether name and address are free is found out later, by
nobody whom the request waits for, and told to the owners of what is not free. A name is not kept for somebody who never
comes back: once the link is over, the next one who asks for it gets it. Nor is the password kept that is chosen here:
whoever opens the link chooses one, because who signed up may be somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from watchword.core.ask import Steps, ask
from watchword.core.principal import Instant
from watchword.core.questions import AddAccount, ChangeAccount, FindAccount
from watchword.core.records import Account
from watchword.crypto.secret import fingerprint
from watchword.flows.accounts import new_account
from watchword.flows.mailing import MailPolicy, accounts_with, posted
from watchword.flows.mails import already_here_mail, name_wanted_mail, sign_up_mail
from watchword.flows.password_policy import PasswordPolicy, approved
from watchword.tokens.mailed_link import new_link

PAGE: Final = "new-account"
WAITING: Final = "sign_up"
"""The attribute of an account that waits for its owner's address: until when, and under which stamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpAsked:
    """The account that somebody asks for, and the address that is said to be theirs."""

    account: Account
    address: str = field(repr=False)
    asked_from: str
    at: Instant


def wanted_account(
    name: str,
    password: str,
    address: str,
    *,
    policy: MailPolicy,
    passwords: PasswordPolicy,
    entropy: Callable[[int], bytes],
    now: Instant,
) -> Steps[Account]:
    """The account that is asked for, after name and password were judged by what they are like.

    Raises:
        NameRefused: where no account may be called so.
        PasswordRefused: where the policy forbids the password.
        AnswerFailed: where the list of breached passwords cannot be read.
    """
    attributes = {policy.attribute: address}
    account = yield from new_account(name, None, policy=passwords, entropy=entropy, now=now, attributes=attributes)
    yield from approved(password, account.name, attributes, policy=passwords)
    return account


def settle_sign_up(asked: SignUpAsked, policy: MailPolicy) -> Steps[None]:
    """Keep the account and send the link, where name and address are free; otherwise tell their owners.

    Doing it once more changes nothing.

    Raises:
        AnswerFailed: where the storage does not answer.
    """
    owners = yield from accounts_with(asked.address, policy)
    if owners:
        names = [account.name for account in owners if not account.disabled]
        page = policy.page("forgotten-password")
        mail = already_here_mail(
            asked.address, names, page, site=policy.site, asked_from=asked.asked_from, now=asked.at
        )
        if names:
            yield from posted(mail, asked.at)
        return
    until = asked.at + policy.verification_lifetime
    account = replace(asked.account, disabled=True, attributes=_waiting(asked.account.stamp, until))
    if not (yield from ask(AddAccount(account))):
        there = yield from ask(FindAccount(account.name, fresh=True))
        if there is None or not (yield from _is_ours(account, there, asked.at)):
            yield from _tell_owner(there, asked, policy)
            return
    link = new_link(
        "sign-up", account.name, account.stamp, address=asked.address, expires_at=until, entropy=policy.entropy
    )
    mail = sign_up_mail(
        asked.address,
        policy.url(PAGE, link),
        site=policy.site,
        asked_from=asked.asked_from,
        now=asked.at,
        lifetime=policy.verification_lifetime,
    )
    yield from posted(mail, asked.at)


def ended_waiting(attributes: Mapping[str, str]) -> Mapping[str, str]:
    """The attributes of an account that waits no more."""
    return {name: value for name, value in attributes.items() if name != WAITING}


def _is_ours(wanted: Account, there: Account, now: Instant) -> Steps[bool]:
    """Whether the name is had after all: it was kept a moment ago, or whoever asked for it before never came back."""
    if there.stamp == wanted.stamp:
        return True
    if not _was_left(there, now):
        return False
    change = ChangeAccount(
        wanted.name,
        stamp=wanted.stamp,
        roles=wanted.roles,
        permissions=wanted.permissions,
        attributes=wanted.attributes,
        expected_stamp=there.stamp,
    )
    return (yield from ask(change)) is not None


def _tell_owner(there: Account | None, asked: SignUpAsked, policy: MailPolicy) -> Steps[None]:
    address = None if there is None or there.disabled else policy.address_of(there)
    if there is not None and address is not None:
        mail = name_wanted_mail(address, there.name, site=policy.site, asked_from=asked.asked_from, now=asked.at)
        yield from posted(mail, asked.at)


def _waiting(stamp: str, until: Instant) -> Mapping[str, str]:
    return {WAITING: f"{until:.0f} {_mark(stamp)}"}


def _was_left(account: Account, now: Instant) -> bool:
    """Whether the account never was anybody's. Whoever disables it once more gives it another stamp, and keeps it."""
    until, _, mark = account.attributes.get(WAITING, "").partition(" ")
    return account.disabled and until.isdecimal() and float(until) <= now and mark == _mark(account.stamp)


def _mark(stamp: str) -> str:
    return fingerprint(stamp.encode()).hex()[:16]
