"""A page, a third party and Watchword, started together: `python examples/integrations/run.py`.

Everything runs on loopback and in a temporary folder, until Ctrl-C. `--free-ports` takes whatever ports are free.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
PAGE, PROVIDER, WATCHWORD = 8401, 8402, 8403


class Pages(SimpleHTTPRequestHandler):
    """The files of the page, and where it finds the API."""

    api = ""

    def do_GET(self) -> None:
        if self.path != "/config.json":
            super().do_GET()
            return
        content = json.dumps({"api": self.api}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The page tells what is asked."""


def started(stack: ExitStack, *command: str) -> str:
    """The URL of a server, which says it on its first line, and is stopped at the end."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    stack.callback(stop, process)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if not line:
        raise SystemExit(f"{' '.join(command)} did not start")
    return line[-1]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(20)
    assert process.stdout is not None
    process.stdout.close()


def watchword(stack: ExitStack, folder: Path, page: str, provider: str, port: int) -> str:
    """The authentication server, with one user."""
    config = folder / "watchword.toml"
    text = (HERE / "watchword.toml").read_text("utf-8")
    text = text.replace(f"http://127.0.0.1:{PAGE}", page).replace(f"http://127.0.0.1:{PROVIDER}", provider)
    config.write_text(text, "utf-8")
    options = ["--config", str(config), "--data", str(folder / "data")]
    add = [sys.executable, "-m", "watchword", "user", "add", "ann", "--password-stdin", *options]
    subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    return started(stack, "-m", "watchword", "serve", *options, "--port", str(port))


def main(*, free_ports: bool) -> None:
    ends = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    page, provider, server = (0, 0, 0) if free_ports else (PAGE, PROVIDER, WATCHWORD)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="integrations-")))
        pages = stack.enter_context(
            ThreadingHTTPServer(("127.0.0.1", page), partial(Pages, directory=str(HERE / "page")))
        )
        stack.callback(pages.shutdown)
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        own = f"http://127.0.0.1:{pages.server_port}"
        Pages.api = watchword(stack, folder, own, started(stack, str(HERE / "provider.py"), str(provider)), server)
        print(f"Open {own}/", flush=True)
        ends.wait()


if __name__ == "__main__":
    main(free_ports="--free-ports" in sys.argv[1:])
