"""The API: an ASGI application in a process of its own, which asks nobody about the tokens it gets."""

from __future__ import annotations

import json
import socket
import sys

import uvicorn

from watchword import Requirement, Watchword
from watchword.core.space import Rule
from watchword.edge.asgi import Receive, Scope, Send, principal_of

CLERKS = Requirement(roles=frozenset(("clerk",)))


async def patients(scope: Scope, receive: Receive, send: Send) -> None:
    who = principal_of(scope)
    assert who is not None, "nobody comes here without a token"
    body = json.dumps({"patients": ["Ann Lee", "Bo Chen"], "for": who.subject}).encode()
    fields = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def main(authentication_server: str) -> None:
    auth = Watchword(url=authentication_server, realm="API", rules=[Rule(path="/patients", requirement=CLERKS)])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(auth.asgi(patients), log_level="error", lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])
    auth.close()


if __name__ == "__main__":
    main(sys.argv[1])
