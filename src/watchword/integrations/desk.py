"""The credential desk for an application's own code, blocking and for event loops."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar
from urllib.parse import urlencode

from watchword.core import providers as core
from watchword.core.ask import Steps, ask
from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.core.questions import (
    EndThirdPartyCredentials,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.questions.providers import AskProvider, CallProvider, FindThirdPartySealing, SpendProviderAttempt
from watchword.core.third_party import ThirdPartyCredential
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers, arun, run
from watchword.flows import third_party_calls, third_party_keys
from watchword.flows.third_party_calls import Wanted
from watchword.http.message import Fields
from watchword.http.relayed import Relayed
from watchword.http.sent_credential import can_carry
from watchword.integrations.kept import Kept, MemoryKept
from watchword.integrations.provider import Provider
from watchword.integrations.refusal import Refusal, refusal_of, refusal_to_send, unsendable
from watchword.storage import FailureCount
from watchword.storage.rules import one_more_failure
from watchword.stores.asking.bounded import Bounded
from watchword.stores.providers.asking import Providers

T = TypeVar("T")

SealingKeys: TypeAlias = Sequence[tuple[str, bytes]]
"""Ids with keys of 32 bytes, oldest first: the newest seals, and all of them open."""

_MOST_WAITING: Final = 64
_OTHERS: Final = 8
_PAGE: Final = 200


class NoSuchAccount(LookupError):
    """The store keeps credentials for accounts only that it knows, and this is none of them."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The credential is kept; `is_new` where there was none for this provider. Answer 201 then, and 200 otherwise."""

    credential: ThirdPartyCredential
    is_new: bool


