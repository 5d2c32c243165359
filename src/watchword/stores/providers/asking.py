"""Providers of credentials, asked over HTTP: what each is asked, how often at once, and what is no answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from watchword.core.ask import AnswerFailed
from watchword.core.policy import Ceiling, Counter
from watchword.core.questions.providers import AskProvider, CallProvider, SpendProviderAttempt
from watchword.core.third_party_answers import AnyProviderAnswer, NoProviderAnswer, ProviderAnswer
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.message import Fields
from watchword.http.sent_credential import Carrier, can_carry, carried
from watchword.outgoing.http import NoAnswer, Outgoing
from watchword.stores.admission.throttle import FailureRecords
from watchword.stores.asking.flights import Flights
from watchword.stores.providers.shares import Shares

ATTEMPTS: Final = Ceiling(limit=20, window=60.0)
"""How often one account may have providers asked about credentials, whatever they say."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How one provider is asked. `outgoing` bounds the time, the size, and how many requests there are at once.

    `fields` go with every request, in the place of the caller's of the same names, which are in lower case.
    """

    outgoing: Outgoing
    method: str
    url: str
    carrier: Carrier
    fields: Fields = ()


@dataclass(slots=True)
class Providers:
    """All providers by their names. `places` is how many threads may wait for all of them together."""

    asked: Mapping[str, Asked]
    places: int
    records: FailureRecords
    _free: threading.BoundedSemaphore = field(init=False)
    _shares: Shares = field(default_factory=Shares, init=False)
    _flights: Flights[AnyProviderAnswer] = field(default_factory=lambda: Flights[AnyProviderAnswer](), init=False)

    def __post_init__(self) -> None:
        self._free = threading.BoundedSemaphore(self.places)

    def ask(self, question: AskProvider) -> AnyProviderAnswer:
        """What the provider says of the credential. Who asks about one that it is being asked about, gets the same."""
        with self._place() as free:
            if not free:
                return NoProviderAnswer("busy")
            key = question.provider, fingerprint(question.credential.reveal())
            return self._flights.share(key, lambda: self._answer(self.asked[question.provider], question.credential))

    def call(self, question: CallProvider) -> AnyProviderAnswer:
        """What the provider answers to a call. Nobody shares it: calls may change something.

        One account has at most half of the places, of the provider's and of all: it chooses what is called, and so how
        long that takes.
        """
        subject, provider, asked = question.subject, question.provider, self.asked[question.provider]
        of_provider, of_all = (subject, provider, asked.outgoing.at_once), (subject, "", self.places)
        with self._shares.held(of_provider, of_all) as has_share, self._place() as free:
            if not (has_share and free):
                return NoProviderAnswer("busy")
            return _sent(
                asked,
                question.method,
                question.url,
                question.fields,
                question.credential,
                question.content,
                on_behalf=True,
            )

    @contextmanager
    def _place(self) -> Iterator[bool]:
        """Whether there is a place for one more who waits."""
        free = self._free.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._free.release()

    def spend_attempt(self, question: SpendProviderAttempt) -> int:
        """Seconds to wait; 0 where it is counted and may go on."""
        digest = fingerprint(question.subject.encode("utf-8", "surrogatepass")).hex()[:32]
        counter = Counter(f"third-party:{digest}", ATTEMPTS)
        wait = counter.wait(self.records.failures(counter.key), question.now)
        if wait:
            return wait
        count = self.records.note_failure(counter.key, question.now, ATTEMPTS.window).count
        return 1 if count > ATTEMPTS.limit else 0  # others came between

    def _answer(self, asked: Asked, credential: Secret) -> AnyProviderAnswer:
        return _sent(asked, asked.method, asked.url, ((b"accept", b"application/json"),), credential)


def _sent(
    asked: Asked,
    method: str,
    url: str,
    fields: Fields,
    credential: Secret,
    content: bytes = b"",
    *,
    on_behalf: bool = False,
) -> AnyProviderAnswer:
    """What comes back, where the credential is in the place where the provider looks for it, and nothing else is."""
    if not can_carry(asked.carrier, credential):
        # It was kept when the provider was asked in another way.
        raise AnswerFailed("the credential cannot be sent in the way that is configured now")
    sent = carried(asked.carrier, credential)
    if sent.query:
        url += ("&" if "?" in url else "?") + sent.query
    ours = (*asked.fields, *sent.fields)
    taken = {name for name, _ in ours}
    fields = (*(line for line in fields if line[0] not in taken), *ours)
    try:
        answered = asked.outgoing.ask(method, url, fields=fields, content=content, on_behalf=on_behalf)
    except NoAnswer as none:
        return NoProviderAnswer(none.kind, none.retry_after)
    return ProviderAnswer(answered.status, answered.fields, answered.content)
