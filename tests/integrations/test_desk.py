"""The credential desk as a library: the same as the server's, blocking and on event loops (S1.1 to S1.4)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.live import User, add_users
from watchword import Watchword
from watchword.integrations import (
    CheckRules,
    Desk,
    MemoryKept,
    NoSuchAccount,
    Provider,
    Refusal,
    Relayed,
    Statuses,
    Submitted,
)
from watchword.server.api.errors import PROBLEMS

T = TypeVar("T")
KEYS = [("2026-01", os.urandom(32))]


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def declared(provider: HostileProvider) -> Provider:
    return Provider(
        name="weather",
        check=f"{provider.url}/key",
        call=provider.url,
        methods=("GET", "POST"),
        private_hosts=("127.0.0.1",),
        timeout=1.5,
    )


@pytest.fixture(params=["blocking", "on a loop"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`ask(desk, "submit", …)` by the method or by its twin."""

    def blocking(desk: Desk, name: str, *arguments: object, **options: object) -> object:
        return getattr(desk, name)(*arguments, **options)

    def on_loop(desk: Desk, name: str, *arguments: object, **options: object) -> object:
        async def wait() -> object:
            return await getattr(desk, f"a{name}")(*arguments, **options)

        try:
            return asyncio.run(wait())
        finally:
            desk.close()

    return blocking if request.param == "blocking" else on_loop


def refused(outcome: object, status: int, cell: str | None) -> Refusal:
    assert isinstance(outcome, Refusal), outcome
    assert (outcome.status, outcome.cell) == (status, cell)
    assert outcome.problem()["status"] == status
    assert outcome.headers["Content-Type"] == "application/problem+json"
    assert "WWW-Authenticate" not in outcome.headers
    if cell is None:  # the server tells the same by the same code
        assert PROBLEMS[outcome.code] == (status, outcome.problem()["title"])
    return outcome


def test_key_is_kept_once_its_provider_has_taken_it__S1_1__S1_2__C19(
    declared: Provider, ask: Callable[..., Any]
) -> None:
    desk = Desk([declared], seal=KEYS)
    problem = refused(ask(desk, "submit", "ann", "weather", "wrong-key-0123456789"), 403, "C19").problem()
    assert (problem["provider"], problem["provider_status"]) == ("weather", 401)
    assert problem["code"] == "third-party-credential-rejected"
    assert ask(desk, "show", "ann", "weather") is None
    first = ask(desk, "submit", "ann", "weather", GOOD_KEY)
    assert isinstance(first, Submitted)
    assert (first.is_new, first.credential.state, first.credential.hint) == (True, "verified", "****cdef")
    assert not ask(desk, "submit", "ann", "weather", GOOD_KEY).is_new
    assert ask(desk, "check", "ann", "weather").state == "verified"
    assert ask(desk, "check", "bob", "weather") is None
    assert ask(desk, "forget", "ann", "weather")
    assert not ask(desk, "forget", "ann", "weather")


def test_call_is_answered_by_the_provider_or_says_why_not__S1_2__S1_3__S1_4__C20__C21(
    declared: Provider, ask: Callable[..., Any], provider: HostileProvider
) -> None:
    desk = Desk([declared], seal=KEYS)
    assert refused(ask(desk, "call", "ann", "weather", "GET", "/ok"), 409, None).code == "no-credential"
    ask(desk, "submit", "ann", "weather", GOOD_KEY)
    headers = {"Content-Type": "text/plain", "Cookie": "session=1", "Authorization": "Bearer ours"}
    answer = ask(
        desk, "call", "ann", "weather", "POST", "/echo", params={"q": "a b&c"}, headers=headers, content=b"content"
    )
    assert isinstance(answer, Relayed)
    assert answer.response().lines(b"integration-provider") == (b"weather",)
    sent = provider.received[-1]
    assert (sent.method, sent.target, sent.content) == ("POST", "/echo?q=a+b%26c", b"content")
    assert sent.field("authorization") == f"Bearer {GOOD_KEY}"
    assert sent.field("cookie") is None
    assert refused(ask(desk, "call", "ann", "weather", "DELETE", "/ok"), 405, None).headers["Allow"] == "GET, POST"
    refused(ask(desk, "call", "ann", "weather", "GET", "/../ok"), 400, None)
    refused(ask(desk, "call", "ann", "weather", "POST", "/ok", content=bytes(declared.largest + 1)), 413, None)
    assert "Retry-After" in refused(ask(desk, "call", "ann", "weather", "GET", "/hang"), 504, "C21").headers
    refused(ask(desk, "call", "ann", "weather", "GET", "/status/407"), 502, "C21")
    may_not = refused(ask(desk, "call", "ann", "weather", "GET", "/status/401"), 403, "C20")
    assert may_not.code == "third-party-scope-missing"  # its check takes it
    with provider.failing("/status/401"):
        over = refused(ask(desk, "call", "ann", "weather", "GET", "/ok"), 403, "C20")
    assert over.code == "third-party-credential"
    asked = len(provider.received)
    refused(ask(desk, "call", "ann", "weather", "GET", "/ok"), 403, "C20")
    assert len(provider.received) == asked


