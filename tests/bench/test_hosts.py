"""The hosts' rows: whom an application of the bench must let in before it is measured, and what is measured then.

That each of them does so in fact, the bench itself makes sure of whenever it runs; test_bench.py runs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from bench.hosts.calls import Asgi, Served, Variant, Wsgi, together
from bench.hosts.people import PEOPLE, Table, by_bearer
from bench.hosts.rows import ROWS
from bench.measure import BenchFailed
from watchword.edge.asgi import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

GOOD, BAD = by_bearer(["good", "good-too"]), by_bearer(["bad"])[0]
Judge = Callable[[str | None], int]


def honest(authorization: str | None) -> int:
    return 200 if authorization is not None and "good" in authorization else 401


def under_wsgi(judge: Judge) -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response(f"{judge(environ.get('HTTP_AUTHORIZATION'))} -", [])
        return [b""]

    return application


def under_asgi(judge: Judge) -> Callable[[Scope, Receive, Send], object]:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        line: bytes | None = dict(scope["headers"]).get(b"authorization")
        told: Message = {"type": "http.response.start", "status": judge(line.decode() if line else None), "headers": []}
        await send(told)
        await send({"type": "http.response.body", "body": b""})

    return application


@pytest.fixture(params=["ASGI", "WSGI"])
def served(request: pytest.FixtureRequest) -> Iterator[Callable[[Judge], Served]]:
    with asyncio.Runner() as runner:
        if request.param == "ASGI":
            yield lambda judge: Asgi(under_asgi(judge), runner)  # type: ignore[arg-type]  # it is a coroutine function
        else:
            yield lambda judge: Wsgi(under_wsgi(judge))


def test_application_that_tells_good_from_bad_may_be_measured(served: Callable[[Judge], Served]) -> None:
    Variant(served(honest), GOOD, BAD, remembers=True).checked("An application")


@pytest.mark.parametrize(
    ("judge", "sentence"),
    [
        (lambda line: 200, "answered 200 instead of 401 to bad credentials"),
        (lambda line: 200 if line is None else honest(line), "answered 200 instead of 401 to no credentials"),
        (lambda line: 401, "answered 401 instead of 200 to good credentials"),
        (lambda line: 403 if line is None else honest(line), "answered 403 instead of 401 to no credentials"),
    ],
)
def test_application_that_lets_in_others_is_not_measured(
    served: Callable[[Judge], Served], judge: Judge, sentence: str
) -> None:
    with pytest.raises(BenchFailed, match=sentence):
        Variant(served(judge), GOOD, BAD).checked("An application")


def test_each_application_has_its_share_of_the_time_and_everybody_a_turn(served: Callable[[Judge], Served]) -> None:
    seen: set[str | None] = set()

    def busy(line: str | None) -> int:
        seen.add(line)
        end = time.process_time() + 0.001
        while time.process_time() < end:
            pass
        return 200

    took = together({"open": (served(lambda line: 200), [{}]), "busy": (served(busy), GOOD)}, 0.02)
    assert took["busy"] >= 1000
    assert 0 < took["open"] < took["busy"]
    assert seen == {sent["Authorization"] for sent in GOOD}


def test_refusal_while_it_is_measured_ends_the_bench(served: Callable[[Judge], Served]) -> None:
    with pytest.raises(BenchFailed, match=r"answered \[401, 401, 401, 401\]: busy"):
        together({"busy": (served(honest), [BAD])}, 0.01)


def test_every_peer_stands_beside_ours_with_the_same_spread() -> None:
    names = {row.name for row in ROWS}
    for row in ROWS:
        ours = row.name.endswith("-open") or "-watchword-" in row.name
        assert (row.reference is None) == ours, row.name
        assert [target.to for target in row.targets] == ([] if row.reference is None else [row.reference])
        if row.reference is not None:
            assert row.reference in names
            assert row.reference.startswith("-".join(row.name.split("-")[:2]) + "-watchword-")
            assert row.reference.rpartition("-")[2] == row.name.rpartition("-")[2]


def test_store_of_peers_knows_everybody_and_nobody_else(tmp_path: Path) -> None:
    table = Table(tmp_path / "people.db", "a hash")
    try:
        assert table.password_hash(PEOPLE[-1]) == "a hash"
        assert table.password_hash("nobody") is None
    finally:
        table.close()
