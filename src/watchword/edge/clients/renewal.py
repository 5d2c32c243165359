"""Credentials that are got and renewed by requests of their own: once for all who need them at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from watchword.core.advice import Advice
from watchword.edge.clients.failures import CannotAuthenticateNow, NotAuthenticated, NotRepeatable
from watchword.edge.clients.place import Place
from watchword.edge.clients.steps import Answer, Asked, Attempt, Flow, InTurn, Wait, attempt
from watchword.edge.clients.told import Told, told
from watchword.edge.clients.turn import Turn
from watchword.http.fields import SAFE_METHODS

T = TypeVar("T")

MOST_TRIPS = 2
"""Round trips that a call may cost beyond its own."""

_LONGEST_REST = 300.0
"""Seconds for which a server's Retry-After keeps clients from asking it again."""

AGAIN = (Advice.REFRESH, Advice.LOG_IN, Advice.STEP_UP)


class Trips:
    """How many round trips one call may still cost."""

    def __init__(self) -> None:
        self.left = MOST_TRIPS

    def take(self) -> bool:
        """One of them, if any is left."""
        if self.left == 0:
            return False
        self.left -= 1
        return True


class Kept(Generic[T]):
    """Credentials that many callers share."""

    def __init__(self, held: T | None, clock: Callable[[], float]) -> None:
        self.held = held
        self._clock = clock
        self._turn = Turn()
        self._failure: NotAuthenticated | None = None
        self._failed_until = 0.0
        self._failures = 0
        self._unanswered = 0

    def renewed(self, seen: T | None, obtain: Callable[[], Flow[T]]) -> Flow[T]:
        """Others than those that were `seen`: got by whoever has the turn first, for all who wait meanwhile.

        Raises:
            NotAuthenticated: where there are none to be had; also where somebody else just found that out.
        """
        failures = self._failures
        turn = self._turn.ask()
        try:
            yield InTurn(turn)
            if self.held is not None and self.held is not seen:
                return self.held
            if self._failure is not None and (self._failures != failures or self._clock() < self._failed_until):
                raise self._failure.again()
            self.held = yield from self._noted(obtain)
            return self.held
        finally:
            self._turn.leave(turn)

    def _noted(self, obtain: Callable[[], Flow[T]]) -> Flow[T]:
        try:
            got = yield from obtain()
        except NotAuthenticated as failure:
            self._failed(failure)
            raise
        except BaseException:
            # The connection broke, or the caller was cancelled: one more tries, but not everybody in turn.
            self._unanswered += 1
            if self._unanswered > 1:
                self._failed(CannotAuthenticateNow("The server did not answer when credentials were to be renewed."))
            raise
        self._failure, self._unanswered = None, 0
        return got

    def _failed(self, failure: NotAuthenticated) -> None:
        self._failure, self._unanswered = failure, 0
        self._failed_until = self._clock() + min(failure.retry_after or 0, _LONGEST_REST)
        self._failures += 1


class Renewable(Protocol[T]):
    """A kind of credentials that are renewed so."""

    place: Place
    kept: Kept[T]
    patience: float
    clock: Callable[[], float]

    def written(self, held: T, asked: Asked) -> Mapping[str, str]:
        """The fields that carry them."""
        ...

    def is_over(self, held: T) -> bool:
        """Whether they are known to be of no use any more."""
        ...

    def can_renew(self, held: T, answered: Told) -> bool:
        """Whether there is anything to get others with, after this answer."""
        ...

    def obtain(self, held: T | None, answered: Told | None, trips: Trips) -> Flow[T]:
        """Others. Raises NotAuthenticated where there are none."""
        ...


def authenticated(kind: Renewable[T], asked: Asked) -> Flow[None]:
    """One call. What was got within it is not renewed again, so that no server can keep a client going."""
    if not kind.place.covers(asked.url):
        yield Attempt({})
        return
    trips = Trips()
    held, new = kind.kept.held, False
    if held is None or kind.is_over(held):
        held, new = (yield from kind.kept.renewed(held, _obtaining(kind, held, None, trips))), True
    used = held
    answer = yield from attempt(kind.written(used, asked))
    if not kind.place.covers(answer.url):
        return
    answered = told(answer, kind.clock())
    if answered.advice is Advice.WAIT:
        yield from waited(answered, asked, lambda: kind.written(used, asked), trips, kind.patience)
    elif answered.advice in AGAIN and not new and kind.can_renew(used, answered):
        trips.take()  # for the request itself
        held = yield from kind.kept.renewed(used, _obtaining(kind, used, answered, trips))
        must_be_repeatable(asked, answered)
        yield Attempt(kind.written(held, asked))


def waited(
    answered: Told, asked: Asked, written: Callable[[], Mapping[str, str]], trips: Trips, patience: float
) -> Flow[Answer | None]:
    """The answer to the request after as long as Retry-After says; None where that is too long, or could do harm."""
    pause = answered.retry_after
    if pause is None or pause > patience or not asked.repeatable:
        return None
    if not (asked.method.upper() in SAFE_METHODS or answered.nothing_was_done) or not trips.take():
        return None
    yield Wait(pause)
    return (yield from attempt(written()))


def must_be_repeatable(asked: Asked, answered: Told) -> None:
    """Raises NotRepeatable where the content of the request is gone."""
    if not asked.repeatable:
        raise NotRepeatable(
            "The credentials were refused, and the content can be sent only once: send the request anew.",
            status=answered.status,
            code=answered.code,
        )


def _obtaining(kind: Renewable[T], held: T | None, answered: Told | None, trips: Trips) -> Callable[[], Flow[T]]:
    return lambda: kind.obtain(held, answered, trips)
