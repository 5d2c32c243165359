"""Providers asked over HTTP: once for the same credential, by few threads, in the way that is configured (F6, F33)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.stores.test_slots import joined, until
from watchword.core.ask import AnswerFailed
from watchword.core.questions.providers import AskProvider, CallProvider, SpendProviderAttempt
from watchword.core.third_party_answers import AnyProviderAnswer, NoProviderAnswer, ProviderAnswer
from watchword.crypto.secret import Secret
from watchword.http.sent_credential import Carrier
from watchword.outgoing.http import Outgoing
from watchword.storage.memory import MemoryStorage
from watchword.stores.providers.asking import ATTEMPTS, Asked, Providers

GOOD = AskProvider("acme", Secret(GOOD_KEY))
NOW = 1_790_000_000.0
BEARER = Carrier("bearer")


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as started:
        yield started


def asked(url: str, *, carrier: Carrier = BEARER, method: str = "GET", at_once: int = 8, patience: float = 30) -> Asked:
    outgoing = Outgoing("acme", patience=patience, private_hosts=["127.0.0.1"], at_once=at_once)
    return Asked(outgoing, method, url, carrier)


def providers(
    url: str,
    *,
    carrier: Carrier = BEARER,
    places: int = 8,
    method: str = "GET",
    at_once: int = 8,
    patience: float = 30,
) -> Providers:
    acme = asked(url, carrier=carrier, method=method, at_once=at_once, patience=patience)
    return Providers({"acme": acme}, places, MemoryStorage())


def call_of(subject: str, url: str, *, to: str = "acme") -> CallProvider:
    return CallProvider(subject, to, Secret(GOOD_KEY), "GET", url)


@pytest.mark.parametrize(
    "carrier",
    [
        Carrier("bearer"),
        Carrier("token"),
        Carrier("header", "X-API-Key"),
        Carrier("query", "api_key"),
    ],
    ids=lambda carrier: carrier.kind,
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("query", ["", "?fields=id"])
def test_a_provider_gets_the_credential_in_its_own_way(
    provider: HostileProvider, carrier: Carrier, method: str, query: str
) -> None:
    provider.received.clear()
    answer = providers(provider.url + "/key" + query, carrier=carrier, method=method).ask(GOOD)
    assert isinstance(answer, ProviderAnswer)
    assert answer.status == 200
    (received,) = provider.received
    assert received.method == method
    assert received.query.startswith(query[1:])


def test_a_provider_that_hangs_gives_no_answer_in_time__F6(provider: HostileProvider) -> None:
    assert providers(provider.url + "/hang", patience=0.2).ask(GOOD) == NoProviderAnswer("timeout")


def test_the_same_credential_is_asked_about_once_at_a_time__F6() -> None:
    with hostile_provider() as provider, ThreadPoolExecutor(8) as pool:
        asking = providers(provider.url + "/held")
        answers = [pool.submit(asking.ask, GOOD) for _ in range(8)]
        until(lambda: joined(asking._flights) == 7)
        provider.let_go.set()
        (answer,) = {each.result() for each in answers}
        assert isinstance(answer, ProviderAnswer)
        assert len(provider.received) == 1


def test_a_provider_that_hangs_holds_no_more_threads_than_it_may__F6() -> None:
    questions = [AskProvider("acme", Secret(f"key-{number}")) for number in range(8)]
    with hostile_provider() as provider, ThreadPoolExecutor(8) as pool:
        asking = providers(provider.url + "/held", places=2)
        answers = [pool.submit(asking.ask, question) for question in questions]
        until(lambda: sum(each.done() for each in answers) == 6)
        until(lambda: len(provider.received) == 2)
        provider.let_go.set()
        assert kinds_of(answers) == ["busy"] * 6 + ["in time"] * 2


def test_one_account_s_calls_keep_no_others_out__F38() -> None:
    """It chooses what is called: a path that hangs, as often as it likes."""
    with hostile_provider() as provider, ThreadPoolExecutor(8) as pool:
        asking = providers(provider.url, at_once=4)
        slow = [pool.submit(asking.call, call_of("ann", f"{provider.url}/held")) for _ in range(6)]
        until(lambda: sum(each.done() for each in slow) == 4)
        for _ in range(3):
            assert isinstance(asking.call(call_of("bob", f"{provider.url}/ok")), ProviderAnswer)
            assert isinstance(asking.ask(GOOD), ProviderAnswer)
        provider.let_go.set()
        assert kinds_of(slow) == ["busy"] * 4 + ["in time"] * 2
        assert isinstance(asking.call(call_of("ann", f"{provider.url}/ok")), ProviderAnswer)


def kinds_of(answers: Iterable[Future[AnyProviderAnswer]]) -> list[str]:
    """Of all answers, in the order of the alphabet."""
    results = [each.result() for each in answers]
    return sorted(answer.kind if isinstance(answer, NoProviderAnswer) else "in time" for answer in results)


def test_one_account_s_calls_to_several_providers_keep_no_others_out__F38() -> None:
    names = ("one", "two", "three")
    with hostile_provider() as provider, ThreadPoolExecutor(8) as pool:
        asking = Providers({name: asked(provider.url) for name in names}, 4, MemoryStorage())
        slow = [pool.submit(asking.call, call_of("ann", f"{provider.url}/held", to=name)) for name in names * 2]
        until(lambda: sum(each.done() for each in slow) == 4)
        assert isinstance(asking.call(call_of("bob", f"{provider.url}/ok", to="one")), ProviderAnswer)
        provider.let_go.set()
        assert kinds_of(slow) == ["busy"] * 4 + ["in time"] * 2


def test_a_credential_that_was_kept_for_another_way_of_sending_is_not_sent__F24(provider: HostileProvider) -> None:
    provider.received.clear()
    with pytest.raises(AnswerFailed) as failed:
        providers(provider.url + "/key", carrier=Carrier("basic")).ask(GOOD)
    assert GOOD_KEY not in str(failed.value)
    assert provider.received == []


def test_attempts_are_counted_for_each_account_apart(provider: HostileProvider) -> None:
    asking = providers(provider.url)
    waits = [asking.spend_attempt(SpendProviderAttempt("ann", NOW)) for _ in range(ATTEMPTS.limit + 1)]
    assert waits == [0] * ATTEMPTS.limit + [60]
    assert asking.spend_attempt(SpendProviderAttempt("bob", NOW)) == 0
    assert asking.spend_attempt(SpendProviderAttempt("ann", NOW + 60)) == 0
