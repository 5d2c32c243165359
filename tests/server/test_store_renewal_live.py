"""Who is taken out of an outside store loses the session that the store's word had given, within its `refresh`."""

from __future__ import annotations

import time
from base64 import b64encode
from hashlib import sha1
from pathlib import Path

import pytest

from tests.live import live_server
from tests.server.wire import exchange, log_in, request

CONFIG = """
[[store]]
kind = "htpasswd"
refresh = "1s"

[store.htpasswd]
file = "{file}"
"""
PATIENCE = 60.0
"""Seconds; a round comes every second, and looks at two people."""


def line(name: str, password: str) -> str:
    return f"{name}:{{SHA}}{b64encode(sha1(password.encode()).digest()).decode()}\n"


@pytest.mark.parametrize("after", ["", line("ann", "another password")], ids=["removed", "another-password"])
def test_a_session_ends_with_its_line_in_the_file__S2_14__I3(tmp_path: Path, after: str) -> None:
    file = tmp_path / "users"
    file.write_text(line("ann", "correct horse") + line("bob", "battery staple"))
    file.chmod(0o600)
    with live_server(CONFIG.format(file=file), data=tmp_path / "data") as live:

        def status(token: str) -> int:
            asked = request("GET", "/whoami", f"Authorization: Bearer {token}", last=True)
            return exchange(live.port, asked)[0].status

        ann, bob = log_in(live.port, "ann", "correct horse"), log_in(live.port, "bob", "battery staple")
        assert (status(ann), status(bob)) == (200, 200)
        file.write_text(after + line("bob", "battery staple"))
        end = time.monotonic() + PATIENCE
        while status(ann) == 200:
            assert time.monotonic() < end, "the session outlives its account"
            time.sleep(0.1)
        assert (status(ann), status(bob)) == (401, 200)
