"""Setting a forgotten password anew, by a link that is sent to the address that the account has (ASVS 6.3.8, 6.4).

Whoever asks learns nothing: what is asked for is looked up later, by nobody whom the request waits for. The link takes
no second factor away (ASVS 6.4.3) and begins no session; the new password ends all that there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.ask import Steps, ask
from watchword.core.decision import Refused
from watchword.core.names import looked_up_name
from watchword.core.outcome import Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import ChangeAccount, FindAccount, HashPassword
from watchword.core.questions.mail import SendMail
from watchword.core.records import Account
from watchword.core.space import ProtectionSpace
from watchword.crypto.secret import Secret
from watchword.flows.accounts import new_stamp
from watchword.flows.mailing import (
    MailPolicy,
    accounts_with,
    has_turn,
    linked_account,
    not_taken,
    posted,
    refused_link,
    used_up,
)
from watchword.flows.mails import password_changed_mail, reset_mail
from watchword.flows.password_policy import PasswordPolicy, approved
from watchword.http.message import Request
from watchword.tokens.couchdb_cookie import without_salt
from watchword.tokens.digest_secret import DigestSecrets, password_set
from watchword.tokens.mailed_link import new_link

PAGE = "password-reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAsked:
    """Whose password somebody has forgotten, by name, by address or by both; and where the request came from."""

    name: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    asked_from: str = ""
    at: Instant


def send_reset_links(asked: ResetAsked, policy: MailPolicy) -> Steps[None]:
    """One mail to each address, with a link for each account that may have one. Most requests end without any.

    Raises:
        AnswerFailed: where the storage does not answer.
    """
    found: dict[str, Account] = {}
    if asked.name is not None:
        account = yield from ask(FindAccount(looked_up_name(asked.name), fresh=True))
        found.update({} if account is None else {account.name: account})
    if asked.address is not None:
        found.update((account.name, account) for account in (yield from accounts_with(asked.address, policy)))
    links: dict[str, list[tuple[str, str]]] = {}
    for account in found.values():
        address = policy.address_of(account)
        if address is None or not may_be_reset(account) or not (yield from has_turn(account, asked.at)):
            continue
        link = new_link(
            "password-reset",
            account.name,
            account.stamp,
            address=address,
            expires_at=asked.at + policy.reset_lifetime,
            entropy=policy.entropy,
        )
        links.setdefault(address, []).append((account.name, policy.url(PAGE, link)))
    for address, of_accounts in links.items():
        mail = reset_mail(
            address,
            of_accounts,
            site=policy.site,
            asked_from=asked.asked_from,
            now=asked.at,
            lifetime=policy.reset_lifetime,
        )
        yield from posted(mail, asked.at)


def may_be_reset(account: Account) -> bool:
    """Not where the account is disabled, its password is kept elsewhere, or it never had one: it is used otherwise."""
    return not account.disabled and not account.store and account.password_hash is not None


def reset_password(
    token: Secret,
    password: str,
    request: Request,
    space: ProtectionSpace,
    *,
    policy: MailPolicy,
    passwords: PasswordPolicy,
    now: Instant,
    digest_secrets: DigestSecrets | None = None,
) -> Steps[Account | Refused]:
    """Another password, under a new stamp, for the account that the link is for: every session and token is dead then.

    The link is used up after the password was found good and before it is set. So a password that will not do leaves
    the link good, and of all who use the link at once one gets through.

    Raises:
        PasswordRefused: where the policy forbids the password.
        AnswerFailed: where it could not be changed. The link may be used up then.
    """
    if (refused := (yield from not_taken(request, space, now))) is not None:
        return refused
    found = yield from linked_account(token.reveal_text(), "password-reset", policy, now)
    if isinstance(found, Rejected | Stale):
        return (yield from refused_link(found, request, space, now))
    link, account = found
    if not may_be_reset(account) or policy.address_of(account) != link.address:
        return (yield from refused_link(Rejected("account-changed"), request, space, now))
    good = yield from approved(password, account.name, account.attributes, policy=passwords)
    stored = yield from ask(HashPassword(good))
    if not (yield from used_up(link)):
        return (yield from refused_link(Rejected("used-link"), request, space, now))
    change = ChangeAccount(
        account.name,
        password_hash=stored,
        stamp=new_stamp(policy.entropy),
        attributes=without_salt(account.attributes),
        expected_stamp=link.stamp,
    )
    changed = yield from ask(change)
    if changed is None:
        return (yield from refused_link(Rejected("account-changed"), request, space, now))
    yield from password_set(changed, password, now, digest_secrets)
    return changed


def tell_of_new_password(account: Account, asked_from: str, policy: MailPolicy, now: Instant) -> Steps[None]:
    """Tell the owner that the password is another one (ASVS 6.3.7), where there is an address to tell."""
    address = policy.address_of(account)
    if address is not None:
        mail = password_changed_mail(address, account.name, site=policy.site, asked_from=asked_from, now=now)
        yield from ask(SendMail(mail))
