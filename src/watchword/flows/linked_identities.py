"""The identities at others' providers by which somebody may log in to an account: shown, and unlinked."""

from __future__ import annotations

import hashlib
from enum import Enum

from watchword.core.ask import Steps, ask
from watchword.core.linked import LinkedIdentity
from watchword.core.principal import Instant
from watchword.core.questions import AddLinkedIdentity, EndLinkedIdentities, FindAccount, ListLinkedIdentities


class NotUnlinked(Enum):
    """Why an identity stays linked."""

    UNKNOWN = "the account has no such identity"
    LAST = "nobody could log in to the account any more"


def public_id(identity: LinkedIdentity) -> str:
    """By what the identity is called in URLs. It is the same for good, and says nothing to who does not know it."""
    issuer, subject = identity.issuer.encode(), identity.subject.encode()
    return hashlib.sha256(len(issuer).to_bytes(4, "big") + issuer + subject).hexdigest()[:32]


def unlink(account: str, id: str, *, by_owner: bool, now: Instant) -> Steps[LinkedIdentity | NotUnlinked]:
    """Unlink the identity with this id, and end what began by its provider; the identity that is linked no more.

    An account's owner keeps one way to log in: the last identity of an account without a password stays.

    Raises:
        AnswerFailed: where the storage does not answer.
    """
    linked = yield from ask(ListLinkedIdentities(account))
    found = next((each for each in linked if public_id(each) == id), None)
    if found is None:
        return NotUnlinked.UNKNOWN
    needed = by_owner and not (yield from _has_password(account))
    if needed and len(linked) == 1:
        return NotUnlinked.LAST
    yield from ask(EndLinkedIdentities(account, now, found.issuer, found.subject))
    if needed and not (yield from ask(ListLinkedIdentities(account))):
        # Two were unlinked at the same time: whoever sees that none is left gives theirs back.
        yield from ask(AddLinkedIdentity(found))
        return NotUnlinked.LAST
    return found


def _has_password(name: str) -> Steps[bool]:
    """Is there a password, here or in another store, that opens the account?"""
    account = yield from ask(FindAccount(name, fresh=True))
    return account is not None and (account.password_hash is not None or account.store != "")
