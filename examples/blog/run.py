"""A blog and Watchword, started together: `python examples/blog/run.py`.

Everything runs on loopback and in a temporary folder, until Ctrl-C. `--free-ports` takes whatever ports are free.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from blog import Blog

from watchword import Watchword

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
SITE, WATCHWORD = 8406, 8407
PEOPLE = {"ann": (), "bob": (), "ed": ("--role", "editor")}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The page tells what happens."""


def authentication(stack: ExitStack, config: Path, data: Path, port: int) -> str:
    """Watchword's server, with the people of the blog; its URL."""
    options = ["--config", str(config), "--data", str(data)]
    command = [sys.executable, "-m", "watchword"]
    for name, more in PEOPLE.items():
        add = [*command, "user", "add", name, *more, "--password-stdin", *options]
        subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*command, "serve", *options, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    stack.callback(stop, process)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if not line:
        raise SystemExit("Watchword did not start")
    return line[-1]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def main(*, free_ports: bool) -> None:
    ends = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blog-")))
        site = stack.enter_context(Server(("127.0.0.1", 0 if free_ports else SITE), Handler))
        own = f"http://127.0.0.1:{site.server_port}"
        config = data / "watchword.toml"
        config.write_text(
            (HERE / "watchword.toml").read_text("utf-8").replace(f"http://127.0.0.1:{SITE}", own), "utf-8"
        )
        where = authentication(stack, config, data, 0 if free_ports else WATCHWORD)
        auth = stack.enter_context(closing(Watchword.from_config(config, data=data)))
        site.set_app(auth.wsgi(Blog(where)))  # the one line that protects it
        threading.Thread(target=site.serve_forever, daemon=True).start()
        stack.callback(site.shutdown)
        print(f"Open {own}/", flush=True)
        ends.wait()


if __name__ == "__main__":
    main(free_ports="--free-ports" in sys.argv[1:])
