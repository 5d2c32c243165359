"""The server as users start it: what it prints, when it refuses, and that it sees what other commands change."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.calling import PROGRAM, Shell, environment, program, running, until, user
from watchword.tokens.format import SESSION, new_token

TOKEN = new_token(SESSION, bytes(32))
BASIC = ("ann", "the password of ann")
COOKIE = {"cookie": f"watchword={TOKEN}"}


def whoami(url: str, *, basic: bool = False) -> int:
    if basic:
        return httpx.get(f"{url}/whoami", auth=BASIC).status_code
    return httpx.get(f"{url}/whoami", headers=COOKIE).status_code


@pytest.fixture
def url(shell: Shell, tmp_path: Path) -> Iterator[str]:
    """A server with ann, who is logged in."""
    session = {"session": {"user": "ann", "token": TOKEN, "expires_at": time.time() + 3600}}
    shell.imports(user("ann", roles=["clerk"]), user("root", roles=["admin"]), session)
    with running("serve", "--port=0", f"--data={shell.data}", err=tmp_path / "err") as (url, _):
        yield url


def test_one_line_says_that_it_is_ready_and_nothing_else_goes_there(shell: Shell, tmp_path: Path) -> None:
    err = tmp_path / "err"
    with running("serve", "--port=0", f"--data={shell.data}", err=err) as (url, process):
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert whoami(url) == 401
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert "watchword user add NAME --role admin" in err.read_text()
    assert {path.stat().st_mode & 0o077 for path in (shell.data, *shell.data.iterdir())} == {0}


def test_several_workers_are_ready_together(shell: Shell, tmp_path: Path) -> None:
    shell.imports(user("ann"))
    with running("serve", "--port=0", "--workers=2", f"--data={shell.data}", err=tmp_path / "err") as (url, process):
        assert [whoami(url, basic=True) for _ in range(4)] == [200] * 4
        process.send_signal(2)
        assert process.wait(30) == 0


def test_options_win_over_the_environment_and_that_over_the_file(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "watchword.toml"
    config.write_text('[server]\nport = 1\nhost = "192.0.2.1"\nallow_cleartext = true\n[realm]\nname = "Clinic"\n')
    arguments = ("serve", f"--config={config}", f"--data={shell.data}", "--host=127.0.0.1", "--port=0")
    with running(*arguments, err=tmp_path / "err") as (url, _):
        challenges = httpx.get(f"{url}/whoami").headers.get_list("www-authenticate")
    assert 'Basic realm="Clinic", charset="UTF-8"' in challenges


def test_everything_that_is_wrong_is_said_at_once(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "watchword.toml"
    config.write_text('[server]\nhots = "::1"\n[session]\nidle = "soon"\n')
    arguments = ("serve", f"--config={config}", f"--data={shell.data}", "--port=99999", "--workers=0")
    answer = program(*arguments, WATCHWORD_LOG__LEVEL="loud")
    assert (answer.code, answer.out, len(answer.lines)) == (1, "", 5)
    for place in ("server.hots", "session.idle", "server.port (command line)", "server.workers", "log.level"):
        assert place in answer.err
    assert not shell.data.exists()


def test_cleartext_beyond_loopback_is_refused__S2_9(shell: Shell) -> None:
    program("serve", "--host=0.0.0.0", f"--data={shell.data}").refuses("server.host", "allow_cleartext")


def test_an_address_that_is_taken_is_said(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = program("serve", f"--port={port}", f"--data={shell.data}")
    assert (answer.code, answer.out) == (1, "")
    assert answer.lines[-1].startswith(f"Cannot listen on 127.0.0.1 port {port}: Address already in use.")
    assert "Traceback" not in answer.err


def test_data_that_cannot_be_used_are_said(shell: Shell) -> None:
    shell.data.write_text("a file")
    program("serve", "--port=0", f"--data={shell.data}").refuses(str(shell.data), "cannot be created")


def test_keys_that_others_can_read_are_refused__F34(shell: Shell) -> None:
    shell.imports(user("ann"))
    keys = shell.data / "keys.json"
    keys.write_text("{}")
    keys.chmod(0o644)
    program("serve", "--port=0", f"--data={shell.data}").refuses("keys.json can be read by others: run chmod 600")
    keys.chmod(0o600)
    program("serve", "--port=0", f"--data={shell.data}").refuses("keys.json does not hold keys")


@pytest.mark.parametrize(
    ("command", "basic_after"),
    [
        (("user", "disable", "ann"), 401),
        (("user", "delete", "ann", "--yes"), 401),
        (("user", "passwd", "ann", "--password-stdin"), 401),
        (("session", "revoke", "--user", "ann"), 200),
        (("session", "revoke", "--all"), 200),
    ],
    ids=["disable", "delete", "passwd", "revoke", "revoke all"],
)
def test_a_running_server_refuses_at_the_next_check__S2_2__F36(
    shell: Shell, url: str, command: tuple[str, ...], basic_after: int
) -> None:
    assert [whoami(url), whoami(url), whoami(url, basic=True)] == [200, 200, 200]
    assert shell(*command, stdin=b"quite another password").code == 0
    assert whoami(url) == 401
    assert whoami(url, basic=True) == basic_after


def test_a_running_server_knows_new_accounts_and_roles_at_once(shell: Shell, url: str) -> None:
    shell.imports(user("bob"), {"user": {"name": "ann", "roles": ["doctor"]}})
    assert httpx.get(f"{url}/whoami", auth=("bob", "the password of bob")).status_code == 200
    assert httpx.get(f"{url}/whoami", headers=COOKIE).json()["roles"] == ["doctor"]


def test_an_imported_legacy_hash_logs_in_and_is_renewed(shell: Shell, url: str) -> None:
    shell.imports({"user": {"name": "old", "password_hash": "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}})
    assert httpx.get(f"{url}/whoami", auth=("old", "password")).status_code == 200
    stored = next(line["user"]["password_hash"] for line in shell.exports() if line["user"]["name"] == "old")
    assert stored.startswith("$argon2id$")


def test_ctrl_c_before_it_is_ready_is_quiet(shell: Shell) -> None:
    command = [*PROGRAM, "serve", "--port=0", f"--data={shell.data}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), **pipes) as process:  # type: ignore[call-overload]
        until(lambda: os.path.exists(shell.data))
        process.send_signal(2)
        _, err = process.communicate(timeout=30)
    assert process.returncode in (0, 130)
    assert b"Traceback" not in err
