"""What redeeming a refresh token means, as computation: every storage follows it, within one transaction."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.grants import FIRST_PARTY, Client, Family, Spent
from watchword.core.questions import NotRedeemed, Redeemed, Repeated, Reused, Rotated, SpendRefresh
from watchword.core.records import Account
from watchword.crypto.secret import equal

CHAIN = 64
"""How many spent tokens a family remembers at most: a client that refreshes faster than that has no grace left."""


def redeemed(
    family: Family, account: Account | None, client: Client | None, question: SpendRefresh
) -> tuple[Redeemed, Family | None]:
    """The answer, and what is kept of the family: None where it ends.

    `account` is the family's, `client` the one of its `client_id` where that is a registered one's.
    """
    if not equal(family.handle, question.handle):
        return NotRedeemed("unknown"), family
    if family.expires_at <= question.now:
        return NotRedeemed("expired"), None
    if account is None or account.disabled or account.stamp != family.stamp:
        return NotRedeemed("account-changed"), None
    if not equal(question.fingerprint, family.fingerprint):
        return _spent_before(family, account, question)
    if question.client_id != family.client_id:
        return NotRedeemed("wrong-client"), family
    if family.client_id != FIRST_PARTY and (client is None or client.disabled):
        return NotRedeemed("client-disabled"), family
    link = Spent(fingerprint=question.fingerprint, client=question.client, at=question.now, sealed=question.sealed)
    within_grace = tuple(spent for spent in family.spent if _in_time(spent, question))
    rotated = replace(
        family,
        fingerprint=question.successor,
        last_used=max(family.last_used, question.now),
        address=question.address,
        country=question.country,
        user_agent=question.user_agent,
        spent=(*within_grace, link)[-CHAIN:],
    )
    return Rotated(rotated, account), rotated


def _spent_before(family: Family, account: Account, question: SpendRefresh) -> tuple[Redeemed, Family | None]:
    """A token of this family that is not the live one: who may still have sent it honestly is its client, for a while.

    Everybody who made a link of the chain from it to the live one must be that client: whoever else redeemed one of
    them has a copy.
    """
    links = family.spent
    for index, spent in enumerate(links):
        if equal(spent.fingerprint, question.fingerprint):
            links = links[index:]
            break
    else:
        return Reused(family), None
    by_one_client = question.client_id == family.client_id and all(
        equal(link.client, question.client) for link in links
    )
    if _in_time(links[0], question) and by_one_client:
        return Repeated(family, account, tuple(link.sealed for link in links)), family
    return Reused(family), None


def _in_time(spent: Spent, question: SpendRefresh) -> bool:
    """Within the grace. A clock that was set back behind that instant does not begin it anew (F8)."""
    return abs(question.now - spent.at) < question.grace
