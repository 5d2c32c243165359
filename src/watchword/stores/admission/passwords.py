"""The answer to CheckPassword, the same at every door: limits, then what was right before, then a hash in a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from watchword.core.ask import NOT_YET, NotYet
from watchword.core.policy import Counter
from watchword.core.questions import (
    CheckPassword,
    FindAccount,
    PasswordAnswer,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
)
from watchword.core.records import Account
from watchword.stores import CredentialStore, Denied
from watchword.stores.admission.places import Place, Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.asking.flights import Flights
from watchword.stores.asking.remembered import Remembered
from watchword.stores.asking.slots import Slots

_Verdict: TypeAlias = tuple[PasswordAnswer, tuple[Counter, ...]]
"""An answer, and the counters that its failure, if it was one, has been noted under."""


class PasswordAdmission:
    """Who may be let in by a password, and who has to wait.

    While a name, a place or everybody is held (`core/policy.py`), right and wrong are answered alike, remembered
    or not: nothing is evaluated. A right password that was seen before, from a place that is known, costs neither
    I/O nor a hash. Everything else is evaluated in one of the slots; its failure is noted before the slot is given
    back. Threads with the same guess at the same time share one evaluation.

    `find_account` asks the storage, and may wait. `find_account_now` must not where an event loop asks: it answers as
    of this instant from what is cached coherently, or NOT_YET.
    """

    def __init__(
        self,
        store: CredentialStore,
        *,
        throttle: Throttle,
        places: Places,
        remembered: Remembered,
        slots: Slots,
        find_account: Callable[[FindAccount], Account | None],
        find_account_now: Callable[[FindAccount], Account | NotYet | None],
    ) -> None:
        self._store = store
        self._throttle = throttle
        self._places = places
        self._remembered = remembered
        self._slots = slots
        self._find_account = find_account
        self._find_account_now = find_account_now
        self._flights: Flights[_Verdict] = Flights()

    def inline(self, question: CheckPassword) -> PasswordAnswer | NotYet:
        """The answer in microseconds, where it needs neither I/O nor a hash."""
        name = question.name
        place = self._places.seen(name, question.address)
        if place is None:
            return NOT_YET
        wait = self._throttle.wait_now(place.counters, question.now)
        if wait is NOT_YET:
            return NOT_YET
        if wait:
            return PasswordHeld(wait)
        if not place.known:
            return NOT_YET
        proof = self._remembered.recall(name, self._remembered.tag(name, question.password))
        if proof is None:
            return NOT_YET
        account = self._find_account_now(proof.question)
        return NOT_YET if account is NOT_YET else proof.right(account) or NOT_YET

    def threaded(self, question: CheckPassword) -> PasswordAnswer:
        """The answer, however long it takes.

        Raises:
            AnswerFailed: where too many wait already, or a store does not answer.
        """
        name, now = question.name, question.now
        place = self._places.find(name, question.address)
        wait = self._throttle.wait(place.counters, now)
        if wait:
            return PasswordHeld(wait)
        tag = self._remembered.tag(name, question.password)
        with self._slots.admitted(first=place.known):
            # Who comes after a change of the account does not share what was begun before it.
            state = _state(self._find_account(FindAccount(name, fresh=True)))
            flight = (tag, place.counters[0].key, state)
            answer, noted = self._flights.share(flight, lambda: self._evaluate(question, place, tag))
        match answer:
            case PasswordRight(account):
                self._places.logged_in(account.name, question.address, now)
                if place.known:
                    self._throttle.forget(place.counters[0])
            case PasswordWrong():
                # Sharing from another address does not go uncounted at one's own.
                self._throttle.note([counter for counter in place.counters if counter not in noted], now)
            case PasswordHeld():
                pass
        return answer

    def _evaluate(self, question: CheckPassword, place: Place, tag: bytes) -> _Verdict:
        with (
            self._slots.one(first=place.known),
            self._throttle.guess(place.counters, question.now) as wait,
        ):
            if wait:
                return PasswordHeld(wait), ()
            proof = self._remembered.find(tag)
            if proof is not None:
                account = self._find_account(FindAccount(proof.name, fresh=True))
                if account is not None and proof.holds(account):
                    return PasswordRight(account), ()
            found = self._store.check(question.name, question.password)
            if isinstance(found, Denied):
                self._throttle.note(place.counters, question.now)
                return PasswordWrong(found.reason), place.counters
            self._remembered.keep(question.name, tag, found)
            return PasswordRight(found), ()


def _state(account: Account | None) -> tuple[str, str | None, bool] | None:
    return None if account is None else (account.stamp, account.password_hash, account.disabled)
