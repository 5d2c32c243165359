"""nginx as the yardstick: it answers by itself, checks a password by itself, or asks Watchword (`auth_request`)."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path
from urllib.parse import urlsplit

from bench.data import NAME, PASSWORD
from bench.processes import Running, program


def nginx() -> str | None:
    """Where nginx is, or None. Servers lie in sbin, which is seldom on the PATH of anybody but root."""
    folders = (os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin")
    return shutil.which("nginx", path=os.pathsep.join(folders))


@contextlib.contextmanager
def serving(command: str, folder: Path, watchword: str) -> Iterator[Running]:
    """nginx with one worker, in front of the Watchword at this URL."""
    port = _free_port()
    folder.mkdir()
    (folder / "passwords").write_text(f"{NAME}:{_sha1(PASSWORD)}\n")
    (folder / "nginx.conf").write_text(_configuration(port, urlsplit(watchword).netloc, folder))
    arguments = [command, "-p", str(folder), "-e", "errors", "-c", str(folder / "nginx.conf")]
    with program(arguments, f"http://127.0.0.1:{port}/bare", folder / "said") as running:
        yield Running(running.process, f"http://127.0.0.1:{port}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _sha1(password: str) -> str:
    """As `htpasswd -s` writes it: the quickest form that nginx knows."""
    return "{SHA}" + b64encode(sha1(password.encode()).digest()).decode()


def _configuration(port: int, watchword: str, folder: Path) -> str:
    # `return` answers before anybody is checked, so the two checked locations answer with nginx's built-in image.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log errors error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream watchword {{ server {watchword}; keepalive 32; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        location = /bare {{ return 204; }}
        location = /basic {{
            auth_basic "bench";
            auth_basic_user_file passwords;
            empty_gif;
        }}
        location = /asked {{
            auth_request /check;
            empty_gif;
        }}
        location = /check {{
            internal;
            proxy_pass http://watchword/verify/nginx;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
