"""The image server: a WSGI application under the standard library's server, protected in the same way."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from watchword import Watchword
from watchword.edge.wsgi import principal_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def images(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    who = principal_of(environ)
    assert who is not None, "nobody comes here without a token"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['PATH_INFO']} for {who.subject}".encode()]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are told of by whoever sends them."""


def main(authentication_server: str) -> None:
    logging.getLogger("watchword").setLevel(logging.ERROR)
    auth = Watchword(url=authentication_server, realm="Images")
    with make_server("127.0.0.1", 0, auth.wsgi(images), Server, Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        try:
            server.serve_forever()
        finally:
            auth.close()


if __name__ == "__main__":
    main(sys.argv[1])