def test_what_is_answered_is_declared__S1_5__C19__C20(declared: Provider) -> None:
    desk = Desk([replace(declared, statuses=Statuses(rejected=422, stored=424))], seal=KEYS)
    refused(desk.submit("ann", "weather", "wrong-key-0123456789"), 422, "C19")
    desk.submit("ann", "weather", GOOD_KEY)
    refused(desk.call("ann", "weather", "GET", "/status/401"), 424, "C20")


def test_what_no_provider_could_be_sent_is_not_sent(declared: Provider, provider: HostileProvider) -> None:
    asked = len(provider.received)
    refused(Desk([declared], seal=KEYS).submit("ann", "weather", "two words"), 422, None)
    assert len(provider.received) == asked


def test_unverified_is_kept_only_on_demand__S1_4__C21(declared: Provider, provider: HostileProvider) -> None:
    desk = Desk([declared], seal=KEYS)
    with provider.failing("/status/500"):
        refused(desk.submit("ann", "weather", GOOD_KEY), 502, "C21")
        kept = desk.submit("ann", "weather", GOOD_KEY, store_unverified=True)
    assert isinstance(kept, Submitted)
    assert kept.credential.state == "unverified"


def test_new_key_takes_over_and_the_old_one_can_go(declared: Provider) -> None:
    kept, keys = MemoryKept(), [("old", os.urandom(32))]
    desk = Desk([declared], seal=lambda: keys, storage=kept)
    for name in ("ann", "bob"):
        assert isinstance(desk.submit(name, "weather", GOOD_KEY), Submitted)
    keys.append(("new", os.urandom(32)))
    assert desk.seal_anew() == 0
    del keys[0]
    for name in ("ann", "bob"):
        assert isinstance(desk.call(name, "weather", "GET", "/ok"), Relayed)
    keys[:] = [("other", os.urandom(32))]
    assert desk.seal_anew() == 2
    refused(desk.call("ann", "weather", "GET", "/ok"), 403, "C20")


def test_one_account_asks_about_so_many_a_minute_and_no_more__C16(declared: Provider) -> None:
    desk = Desk([declared], seal=KEYS)
    for _ in range(20):
        desk.check("ann", "weather")
    assert "Retry-After" in refused(desk.check("ann", "weather"), 429, "C16").headers
    assert desk.check("bob", "weather") is None


def test_wrong_declarations_are_told(declared: Provider) -> None:
    with pytest.raises(ValueError, match="one name"):
        Desk([declared, declared], seal=KEYS)
    with pytest.raises(ValueError, match="32 random bytes"):
        Desk([declared], seal=[("short", b"key")])
    with pytest.raises(ValueError, match="32 random bytes"):
        Desk([declared], seal=[])
    with pytest.raises(KeyError):
        Desk([declared], seal=KEYS).show("ann", "other")
    with pytest.raises(KeyError):
        Desk([replace(declared, call=None)], seal=KEYS).call("ann", "weather", "GET", "/")


def test_declared_rules_say_what_answers_mean__C19(declared: Provider, provider: HostileProvider) -> None:
    rules = CheckRules(valid=frozenset((204,)), invalid=frozenset((200,)))
    desk = Desk([replace(declared, rules=rules)], seal=KEYS)
    refused(desk.submit("ann", "weather", GOOD_KEY), 403, "C19")
    with provider.failing("/status/204"):
        assert isinstance(desk.submit("ann", "weather", GOOD_KEY), Submitted)


def test_desk_of_a_configuration_shares_what_the_server_keeps__S1_1(tmp_path: Path, provider: HostileProvider) -> None:
    add_users(tmp_path, [User("ann")])
    config = tmp_path / "watchword.toml"
    config.write_text(
        f'[[provider]]\nname = "weather"\nprivate_hosts = ["127.0.0.1"]\n[provider.check]\nurl = "{provider.url}/key"\n'
    )
    for turn in range(2):
        auth = Watchword.from_config(config, data=tmp_path)
        try:
            desk = auth.integrations
            assert desk is auth.integrations
            assert desk.providers == ("weather",)
            if turn == 0:
                assert isinstance(desk.submit("ann", "weather", GOOD_KEY), Submitted)
                with pytest.raises(NoSuchAccount):
                    desk.submit("nobody", "weather", GOOD_KEY)
            found = asyncio.run(desk.ashow("ann", "weather"))
            assert found is not None
            assert found.created_at <= time.time()
        finally:
            auth.close()


def test_verifier_keeps_nothing() -> None:
    auth = Watchword(url="https://auth.example.com")
    with pytest.raises(LookupError):
        _ = auth.integrations
    auth.close()
