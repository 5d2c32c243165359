"""A captured request, sent to two processes at the same moment and as often as anybody likes, is accepted once (F3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.contract.storages import sqlite_file
from tests.mechanisms.node import NOW, Node, answered, challenge_of, request
from tests.mechanisms.test_signed_request import Client
from watchword.core.mechanism import AnyMechanism
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.http.message import Request
from watchword.storage.memory import MemoryStorage
from watchword.storage.sql.sqlite import SqliteStorage

THREADS = 16
ROUNDS = 5


@pytest.fixture(params=["memory", "sqlite"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """Two processes: on the file each with a connection of its own."""
    with ExitStack() as opened:
        if request.param == "memory":
            first = Node(MemoryStorage())
            second = first.another()
        else:
            file = sqlite_file(tmp_path / "data")
            first, second = (Node(opened.enter_context(closing(SqliteStorage(file)))) for _ in range(2))
        first.add()
        yield first, second


def raced(nodes: tuple[Node, Node], mechanism: Callable[[Node], AnyMechanism], captured: Request) -> list[Outcome]:
    """What came of one request, sent so often at once."""
    barrier = threading.Barrier(THREADS)
    outcomes: list[Outcome] = []

    def send(number: int) -> None:
        node = nodes[number % 2]
        copy = captured.replaced(fields=captured.fields)
        barrier.wait(60)
        outcomes.append(node.outcome(mechanism(node), copy))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == THREADS
    return outcomes


def test_a_nonce_counts_once__S2_39__F3(nodes: tuple[Node, Node]) -> None:
    challenge = challenge_of(nodes[0])
    for number in range(1, ROUNDS + 1):
        outcomes = raced(nodes, Node.digest, request(answered(challenge, number=number)))
        assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
        assert outcomes.count(Stale("replayed-nonce-count")) == THREADS - 1


def test_a_signature_is_good_once__S2_7__F3(nodes: tuple[Node, Node]) -> None:
    pair = nodes[0].access_key()
    for number in range(ROUNDS):
        captured = Client(pair, NOW + number).signed(body=b"")
        outcomes = raced(nodes, Node.signed_requests, captured)
        assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
        assert outcomes.count(Rejected("replayed-signature")) == THREADS - 1
