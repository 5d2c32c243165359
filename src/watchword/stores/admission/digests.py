"""The answer to CheckDigest: the limits of passwords (`core/policy.py`), and a comparison that costs hardly a thing."""

from __future__ import annotations

from typing import Protocol

from watchword.core.credentials import Credential
from watchword.core.questions import (
    CheckDigest,
    FindAccount,
    FindCredentials,
    NoteProven,
    PasswordAnswer,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
)
from watchword.core.records import Account
from watchword.crypto.secret import equal
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.tokens.digest_secret import DigestSecrets, label_of


class Records(Protocol):
    """What is needed of a storage."""

    def find_account(self, question: FindAccount) -> Account | None: ...

    def find_credentials(self, question: FindCredentials) -> tuple[Credential, ...]: ...


class DigestAdmission:
    """Who may be let in by a response to a challenge, and who has to wait.

    Every check reads and computes the same, whoever it is and whatever is wrong: an unknown user, an account without a
    secret and a disabled one as well (F30). Right responses are not noted here: a captured one is right, too, and
    only the nonce tells. `note_proven` is for that.
    """

    def __init__(self, records: Records, secrets: DigestSecrets, *, throttle: Throttle, places: Places) -> None:
        self._records = records
        self._secrets = secrets
        self._throttle = throttle
        self._places = places

    def threaded(self, question: CheckDigest) -> PasswordAnswer:
        """The answer.

        Raises:
            AnswerFailed: where the storage does not answer.
        """
        counters = self._places.find(question.name, question.address).counters
        with self._throttle.guess(counters, question.now) as wait:
            if wait:
                return PasswordHeld(wait)
            found = self._judge(question)
            if isinstance(found, PasswordWrong):
                self._throttle.note(counters, question.now)
            return found

    def note_proven(self, question: NoteProven) -> None:
        """See `NoteProven`."""
        place = self._places.find(question.name, question.address)
        self._places.logged_in(question.name, question.address, question.now)
        if place.known:
            self._throttle.forget(place.counters[0])

    def _judge(self, question: CheckDigest) -> PasswordRight | PasswordWrong:
        claim = question.claim
        account = self._records.find_account(FindAccount(question.name, fresh=True))
        credentials = self._records.find_credentials(FindCredentials(question.name, fresh=True))
        secret, own = self._secrets.find(account, label_of(claim.algorithm, question.realm), credentials)
        right = equal(claim.expected(secret, question.method), claim.response)
        if account is None:
            return PasswordWrong("unknown-user")
        if not own:
            return PasswordWrong("no-digest-secret")
        if not right:
            return PasswordWrong("wrong-response")
        return PasswordWrong("account-disabled") if account.disabled else PasswordRight(account)