class Desk:
    """Takes credentials of an application's users for third parties, and calls those with them.

    Each method has a twin for event loops, with an `a` before its name. One desk for each process; nothing is opened
    before it is used. `subject` is whoever is logged in: who that is, the application knows.

    Methods raise `KeyError` for a provider that was not declared, and `AnswerFailed` where the store does not answer.
    """

    def __init__(
        self,
        providers: Iterable[Provider],
        *,
        seal: SealingKeys | Callable[[], SealingKeys],
        storage: Kept | None = None,
        clock: Callable[[], Instant] = time.time,
    ) -> None:
        """`seal` are the keys under which credentials are kept, or who gives those of now; `storage` is where, and in
        this process alone where it is None.

        Raises:
            ValueError: for a name that two providers have, a key that is none, and hosts that are none.
        """
        declared = list(providers)
        names = [provider.name for provider in declared]
        if len(set(names)) != len(names):
            raise ValueError("two providers have one name; write another one")
        threads = min(_MOST_WAITING, sum(provider.at_once for provider in declared))
        asking = Providers(
            asked={provider.name: provider.asked() for provider in declared},
            places=max(1, threads),
            records=_Counts(),
        )
        keys = seal if callable(seal) else lambda: seal
        _sealing(keys())  # a key that is none is found at once
        self._providers: Mapping[str, core.Provider] = {provider.name: provider.known for provider in declared}
        self._answers = _answers(MemoryKept() if storage is None else storage, asking, lambda: _sealing(keys()))
        self._clock = clock
        self._threads = threads + _OTHERS
        self._lock = threading.Lock()
        self._pool: Executor | None = None

    @classmethod
    def over(cls, providers: Mapping[str, core.Provider], answers: Answers, clock: Callable[[], Instant]) -> Desk:
        """One over providers and answers that somebody else has put together, such as a server's."""
        desk = cls.__new__(cls)
        desk._providers, desk._answers, desk._clock = providers, answers, clock
        desk._threads = min(_MOST_WAITING, 8 * len(providers)) + _OTHERS
        desk._lock = threading.Lock()
        desk._pool = None
        return desk

    @property
    def providers(self) -> Sequence[str]:
        """The names of the providers."""
        return tuple(self._providers)

    # --- blocking ------------------------------------------------------------------------------------------------

    def submit(
        self, subject: str, provider: str, credential: str, *, store_unverified: bool = False
    ) -> Submitted | Refusal:
        """Keep the credential once the provider has taken it (C19, C21 otherwise).

        With `store_unverified` it is kept, too, where the provider cannot say now.

        Raises:
            NoSuchAccount: where the store knows no such account.
        """
        return run(self._submit(subject, provider, credential, store_unverified), self._answers)

    def check(self, subject: str, provider: str) -> ThirdPartyCredential | Refusal | None:
        """Ask the provider about what is kept (C20, C21 where it does not take it); None where nothing is."""
        return run(self._check(subject, provider), self._answers)

    def call(
        self,
        subject: str,
        provider: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Relayed | Refusal:
        """Call the provider's API with what is kept. `path` begins with a slash, and is percent-encoded.

        Of `headers` those go out that are about the content and the call. What comes back is the provider's answer
        (`Relayed`: its status, fields and content), or why there is none.
        """
        return run(self._call(subject, provider, _wanted(method, path, params, headers, content)), self._answers)

    def show(self, subject: str, provider: str) -> ThirdPartyCredential | None:
        """What is known of the credential that is kept; None where none is."""
        return run(third_party_keys.show(subject, self._providers[provider]), self._answers)

    def forget(self, subject: str, provider: str) -> bool:
        """Whether there was something to forget."""
        return run(third_party_keys.forget(subject, self._providers[provider]), self._answers)

    def seal_anew(self) -> int:
        """Seal everything that is kept with the newest key; how many credentials depend on an older one still.

        Where that is none, the older keys can go.
        """
        return run(self._seal_anew(), self._answers)

    # --- for event loops -----------------------------------------------------------------------------------------

    async def asubmit(
        self, subject: str, provider: str, credential: str, *, store_unverified: bool = False
    ) -> Submitted | Refusal:
        """See `submit`."""
        return await self._arun(self._submit(subject, provider, credential, store_unverified))

    async def acheck(self, subject: str, provider: str) -> ThirdPartyCredential | Refusal | None:
        """See `check`."""
        return await self._arun(self._check(subject, provider))

    async def acall(
        self,
        subject: str,
        provider: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Relayed | Refusal:
        """See `call`."""
        return await self._arun(self._call(subject, provider, _wanted(method, path, params, headers, content)))

    async def ashow(self, subject: str, provider: str) -> ThirdPartyCredential | None:
        """See `show`."""
        return await self._arun(third_party_keys.show(subject, self._providers[provider]))

    async def aforget(self, subject: str, provider: str) -> bool:
        """See `forget`."""
        return await self._arun(third_party_keys.forget(subject, self._providers[provider]))

    async def aseal_anew(self) -> int:
        """See `seal_anew`."""
        return await self._arun(self._seal_anew())

    def close(self) -> None:
        """Let the threads go. Another call begins new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    # --- steps ---------------------------------------------------------------------------------------------------

    def _submit(
        self, subject: str, provider: str, credential: str, store_unverified: bool
    ) -> Steps[Submitted | Refusal]:
        known, secret = self._providers[provider], Secret(credential)
        if not can_carry(known.carrier, secret):
            return unsendable()
        done = yield from third_party_keys.submit(
            subject,
            secret,
            provider=known,
            store_unverified=store_unverified,
            entropy=os.urandom,
            now=self._clock(),
        )
        if done is None:
            raise NoSuchAccount("there is no such account, or it is disabled")
        return refusal_of(done) if isinstance(done, Refused) else Submitted(done.credential, done.is_new)

    def _check(self, subject: str, provider: str) -> Steps[ThirdPartyCredential | Refusal | None]:
        found = yield from third_party_keys.check(subject, provider=self._providers[provider], now=self._clock())
        if found is None:
            return None
        return refusal_of(found) if isinstance(found, Refused) else found.credential

    def _call(self, subject: str, provider: str, wanted: Wanted) -> Steps[Relayed | Refusal]:
        known = self._providers[provider]
        if known.calls is None:
            raise KeyError(f"nothing of {provider} may be called: give it a call")
        answer = yield from third_party_calls.call(
            subject, wanted, provider=known, calls=known.calls, now=self._clock()
        )
        match answer:
            case Relayed():
                return answer
            case Refused():
                return refusal_of(answer)
            case not_sent:
                return refusal_to_send(not_sent)

    def _seal_anew(self) -> Steps[int]:
        left = 0
        after: tuple[str, str] | None = None
        while True:
            page = yield from ask(ListThirdPartyCredentials(after=after, limit=_PAGE))
            for kept in page:
                left += not (yield from third_party_keys.seal_anew(kept, entropy=os.urandom))
            if len(page) < _PAGE:
                return left
            after = page[-1].subject, page[-1].provider

    def _arun(self, steps: Steps[T]) -> Coroutine[None, None, T]:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="watchword-desk")
            pool = self._pool
        return arun(steps, self._answers, pool, _PATIENCE)


_PATIENCE: Final = 60.0
"""Seconds for an answer on an event loop. What asks providers is bounded itself."""


class _Counts:
    """How often providers were asked for whom, by this process."""

    def __init__(self) -> None:
        self._counts: Bounded[str, FailureCount] = Bounded(_MOST_COUNTED)
        self._lock = threading.Lock()

    def failures(self, key: str) -> FailureCount | None:
        return self._counts.get(key)

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        with self._lock:
            count = one_more_failure(self._counts.get(key), now, window)
            self._counts.put(key, count)
            return count

    def forget_failures(self, key: str) -> None:
        self._counts.drop(key)


_MOST_COUNTED: Final = 10_000


def _wanted(
    method: str, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str] | None, content: bytes
) -> Wanted:
    fields: Fields = tuple(
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()
    )
    query = urlencode(params).encode("ascii") if params else b""
    return Wanted(
        method=method, path=path.encode("utf-8", "surrogatepass"), query=query, fields=fields, content=content
    )


def _sealing(keys: SealingKeys) -> Sealing:
    if not keys or any(len(key) != _KEY_LENGTH for _, key in keys):
        raise ValueError(f"give at least one key, each of {_KEY_LENGTH} random bytes, with an id")
    return Sealing([(key_id, Secret(key)) for key_id, key in keys])


_KEY_LENGTH: Final = 32


def _answers(kept: Kept, asking: Providers, sealing: Callable[[], Sealing]) -> Answers:
    answers = Answers()
    answers.add(FindThirdPartyCredential, threaded=kept.find)
    answers.add(ListThirdPartyCredentials, threaded=kept.list)
    answers.add(PutThirdPartyCredential, threaded=kept.put)
    answers.add(NoteThirdPartyCheck, threaded=kept.note_check)
    answers.add(ResealThirdPartyCredential, threaded=kept.reseal)
    answers.add(EndThirdPartyCredentials, threaded=kept.end)
    answers.add(AskProvider, threaded=asking.ask)
    answers.add(CallProvider, threaded=asking.call)
    answers.add(SpendProviderAttempt, threaded=asking.spend_attempt)
    answers.add(FindThirdPartySealing, threaded=lambda question: sealing())
    return answers
