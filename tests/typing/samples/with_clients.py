"""Clients of four libraries, in threads and in asyncio."""

from __future__ import annotations

import httpx
import httpx2
import niquests
import requests

from watchword.edge import httpx as for_httpx
from watchword.edge import httpx2 as for_httpx2
from watchword.edge import niquests as for_niquests
from watchword.edge import requests as for_requests

URL = "https://api.example.com"
kept: list[for_httpx.Tokens] = []


def in_threads() -> int:
    session = for_httpx.SessionAuth(URL, "ann", "a long password")
    with httpx.Client(auth=for_httpx.WatchwordAuth(session)) as api:
        first = api.get(URL).status_code
    with httpx2.Client(auth=for_httpx2.WatchwordAuth(for_httpx2.ApiKeyAuth(URL, "a key"))) as newer:
        second = newer.get(URL).status_code
    answer = requests.get(URL, auth=for_requests.WatchwordAuth(for_requests.AuthTokenAuth(URL, "ann", "p")), timeout=5)
    signed = for_niquests.WatchwordAuth(for_niquests.SignedRequestAuth(URL, "an id", "a secret"))
    third = niquests.get(URL, auth=signed).status_code or 0
    try:
        return first + second + answer.status_code + third
    except for_httpx.NotAuthenticated:
        return 0


async def on_a_loop() -> httpx.Response:
    renewed = for_httpx.JwtAuth(URL, "ann", "a long password", on_tokens=kept.append)
    async with httpx.AsyncClient(auth=for_httpx.WatchwordAuth(renewed)) as api:
        return await api.get(URL)
