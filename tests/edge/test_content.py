"""Content that is read before a request is judged reaches the application whole, whoever the host is (S2.7, F11)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.live import User, add_users
from watchword import Watchword
from watchword.config.keys.file import read_keys
from watchword.config.keys.purposes import ACCESS_KEYS
from watchword.config.reading.loading import load
from watchword.core.demand import Demand
from watchword.core.questions import AddKey
from watchword.edge.asgi import judged_at_route
from watchword.storage import open_storage
from watchword.tokens.access_key import AccessKeys

CONFIG = """
[[space]]
mechanisms = ["basic", "signed-request"]
[[space.protect]]
path = "/open/*"
public = true
[signed_request]
most_content = 2048
"""
HOST = "api.example"


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[Watchword]:
    file = tmp_path / "watchword.toml"
    file.write_text(CONFIG)
    add_users(tmp_path, [User("ann")])
    with closing(Watchword.from_settings(load(file, {}), tmp_path)) as auth:
        yield auth


@pytest.fixture
def key(auth: Watchword, tmp_path: Path) -> tuple[str, str]:
    keys = AccessKeys([each.secret for each in read_keys(tmp_path).all(ACCESS_KEYS)])
    with closing(open_storage("sqlite:///watchword.db", tmp_path)) as storage:
        now = datetime.now(UTC).timestamp()
        made, secret = keys.new(bytes(range(10)), now, subject="ann", name="ci")
        assert storage.add_key(AddKey(made))
    return made.id, secret


def signed(key: tuple[str, str], target: str, content: bytes, **fields: str) -> Mapping[str, str]:
    asked = AWSRequest("POST", f"http://{HOST}{target}", data=content, headers={"Host": HOST, **fields})
    SigV4Auth(Credentials(*key), "clinic", "eu-1").add_auth(asked)
    return dict(asked.headers.items())


def stated(content: bytes) -> dict[str, str]:
    return {"X-Amz-Content-SHA256": sha256(content).hexdigest()}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that sends back what it got, and in how many messages."""
    content, messages = b"", 0
    while True:
        message = await receive()
        messages += 1
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"messages", b"%d" % messages)]})
    await send({"type": "http.response.body", "body": content})


def by_asgi(
    auth: Watchword, headers: Mapping[str, str], content: bytes, target: str, size: int = 100
) -> httpx.Response:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(auth.asgi(echo), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.post(target, headers=headers, content=pieces())

    return asyncio.run(send())


def by_wsgi(auth: Watchword, headers: Mapping[str, str], content: bytes, target: str) -> tuple[str, bytes]:
    told: list[str] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]

    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content + b"the next request"),
        "CONTENT_LENGTH": str(len(content)),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    body = b"".join(auth.wsgi(application)(environ, lambda status, fields, *more: told.append(status)))  # type: ignore[arg-type]  # as small as a server can be
    return told[0], body


CONTENT = b'{"name": "J"}' * 30


@pytest.mark.parametrize("states_hash", [True, False])
@pytest.mark.parametrize("content", [CONTENT, b""], ids=["some", "none"])
def test_signed_content_arrives_whole__S2_7(
    auth: Watchword, key: tuple[str, str], content: bytes, states_hash: bool
) -> None:
    fields = stated(content) if states_hash else {}
    answer = by_asgi(auth, signed(key, "/records?x=1", content, **fields), content, "/records?x=1")
    assert (answer.status_code, answer.content) == (200, content)
    headers = signed(key, "/records?x=2", content, **fields)
    assert by_wsgi(auth, headers, content, "/records?x=2") == ("200 OK", content)


def test_other_content_does_not_arrive__S2_7(auth: Watchword, key: tuple[str, str]) -> None:
    other = CONTENT.replace(b"J", b"K")
    assert by_asgi(auth, signed(key, "/a", CONTENT, **stated(CONTENT)), other, "/a").status_code == 401
    assert by_wsgi(auth, signed(key, "/b", CONTENT, **stated(CONTENT)), other, "/b")[0] == "401 Unauthorized"


def test_content_beyond_the_bound_is_handed_on_and_not_judged__F11(auth: Watchword, key: tuple[str, str]) -> None:
    large = b"x" * 2049
    headers = signed(key, "/a", large, **stated(large))
    assert by_asgi(auth, headers, large, "/a").status_code == 401
    assert by_wsgi(auth, headers, large, "/a")[0] == "401 Unauthorized"
    exact = large[:-1]
    assert by_asgi(auth, signed(key, "/b", exact, **stated(exact)), exact, "/b").content == exact


def test_a_route_reads_no_content_that_says_it_is_larger__F11(auth: Watchword, key: tuple[str, str]) -> None:
    async def read() -> bytes:
        raise AssertionError("it may be as large as anybody likes")

    headers = [(name.lower().encode(), text.encode()) for name, text in signed(key, "/records", b"").items()]
    for lengths in ((b"2049",), (b"0" * 18 + b"2049",), (b"1, 2049",), (b"1", b"2049")):
        scope = {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/records",
            "query_string": b"",
            "headers": [*headers, *((b"content-length", length) for length in lengths)],
            "client": ("127.0.0.1", 1),
        }
        answer = asyncio.run(judged_at_route(scope, auth.on_loop, Demand(), read=read))
        assert answer is not None
        assert answer.status == 401


def test_who_signs_nothing_is_not_read_first(auth: Watchword) -> None:
    large = b"x" * 5000
    answer = by_asgi(auth, {}, large, "/open/1", size=1000)
    assert (answer.status_code, answer.content, answer.headers["messages"]) == (200, large, "6")
    assert by_wsgi(auth, {}, large, "/open/1") == ("200 OK", large)


def test_a_client_that_goes_away_is_no_error(auth: Watchword, key: tuple[str, str]) -> None:
    headers = signed(key, "/records", CONTENT, **stated(CONTENT))
    sent: list[Any] = []

    async def ask() -> None:
        messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/records",
            "raw_path": b"/records",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
        }
        await auth.asgi(echo)(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 401
