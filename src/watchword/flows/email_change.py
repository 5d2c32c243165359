"""Another e-mail address for an account: it counts once somebody has opened the link that was sent there (ASVS 7.5.1).

Until then the account has the address that it had, and that one is told what is going on. The link of a sign-up ends
here too: with it a new account gets its address, and its password.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.core.ask import Steps, ask
from watchword.core.decision import Refused
from watchword.core.outcome import Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import ChangeAccount, FindAccount, HashPassword
from watchword.core.questions.mail import SendMail
from watchword.core.records import Account
from watchword.core.space import ProtectionSpace
from watchword.crypto.secret import Secret
from watchword.flows.accounts import new_stamp
from watchword.flows.mailing import MailPolicy, has_turn, linked_account, not_taken, posted, refused_link, used_up
from watchword.flows.mails import address_leaves_mail, address_left_mail, address_mail
from watchword.flows.password_policy import PasswordPolicy, PasswordRefused, approved
from watchword.flows.sign_up import ended_waiting
from watchword.http.message import Request
from watchword.tokens.couchdb_cookie import without_salt
from watchword.tokens.digest_secret import DigestSecrets, password_set
from watchword.tokens.mailed_link import MailedLink, new_link

PAGE = "verify-email"


def send_address_link(
    name: str, address: str, stamp: str | None, asked_from: str, policy: MailPolicy, now: Instant
) -> Steps[None]:
    """A link to the new address, and word to the old one. `stamp` is what the account had when its owner asked; None
    where somebody else did, who may."""
    account = yield from ask(FindAccount(name, fresh=True))
    if account is None or account.disabled or stamp not in (None, account.stamp):
        return
    if not (yield from has_turn(account, now)):
        return
    before = policy.address_of(account)
    link = new_link(
        "email-change",
        account.name,
        account.stamp,
        address=address,
        before=account.attributes.get(policy.attribute, ""),
        expires_at=now + policy.verification_lifetime,
        entropy=policy.entropy,
    )
    mail = address_mail(
        address,
        policy.url(PAGE, link),
        site=policy.site,
        asked_from=asked_from,
        now=now,
        lifetime=policy.verification_lifetime,
    )
    if (yield from posted(mail, now)) and before not in (None, address):
        told = address_leaves_mail(before, account.name, site=policy.site, asked_from=asked_from, now=now)
        yield from ask(SendMail(told))


@dataclass(frozen=True, slots=True)
class Verified:
    """The account has the address from now on, and its owner has shown that; `is_new`: it can be used from now on.
    `has_new_password`: who had proven an old one is logged out."""

    account: Account
    is_new: bool
    has_new_password: bool


def verify_address(
    token: Secret,
    password: str | None,
    request: Request,
    space: ProtectionSpace,
    *,
    policy: MailPolicy,
    passwords: PasswordPolicy,
    now: Instant,
    digest_secrets: DigestSecrets | None = None,
) -> Steps[Verified | Refused]:
    """Have the account keep the address that the link was sent to. A new account gets its password here: whoever signed
    up may have used an address of somebody else's, who must not end up with a password that a stranger knows.

    Raises:
        PasswordRefused: where a new account's password is missing or forbidden, or there is one for another link. The
            link stays good.
        AnswerFailed: where it could not be changed. The link may be used up then.
    """
    if (refused := (yield from not_taken(request, space, now))) is not None:
        return refused
    found = yield from linked_account(token.reveal_text(), "email-change", policy, now)
    if found == Rejected("unknown-link"):
        found = yield from linked_account(token.reveal_text(), "sign-up", policy, now)
    if isinstance(found, Rejected | Stale):
        return (yield from refused_link(found, request, space, now))
    link, account = found
    if not _still_fits(link, account, policy):
        return (yield from refused_link(Rejected("account-changed"), request, space, now))
    attributes = {**ended_waiting(account.attributes), policy.attribute: link.address, policy.verified: "true"}
    change = ChangeAccount(account.name, attributes=attributes, expected_stamp=link.stamp)
    if link.purpose == "sign-up":
        change = yield from _finishing(change, password, policy, passwords)
    elif password is not None:
        raise PasswordRefused("This link is about an address alone: it sets no password.")
    if not (yield from used_up(link)):
        return (yield from refused_link(Rejected("used-link"), request, space, now))
    changed = yield from ask(change)
    if changed is None:
        return (yield from refused_link(Rejected("account-changed"), request, space, now))
    if password is not None:
        yield from password_set(changed, password, now, digest_secrets)
    before = policy.address_of(account)
    if before not in (None, link.address):
        yield from ask(SendMail(address_left_mail(before, account.name, site=policy.site, now=now)))
    return Verified(changed, is_new=account.disabled, has_new_password=password is not None)


def _finishing(
    change: ChangeAccount, password: str | None, policy: MailPolicy, passwords: PasswordPolicy
) -> Steps[ChangeAccount]:
    """The change with what makes a new account one that can be used."""
    if password is None:
        raise PasswordRefused("Choose the password of the new account: what was sent at the sign-up does not count.")
    good = yield from approved(password, change.name, change.attributes, policy=passwords)
    stored = yield from ask(HashPassword(good))
    attributes = change.attributes or {}
    return replace(
        change,
        password_hash=stored,
        stamp=new_stamp(policy.entropy),
        disabled=False,
        attributes=without_salt(attributes) or attributes,
    )


def _still_fits(link: MailedLink, account: Account, policy: MailPolicy) -> bool:
    """Whether the account waits for this very link. Its stamp was looked at: whoever disables it changes that."""
    if account.attributes.get(policy.attribute, "") != link.before:
        return False  # another link was used since, or somebody else has changed it
    return not account.disabled or link.purpose == "sign-up"
