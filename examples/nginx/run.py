"""nginx in front of any backend, and Watchword, started together: `python examples/nginx/run.py`.

Everything runs on loopback and in a temporary folder, until Ctrl-C. `--free-ports` takes whatever ports are free.
"""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent
CONFIG = HERE / "watchword.toml"
PASSWORD = "correct horse battery"
NGINX, API, WATCHWORD = 8408, 8409, 8410
WATCHWORD_COMMAND = (sys.executable, "-m", "watchword")

AROUND = """\
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include api.conf;
}
"""


def started(stack: ExitStack, *command: str) -> str:
    """The URL of a server, which says it on its first line, and is stopped at the end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stack.callback(stop, process)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if not line:
        raise SystemExit(f"{' '.join(command)} did not start")
    return line[-1]


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


def watchword(stack: ExitStack, data: Path, port: int) -> str:
    """The authentication server, with two users."""
    options = ("--config", str(CONFIG), "--data", str(data))
    for name, role in (("ann", "clerk"), ("root", "admin")):
        add = [*WATCHWORD_COMMAND, "user", "add", name, "--role", role, "--password-stdin", *options]
        subprocess.run(add, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    return started(stack, *WATCHWORD_COMMAND, "serve", *options, "--port", str(port))


def nginx(stack: ExitStack, folder: Path, server: str, upstream: str, port: int) -> str:
    """nginx, with what `watchword gateway nginx` prints; its URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed: apt install nginx-light")
    options = ("--config", str(CONFIG), "--server", server, "--upstream", upstream, "--listen", f"127.0.0.1:{port}")
    printed = subprocess.run([*WATCHWORD_COMMAND, "gateway", "nginx", *options], check=True, capture_output=True)
    (folder / "api.conf").write_bytes(printed.stdout)
    (folder / "nginx.conf").write_text(AROUND, "utf-8")
    command = [program, "-p", str(folder), "-e", "stderr", "-c", "nginx.conf", "-g", "daemon off;"]
    process = subprocess.Popen(command, text=True)
    stack.callback(stop, process)
    for _ in range(200):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def free_port() -> int:
    """One of those that the system gives to nobody by itself: nobody takes it before nginx does."""
    for port in random.sample(range(10_000, 16_000), 100):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise SystemExit("there is no free port")


def main(*, free_ports: bool) -> None:
    ends = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ends.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchword-nginx-")))
        api = started(stack, sys.executable, str(HERE / "api.py"), "0" if free_ports else str(API))
        server = watchword(stack, folder / "data", 0 if free_ports else WATCHWORD)
        url = nginx(stack, folder, server, api, free_port() if free_ports else NGINX)
        print(f"Ask {url}", flush=True)
        ends.wait()


if __name__ == "__main__":
    main(free_ports="--free-ports" in sys.argv[1:])
