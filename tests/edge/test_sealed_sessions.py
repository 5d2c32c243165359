"""An application of one's own, whose users keep their sessions themselves: its answers bring the cookie anew."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.api.world import ACCOUNTS, World, account
from watchword import Watchword
from watchword.config.settings import Settings
from watchword.edge.asgi import Receive, Scope, Send
from watchword.storage import open_storage


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """What anybody may keep, as it says itself."""
    headers = [(b"cache-control", b"public, max-age=3600"), (b"set-cookie", b"theme=dark"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def wsgi_application(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Cache-Control", "public, max-age=3600"), ("Set-Cookie", "theme=dark")])
    return [b""]


def asked(auth: Watchword, interface: str, token: str) -> httpx.Response:
    cookies = {"cookie": f"watchword={token}"}
    if interface == "wsgi":
        with httpx.Client(transport=httpx.WSGITransport(auth.wsgi(wsgi_application)), base_url="http://localhost") as c:
            return c.get("/", headers=cookies)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(auth.asgi(application), client=("127.0.0.1", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/", headers=cookies)

    return asyncio.run(ask())


@pytest.mark.parametrize("interface", ["asgi", "wsgi"])
@pytest.mark.parametrize("backend", ["signed", "encrypted"])
def test_renewed_cookie_comes_with_the_applications_own_and_nobody_keeps_the_answer__S2_6(
    tmp_path: Path, backend: str, interface: str
) -> None:
    session = {"backend": backend}
    storage = open_storage("sqlite:///watchword.db", tmp_path)
    storage.put_accounts(account(name) for name in ACCOUNTS)
    server = World(tmp_path, storage=storage, session=session)
    server.now = time.time() - 90
    token = server.log_in("ann")
    auth = Watchword.from_settings(Settings.model_validate({"session": session}), tmp_path)
    answer = asked(auth, interface, token)
    assert answer.status_code == 200
    theme, renewed = answer.headers.get_list("set-cookie")
    assert theme == "theme=dark"
    assert renewed.startswith("watchword=ww")
    assert answer.headers.get_list("cache-control") == ["no-store"]
    fresh = renewed.partition("=")[2].partition(";")[0]
    again = asked(auth, interface, fresh)
    assert again.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert again.headers.get_list("set-cookie") == ["theme=dark"]
    auth.close()
    server.close()
