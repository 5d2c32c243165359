"""Judging Digest credentials: the response first, then the nonce, and the count of the nonce last (RFC 7616)."""

from __future__ import annotations

from contextlib import suppress

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.names import looked_up_name
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale, Throttled
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import CheckDigest, NoteProven, PasswordHeld, PasswordRight, PasswordWrong, SpendOnce
from watchword.core.records import Account, principal_of
from watchword.core.second_factor import PASSWORD
from watchword.crypto.secret import fingerprint
from watchword.http.digest import DigestResponse
from watchword.http.message import Request
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.once import REMEMBERED_FOR

SPENT = "digest-nc"
"""The purpose under which nonces with their counts are spent."""


def judge_digest(
    claim: DigestResponse, request: Request, now: Instant, *, nonces: Nonces, mechanism: str, realm: str
) -> Steps[Outcome]:
    """What the response proves of this request.

    A nonce that is over, unknown or used with this count already is only told to who has the right response: a fresh
    one helps those, and nobody learns anything else by it. None of that counts as a failure; a wrong response does.
    """
    if claim.realm != realm.encode():
        return Rejected("wrong-realm")
    if claim.opaque:
        return Rejected("wrong-opaque")  # no challenge of ours has any
    if claim.uri not in (request.target, request.target + b"?"):  # hosts drop the mark of an empty query
        return Rejected("wrong-uri")
    name, address = looked_up_name(claim.username), request.peer.address
    match (yield from ask(CheckDigest(name, realm, claim, request.method, address, now))):
        case PasswordWrong(reason):
            return Rejected(reason)
        case PasswordHeld(retry_after):
            return Throttled(retry_after)
        case PasswordRight(account):
            ends_at = nonces.ends_at(claim.nonce, realm)
            if ends_at is None:
                return Stale("unknown-nonce")
            if not nonces.is_good(ends_at, now):
                return Stale("expired-nonce")
            if not (yield from ask(SpendOnce(SPENT, _used(claim), ends_at + REMEMBERED_FOR))):
                return Stale("replayed-nonce-count")
            with suppress(AnswerFailed):  # a log-in does not fail for want of a note about it
                yield from ask(NoteProven(name, address, now))
            return _accepted(account, now, mechanism=mechanism, realm=realm)


def _accepted(account: Account, now: Instant, *, mechanism: str, realm: str) -> Accepted:
    return Accepted(principal_of(account, realm, Authentication(mechanism=mechanism, amr=_PASSWORD, auth_time=now)))


def _used(claim: DigestResponse) -> bytes:
    """One use of a nonce. Counts have one length, and the client's own nonce ends it."""
    return fingerprint(claim.nonce + claim.nonce_count + claim.cnonce)


_PASSWORD = frozenset((PASSWORD,))
