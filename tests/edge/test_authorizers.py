"""What authorizers say holds at every door: `/verify`, `/decide`, ASGI and WSGI (S3_10, C12, C17)."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.live import Live, User, add_users, start
from watchword import Watchword
from watchword.core.authorizer import Word
from watchword.core.demand import demand
from watchword.core.principal import Principal
from watchword.edge.engine import Answered
from watchword.http.message import Peer, Request

CONFIG = """
[server]
trusted_proxies = ["127.0.0.1"]

[[authorizer]]
name = "author"
kind = "owner"
owner = "author"

[[authorizer]]
name = "suspended"
kind = "role"
roles = ["suspended"]
effect = "veto"

[[space]]
mechanisms = ["session", "basic"]
authorizers = ["suspended"]

[[space.protect]]
path = "/posts/*"
public = true

[[space.protect]]
path = "/posts/{author}/*"
methods = ["PUT", "DELETE"]
require = { roles = ["editor"] }
authorizers = ["author"]

[[space.protect]]
path = "/drafts/{author}/*"
require = { roles = ["editor"], scopes = ["drafts"], max_age = "1h", owner = "author" }
authorizers = ["author"]
"""
USERS = [
    User("ann"),
    User("bob"),
    User("ed", roles=frozenset(("editor",))),
    User("sue", roles=frozenset(("editor", "suspended"))),
]
SAID = [
    ("GET", "/posts/ann/1", "", 200, "C01"),
    ("GET", "/posts/ann/1", "ann", 200, "C00"),
    ("GET", "/posts/ann/1", "sue", 403, "C12"),
    ("PUT", "/posts/ann/1", "", 401, "C03"),
    ("PUT", "/posts/ann/1", "ann", 200, "C00"),
    ("PUT", "/posts/ann/1", "bob", 403, "C12"),
    ("PUT", "/posts/ann/1", "ed", 200, "C00"),
    ("PUT", "/posts/sue/1", "sue", 403, "C12"),
    ("PUT", "/posts/ANN/1", "ann", 403, "C12"),
    ("GET", "/drafts/ann/1", "ann", 200, "C00"),
    ("GET", "/drafts/ann/1", "ed", 403, "C13"),
    ("GET", "/elsewhere", "sue", 403, "C12"),
    ("GET", "/elsewhere", "bob", 200, "C00"),
]


def basic(user: str) -> str:
    return "Basic " + b64encode(f"{user}:{User(user).password}".encode()).decode()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("authorizers")
    add_users(folder, USERS)
    running = start(CONFIG, folder)
    try:
        yield running
    finally:
        running.stop()
        assert running.process.stdout is not None
        running.process.stdout.close()


@pytest.fixture(scope="module")
def auth(live: Live) -> Iterator[Watchword]:
    with closing(Watchword.from_config(live.data / "watchword.toml", data=live.data)) as made:
        yield made


def request(method: str, path: str, user: str) -> Request:
    fields: tuple[tuple[bytes, bytes], ...] = ((b"host", b"localhost"),)
    if user:
        fields += ((b"authorization", basic(user).encode()),)
    return Request(method=method, target=path.encode(), fields=fields, peer=Peer("127.0.0.1"))


@pytest.mark.parametrize(("method", "path", "user", "status", "cell"), SAID)
def test_every_door_says_the_same__S3_10(
    live: Live, auth: Watchword, method: str, path: str, user: str, status: int, cell: str
) -> None:
    told = {"X-Forwarded-Method": method, "X-Forwarded-Uri": path, "X-Forwarded-Proto": "https"}
    verified = httpx.get(f"{live.url}/verify", headers={**told, **({"Authorization": basic(user)} if user else {})})
    headers = [["Host", "localhost"], *([["Authorization", basic(user)]] if user else [])]
    asked = {"method": method, "url": f"http://localhost{path}", "headers": headers, "peer": "127.0.0.1"}
    decided = httpx.post(f"{live.url}/decide", json=asked).json()
    judged = auth.in_threads.judge(request(method, path, user))
    in_library = judged.refused.status if isinstance(judged, Answered) else 200
    assert (verified.status_code, decided["status"], in_library) == (status, status, status)
    if isinstance(judged, Answered):
        cells = {verified.json()["cell"], decided["problem"]["cell"], judged.refused.cell}
        assert cells == {cell}


def test_the_server_s_own_routes_are_not_the_authorizers__S3_10(live: Live) -> None:
    assert (
        httpx.post(f"{live.url}/login", json={"username": "sue", "password": User("sue").password}).status_code == 200
    )
    assert httpx.post(f"{live.url}/logout").status_code == 204


def office_hours(principal: Principal | None, request: Request) -> Word | None:
    return Word.VETO if principal is None or principal.subject == "bob" else None


def stands_in(principal: Principal | None, request: Request) -> Word | None:
    return Word.ALLOW if principal is not None and principal.subject == "ann" else None


def fails(principal: Principal | None, request: Request) -> Word | None:
    raise LookupError("whatever")


def slow(principal: Principal | None, request: Request) -> Word | None:
    time.sleep(0.05)
    return Word.VETO


ROUTES: list[tuple[Callable[[Principal | None, Request], Word | None], str, dict[str, Any], int]] = [
    (office_hours, "ann", {}, 200),
    (office_hours, "bob", {}, 403),
    (office_hours, "", {}, 401),
    (stands_in, "ann", {"roles": {"editor"}}, 200),
    (stands_in, "bob", {"roles": {"editor"}}, 403),
    (stands_in, "ann", {"max_age": 0}, 401),
    (fails, "ann", {}, 503),
    (slow, "ann", {}, 403),
]


@pytest.mark.parametrize(("authorize", "user", "more", "status"), ROUTES)
def test_a_route_s_own_function_is_asked_in_threads_and_on_event_loops__S3_10(
    auth: Watchword,
    authorize: Callable[[Principal | None, Request], Word | None],
    user: str,
    more: dict[str, Any],
    status: int,
) -> None:
    wanted = demand(authorize=authorize, **more)
    in_thread = auth.in_threads.judge(request("GET", "/somewhere", user), wanted)
    on_loop = asyncio.run(auth.on_loop.ajudge(request("GET", "/somewhere", user), wanted))
    for judged in (in_thread, on_loop):
        assert (judged.refused.status if isinstance(judged, Answered) else 200) == status
