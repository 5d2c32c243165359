"""nginx, as whoever runs the tests, with nothing but the printed configuration in an http block."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0

AROUND = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """What runs, and where it writes its errors."""

    port: int
    log: Path


def write_configuration(configuration: str, folder: Path) -> Path:
    """The main file, which includes the configuration from a folder as Debian's does."""
    (folder / "conf.d").mkdir(parents=True, exist_ok=True)
    (folder / "conf.d" / "api.conf").write_text(configuration)
    main = folder / "nginx.conf"
    main.write_text(AROUND.format(folder=folder))
    return main


def check_configuration(nginx: str, configuration: str, folder: Path) -> tuple[int, list[str]]:
    """What `nginx -t` says: its exit code and its lines."""
    main = write_configuration(configuration, folder)
    command = [nginx, "-t", "-e", "stderr", "-p", str(folder), "-c", str(main)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stderr.splitlines()


@contextmanager
def run_nginx(nginx: str, configuration: str, port: int, folder: Path) -> Iterator[Nginx]:
    """nginx with this configuration, which says that it listens on `port` of 127.0.0.1."""
    main = write_configuration(configuration, folder)
    log = folder / "error.log"
    process = subprocess.Popen(
        [nginx, "-e", str(log), "-p", str(folder), "-c", str(main)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port, process, log)
        yield Nginx(port, log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until something listens there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"{process.args!r} ended with {process.returncode}: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}: {log.read_text()}")
