"""Another e-mail address for an account: it counts once somebody has opened the link that was sent there (ASVS 7.5.1).

Until then the account has the address that it had, and that one is told what is going on.
"""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.decide import Refused
from watchword.core.outcome import Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import ChangeAccount, FindAccount
from watchword.core.questions.mail import SendMail
from watchword.core.records import Account
from watchword.core.space import ProtectionSpace
from watchword.crypto.secret import Secret
from watchword.flows.mailing import MailPolicy, has_turn, linked_account, not_taken, posted, refused_link, used_up
from watchword.flows.mails import address_leaves_mail, address_left_mail, address_mail
from watchword.flows.sign_up import ended_waiting
from watchword.http.message import Request
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
    """The account has the address from now on, and its owner has shown that; `is_new`: it can be used from now on."""

    account: Account
    is_new: bool


def verify_address(
    token: Secret, request: Request, space: ProtectionSpace, *, policy: MailPolicy, now: Instant
) -> Steps[Verified | Refused]:
    """Have the account keep the address that the link was sent to.

    Raises:
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
    if not (yield from used_up(link)):
        return (yield from refused_link(Rejected("used-link"), request, space, now))
    attributes = {**ended_waiting(account.attributes), policy.attribute: link.address, policy.verified: "true"}
    change = ChangeAccount(
        account.name,
        attributes=attributes,
        disabled=False if link.purpose == "sign-up" else None,
        expected_stamp=link.stamp,
    )
    changed = yield from ask(change)
    if changed is None:
        return (yield from refused_link(Rejected("account-changed"), request, space, now))
    before = policy.address_of(account)
    if before not in (None, link.address):
        yield from ask(SendMail(address_left_mail(before, account.name, site=policy.site, now=now)))
    return Verified(changed, is_new=account.disabled)


def _still_fits(link: MailedLink, account: Account, policy: MailPolicy) -> bool:
    """Whether the account waits for this very link. Its stamp was looked at: whoever disables it changes that."""
    if account.attributes.get(policy.attribute, "") != link.before:
        return False  # another link was used since, or somebody else has changed it
    return not account.disabled or link.purpose == "sign-up"
