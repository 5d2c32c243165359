"""What all mails have in common: where they go, how many, and how their links are made and refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from watchword.core.ask import Steps, ask
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decision import Refused
from watchword.core.guard import guard
from watchword.core.mail import Mail, usable_address
from watchword.core.names import folded_name
from watchword.core.outcome import Rejected, Stale, Throttled
from watchword.core.policy import Ceiling, place_of
from watchword.core.principal import Instant
from watchword.core.questions import FindAccount, FindAccountsBy
from watchword.core.questions.credentials import SpendOnce
from watchword.core.questions.mail import SendMail, SpendTurn
from watchword.core.records import Account
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import fingerprint
from watchword.http.message import Request
from watchword.mechanisms.mailed_link import MailedLinkForm
from watchword.tokens.mailed_link import MailedLink, Purpose, read_link, written_link

FROM_ONE_PLACE: Final = Ceiling(limit=30, window=3600.0)
"""Requests for mails, whatever they are about: from then on they are refused for all to see (C16)."""
ABOUT_ONE_ACCOUNT: Final = Ceiling(limit=5, window=3600.0)
TO_ONE_MAILBOX: Final = Ceiling(limit=10, window=3600.0)
"""Mails that strangers can cause. Beyond, none is sent, and nobody is told."""
ACCOUNTS_TOLD: Final = 10
"""With one address, at most."""

_KEPT_LONGER = 3600.0
"""In seconds: for how long a used link is remembered once it has expired, for clocks that are set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPolicy:
    """Where links lead and for how long, in seconds, and which attribute of an account has its address.

    `site` is what mails call the place, `location` the URL under which people reach it.
    """

    site: str
    location: str
    sealing: Sealing
    entropy: Callable[[int], bytes]
    attribute: str = "email"
    reset_lifetime: float = 1800.0
    verification_lifetime: float = 86400.0

    @property
    def verified(self) -> str:
        """The attribute that says that the address was shown to be the owner's: `true`, or it is not there."""
        return f"{self.attribute}_verified"

    def address_of(self, account: Account) -> str | None:
        """Where mails about the account go; None where it has no address that one could be sent to."""
        return usable_address(account.attributes.get(self.attribute))

    def url(self, page: str, link: MailedLink) -> str:
        """What stands in the mail. The token is in the fragment, which no log, proxy or Referer field ever sees; so is
        the name, for password managers."""
        token, name = written_link(link, self.sealing, self.entropy), quote(link.subject, safe="")
        return f"{self.page(page)}#token={token}&username={name}"

    def page(self, name: str) -> str:
        """The URL of one of our pages."""
        return f"{self.location}/ui/{name}"


# --- mails that strangers can cause ----------------------------------------------------------------------------------


def accounts_with(address: str, policy: MailPolicy) -> Steps[tuple[Account, ...]]:
    """The accounts whose address this is, in the form that it was typed in or that we keep."""
    usable = usable_address(address)
    spellings = dict.fromkeys((address,) if usable is None else (address, usable, usable.lower()))
    found: dict[str, Account] = {}
    for spelling in spellings:
        accounts = yield from ask(FindAccountsBy(policy.attribute, spelling, ACCOUNTS_TOLD))
        found.update((account.name, account) for account in accounts)
    return tuple(found[name] for name in sorted(found)[:ACCOUNTS_TOLD])


def has_turn(account: Account, now: Instant) -> Steps[bool]:
    """Whether one more mail about this account may be caused. It is counted then."""
    wait = yield from ask(SpendTurn(f"mail-about:{_digest(account.name)}", ABOUT_ONE_ACCOUNT, now))
    return not wait


def posted(mail: Mail, now: Instant) -> Steps[bool]:
    """Send a mail that a stranger asked for, where its mailbox did not get too many of those."""
    if (yield from ask(SpendTurn(f"mail-to:{_digest(folded_name(mail.to))}", TO_ONE_MAILBOX, now))):
        return False
    return (yield from ask(SendMail(mail)))


def held_up(request: Request, space: ProtectionSpace, now: Instant) -> Steps[Refused | None]:
    """The refusal of a request for mails from a place that has asked for too many; None where it may go on.

    What is asked for does not matter to it, so it tells nothing.
    """
    wait = yield from ask(SpendTurn(f"mail-from:{place_of(request.peer.address)}", FROM_ONE_PLACE, now))
    return (yield from _refusal(Throttled(wait) if wait else None, request, space, now))


# --- links -----------------------------------------------------------------------------------------------------------


def linked_account(
    token: str, purpose: Purpose, policy: MailPolicy, now: Instant
) -> Steps[tuple[MailedLink, Account] | Rejected | Stale]:
    """What a token stands for, and the account as it is now: under the very stamp that the link was made for."""
    link = read_link(token, purpose, policy.sealing)
    if link is None:
        return Rejected("unknown-link")
    if link.expires_at <= now:
        return Stale("expired-link")
    account = yield from ask(FindAccount(link.subject, fresh=True))
    if account is None or account.stamp != link.stamp:
        return Rejected("account-changed")
    return link, account


def used_up(link: MailedLink) -> Steps[bool]:
    """Use the link. False where it was used before. This is one step, however many try at once (F3)."""
    return (yield from ask(SpendOnce(f"mailed link {link.purpose}", link.id, link.expires_at + _KEPT_LONGER)))


def not_taken(request: Request, space: ProtectionSpace, now: Instant) -> Steps[Refused | None]:
    """Whether the request may carry a link at all, as it may not in cleartext (C14)."""
    return _refusal(None, request, space, now)


def refused_link(outcome: Rejected | Stale, request: Request, space: ProtectionSpace, now: Instant) -> Steps[Refused]:
    """How the decision table refuses a link (C09)."""
    refused = yield from _refusal(outcome, request, space, now)
    assert refused is not None, "whoever brings a link that is not good is nobody"
    return refused


def _refusal(
    outcome: Rejected | Stale | Throttled | None, request: Request, space: ProtectionSpace, now: Instant
) -> Steps[Refused | None]:
    form = MailedLinkForm(space.realm, space.cookie_challenge.scheme, outcome)
    own = replace(space, mechanisms=(form,))
    circumstances = with_login_route(read_circumstances(request, space))
    decision = yield from guard(request, own, Requirement(public=outcome is None), circumstances, now)
    return decision if isinstance(decision, Refused) else None


def _digest(text: str) -> str:
    return fingerprint(text.encode("utf-8", "surrogatepass")).hex()[:32]
