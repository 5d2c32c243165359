"""Verifies stored credentials for third parties again, seals them anew, and drops keys that nothing needs any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from watchword.config.keys.file import KeyFileRefused, change_keys, read_keys
from watchword.core.ask import NOT_YET, AnswerFailed, NotYet, Question, Steps, ask
from watchword.core.events import Event, credential_event
from watchword.core.principal import Instant
from watchword.core.providers import Provider
from watchword.core.questions import ListThirdPartyCredentials, SpendOnce
from watchword.core.third_party import ThirdPartyCredential
from watchword.core.third_party_answers import Down, Limited, Unclear
from watchword.crypto.sealing import key_id_of
from watchword.edge.drive import Answers, run
from watchword.edge.engine import Engine
from watchword.flows.third_party_keys import seal_anew, verify_again
from watchword.tokens.third_party_seal import droppable_keys, replaced_keys, without_keys

T = TypeVar("T")
_Place: TypeAlias = tuple[str, str]

_PAGE: Final = 200
_PACE: Final = 0.1
"""Seconds between two questions to one provider."""
_UNCLEAR: Final = 3
"""So many answers in a row that say nothing, and the provider is left alone until the next round."""
_SHARE: Final = 8
"""So many rounds are made in the time in which every credential is to be verified once."""
_LONGEST_ROUND: Final = 3600.0
_SEALS: Final = 5.0
"""Seconds between two looks at what is sealed with which key."""
_MARGIN: Final = 10.0
"""A round ends so many seconds before the next one may begin elsewhere: longer than any question takes."""


@dataclass(slots=True)
class Upkeep:
    """What one process does for the credentials of all. Of several processes, one has the turn at each round.

    `data` is the folder with the server's keys, `pause` waits for so many seconds, and says whether to stop.
    """

    engine: Engine
    providers: Mapping[str, Provider]
    data: Path
    log: Callable[[Event], None]
    pause: Callable[[float], bool]
    _sealed: tuple[frozenset[str], frozenset[str]] | None = field(default=None, init=False)
    """The replaced and the droppable keys of the last time, if nothing was left to be done."""
    _tried: dict[str, int] = field(default_factory=dict[str, int], init=False)
    """The last round of each kind that was some process's turn."""
    _stopped_at: dict[str, _Place] = field(default_factory=dict[str, _Place], init=False)
    """Where the last round of a provider ended before its end, so that nobody's turn never comes."""

    @property
    def every(self) -> float:
        """Seconds between two looks at whether something is due: several in each round, so that it begins early."""
        return min([_SEALS, *(_round_of(provider) / 4 for provider in self.providers.values())])

    def round(self) -> None:
        """Everything that is due.

        Raises:
            AnswerFailed: where the storage cannot be reached. The next round goes on.
        """
        for provider in self.providers.values():
            self.verify(provider)
        self.seal()

    def verify(self, provider: Provider) -> int:
        """Verify what was not verified for long enough, if it is this process's turn; how many were asked about.

        An outage ends the round: who does not answer is not asked about everybody else, too.
        """
        every = _round_of(provider)
        now = self.engine.clock()
        if not self._has_turn("third-party-recheck", provider.name, every):
            return 0
        ends = (now // every + 1) * every - min(_MARGIN, every / 4)
        asked = unclear = 0
        for kept in self._due(provider, now):
            now = self.engine.clock()
            if now >= ends or unclear == _UNCLEAR:
                break
            self._stopped_at[provider.name] = kept.subject, kept.provider
            found = self._run(verify_again(kept, provider=provider, now=now))
            if found is None:
                continue
            asked += 1
            if found.changed:
                self.log(credential_event(found.credential))
            if isinstance(found.meant, Limited | Down) or self.pause(_PACE):
                break
            unclear = unclear + 1 if isinstance(found.meant, Unclear) else 0
        else:
            self._stopped_at.pop(provider.name, None)
        return asked

    def seal(self) -> int:
        """Seal anew what is sealed with an older key, and drop older keys that nothing is sealed with; how many were
        sealed anew."""
        try:
            ring, now = read_keys(self.data), self.engine.clock()
        except KeyFileRefused:  # whoever uses the keys says so
            return 0
        replaced, droppable = replaced_keys(ring, now), droppable_keys(ring, now)
        if not replaced or self._sealed == (replaced, droppable) or not self._has_turn("third-party-seal", "", _SEALS):
            return 0
        anew = sum(
            self._run(seal_anew(kept, entropy=self.engine.entropy))
            for kept in self._credentials()
            if key_id_of(kept.sealed) in replaced
        )
        unneeded = droppable - {key_id_of(kept.sealed) for kept in self._credentials()}
        if unneeded:
            # Whoever seals looks at the keys of that very moment, so nothing was sealed with these for a while.
            change_keys(self.data, lambda ring: without_keys(ring, unneeded))
        self._sealed = (replaced, droppable) if not anew else None
        if anew or unneeded:
            told: dict[str, str | int] = {"credentials": anew, "keys_dropped": ",".join(sorted(unneeded))}
            self.log(Event("third_party_credentials_sealed_anew", "info", told))
        return anew

    def _run(self, steps: Steps[T]) -> T:
        return run(steps, _OffLoop(self.engine.answers))

    def _has_turn(self, purpose: str, what: str, every: float) -> bool:
        number = int(self.engine.clock() // every)
        if self._tried.get(purpose + what) == number:
            return False
        turn = SpendOnce(purpose, f"{what} {number}".encode(), until=(number + 2) * every)
        has_turn = self._run(ask(turn))
        self._tried[purpose + what] = number
        return has_turn

    def _due(self, provider: Provider, now: Instant) -> Iterator[ThirdPartyCredential]:
        """What is to be verified, from where the last round of this process ended, once around."""
        before, after = now - provider.recheck, self._stopped_at.get(provider.name)
        yield from self._credentials(provider.name, before, after)
        if after is not None:
            for kept in self._credentials(provider.name, before):
                if (kept.subject, kept.provider) > after:
                    return
                yield kept

    def _credentials(
        self, provider: str | None = None, checked_before: Instant | None = None, after: _Place | None = None
    ) -> Iterator[ThirdPartyCredential]:
        while True:
            asked = ListThirdPartyCredentials(
                provider=provider, checked_before=checked_before, after=after, limit=_PAGE
            )
            page = self._run(ask(asked))
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].subject, page[-1].provider


class _OffLoop(Answers):
    """The same answers for a thread beside the event loop: what is answered in place there, is the loop's alone."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    def now(self, question: Question[T]) -> T | NotYet:
        return NOT_YET

    def wait(self, question: Question[T]) -> T:
        return self._answers.wait(question)


def keep_up_regularly(make: Callable[[Callable[[float], bool]], Upkeep]) -> Callable[[], None]:
    """Have a thread do it for as long as this process lives; call what is returned to stop."""
    stop = threading.Event()
    upkeep = make(stop.wait)
    if not upkeep.providers:
        return lambda: None

    def work() -> None:
        while not stop.wait(upkeep.every):
            try:
                upkeep.round()
            except (AnswerFailed, KeyFileRefused) as failure:  # nothing that was answered depends on it
                upkeep.log(Event("third_party_upkeep_failed", "warning", {"reason": str(failure)}))

    threading.Thread(target=work, name="watchword-third-parties", daemon=True).start()
    return stop.set


def _round_of(provider: Provider) -> float:
    return min(_LONGEST_ROUND, provider.recheck / _SHARE)
