"""A front end without a framework, its API, and Watchword: `python examples/javascript-front-end/run.py`.

Everything runs on loopback and in a temporary folder, until Ctrl-C. `--free-ports` takes whatever ports are free.
"""

from __future__ import annotations

import json
import logging
import mimetypes
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from watchword import Watchword
from watchword.edge.wsgi import principal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "clients" / "js" / "watchword.js"
PASSWORD = "correct horse battery"
SITE, WATCHWORD = 8404, 8405
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {auth}; base-uri 'none'"


def patients(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The API. It has nothing to say about log-ins: who comes here has one."""
    who = principal(environ)
    assert who is not None
    start_response("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [json.dumps({"patients": ["Amara Okafor", "Mei-Ling Zhao"], "for": who.subject}).encode()]


def site(api: WSGIApplication, auth: str) -> WSGIApplication:
    """The page's files, which everybody may have, and the API under /patients."""
    files = {f"/{file.name}": file for file in (*(HERE / "page").iterdir(), CLIENT)}
    files["/"] = files["/index.html"]

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/patients":
            return api(environ, start_response)
        fields = [("Content-Security-Policy", POLICY.format(auth=auth)), ("Cache-Control", "no-store")]
        if path == "/config.json":
            start_response("200 OK", [("Content-Type", "application/json"), *fields])
            return [json.dumps({"auth": auth}).encode()]
        if path not in files:
            start_response("404 Not Found", [("Content-Type", "text/plain"), *fields])
            return [b"There is nothing here.\n"]
        kind, _ = mimetypes.guess_type(files[path].name)
        start_response("200 OK", [("Content-Type", kind or "application/octet-stream"), *fields])
        return [files[path].read_bytes()]

    return application


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The page tells what is asked."""


def watchword(stack: ExitStack, folder: Path, page: str, port: int) -> str:
    """The authentication server, with one user; its URL."""
    config = folder / "watchword.toml"
    config.write_text((HERE / "watchword.toml").read_text("utf-8").replace(f"http://127.0.0.1:{SITE}", page), "utf-8")
    options = ["--config", str(config), "--data", str(folder / "data")]
    add = [sys.executable, "-m", "watchword", "user", "add", "ann", "--password-stdin", *options]
    subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "watchword", "serve", *options, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    stack.callback(stop, process)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if not line:
        raise SystemExit("the authentication server did not start")
    return line[-1]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def main(*, free_ports: bool) -> None:
    logging.getLogger("watchword").setLevel(logging.ERROR)
    ends = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="front-end-")))
        server = stack.enter_context(
            make_server("127.0.0.1", 0 if free_ports else SITE, lambda _, __: [], Server, Handler)
        )
        own = f"http://127.0.0.1:{server.server_port}"
        url = watchword(stack, folder, own, 0 if free_ports else WATCHWORD)
        auth = Watchword(url=url, realm="Patients")
        stack.callback(auth.close)
        server.set_app(site(auth.wsgi(patients), url))
        stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"Open {own}/", flush=True)
        ends.wait()


if __name__ == "__main__":
    main(free_ports="--free-ports" in sys.argv[1:])
