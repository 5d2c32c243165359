"""What the server is compared with: `python -m bench.serving bare` and `… guarded FOLDER`, on a free loopback port.

Both are served as Watchword serves itself: the same protocol, the same settings of uvicorn.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.data import SETTINGS
from watchword.config.build import build
from watchword.core.events import Event
from watchword.edge.asgi import Guarded, Receive, Scope, Send
from watchword.edge.door import Door
from watchword.http.message import Request, Response
from watchword.server.metrics import Metrics, Row
from watchword.server.run import Listen, MakeWorker, Worker, serve
from watchword.server.unread import Fault
from watchword.server.witness import ServerWitness


async def no_content(scope: Scope, receive: Receive, send: Send) -> None:
    """The least that an application can answer: 204, and nothing else."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _unread(fault: Fault, request: Request) -> Response:
    """The answer to what is no request: wrk sends none such."""
    return Response(400)


def bare(own: Row, rows: list[Row]) -> Worker:
    """The application, and nobody who checks anything."""
    return Worker(application=no_content, unread=_unread, close=lambda: None)


def guarded(data: Path) -> MakeWorker:
    """The same application behind the ASGI middleware."""

    def make(own: Row, rows: list[Row]) -> Worker:
        parts = build(SETTINGS, data, ServerWitness(Metrics(own, rows), _unheard))
        application = Guarded(no_content, Door(parts.service.engine, parts.service.targets))
        return Worker(application=application, unread=_unread, close=parts.close)

    return make


def main() -> None:
    make = guarded(Path(sys.argv[2])) if sys.argv[1] == "guarded" else bare
    sys.exit(serve(Listen(host="127.0.0.1", port=0), make, _say_ready, _unheard))


def _say_ready(url: str) -> None:
    print(f"It is ready: {url}", flush=True)


def _unheard(event: Event) -> None:
    """Nothing is logged."""


if __name__ == "__main__":
    main()
