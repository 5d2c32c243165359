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

CHANGES: list[tuple[str, tuple[str, ...], int]] = [
    ("ann1", ("user", "disable", "ann1"), 401),
    ("ann2", ("user", "delete", "ann2", "--yes"), 401),
    ("ann3", ("user", "passwd", "ann3", "--password-stdin"), 401),
    ("ann4", ("session", "revoke", "--user", "ann4"), 200),
    ("ann5", ("session", "revoke", "--all"), 200),
]
"""A user, what is done about them, and how their password is answered afterwards."""


def token_of(name: str) -> str:
    return new_token(SESSION, name.encode().ljust(32))


def by_session(url: str, name: str) -> httpx.Response:
    return httpx.get(f"{url}/whoami", headers={"cookie": f"watchword={token_of(name)}"})


def by_password(url: str, name: str, password: str | None = None) -> httpx.Response:
    return httpx.get(f"{url}/whoami", auth=(name, password or f"the password of {name}"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, str]]:
    """A server whose users are logged in, and the commands that work on its data."""
    folder = tmp_path_factory.mktemp("served")
    shell = Shell(folder / "data")
    names = [name for name, _, _ in CHANGES]
    expires = time.time() + 3600
    shell.imports(
        user("root", roles=["admin"]),
        *(user(name, roles=["clerk"]) for name in names),
        *({"session": {"user": name, "token": token_of(name), "expires_at": expires}} for name in names),
    )
    with running("serve", "--port=0", f"--data={shell.data}", err=folder / "err") as (url, _):
        yield shell, url


def test_one_line_says_that_it_is_ready_and_nothing_else_goes_there(shell: Shell, tmp_path: Path) -> None:
    err = tmp_path / "err"
    with running("serve", "--port=0", f"--data={shell.data}", err=err) as (url, process):
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert by_password(url, "ann").status_code == 401
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert "watchword user add NAME --role admin" in err.read_text()
    assert {path.stat().st_mode & 0o077 for path in (shell.data, *shell.data.iterdir())} == {0}


def test_several_workers_are_ready_together(shell: Shell, tmp_path: Path) -> None:
    shell.imports(user("ann"))
    with running("serve", "--port=0", "--workers=2", f"--data={shell.data}", err=tmp_path / "err") as (url, process):
        assert [by_password(url, "ann").status_code for _ in range(4)] == [200] * 4
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
    shell("serve", "--host=0.0.0.0").refuses("server.host", "allow_cleartext")


def test_an_address_that_is_taken_is_said(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = shell("serve", f"--port={port}")
    assert (answer.code, answer.out) == (1, "")
    assert answer.lines[-1].startswith(f"Cannot listen on 127.0.0.1 port {port}: Address already in use.")
    assert "Traceback" not in answer.err


def test_data_that_cannot_be_used_are_said(shell: Shell) -> None:
    shell.data.write_text("a file")
    shell("serve", "--port=0").refuses(str(shell.data), "cannot be created")


def test_keys_that_others_can_read_are_refused__F34(shell: Shell) -> None:
    shell.imports(user("ann"))
    keys = shell.data / "keys.json"
    keys.write_text("{}")
    keys.chmod(0o644)
    shell("serve", "--port=0").refuses("keys.json can be read by others: run chmod 600")
    keys.chmod(0o600)
    shell("serve", "--port=0").refuses("keys.json does not hold keys")


@pytest.mark.parametrize(("name", "command", "afterwards"), CHANGES, ids=[" ".join(row[1][:2]) for row in CHANGES])
def test_a_running_server_refuses_at_the_next_check__S2_2__F36(
    served: tuple[Shell, str], name: str, command: tuple[str, ...], afterwards: int
) -> None:
    shell, url = served
    assert [by_session(url, name).status_code, by_password(url, name).status_code] == [200, 200]
    assert shell(*command, stdin=b"quite another password").code == 0
    assert by_session(url, name).status_code == 401
    assert by_password(url, name).status_code == afterwards


def test_a_running_server_knows_new_accounts_and_roles_at_once(served: tuple[Shell, str]) -> None:
    shell, url = served
    shell.imports(user("bob"))
    assert by_password(url, "bob").json()["roles"] == []
    shell.imports({"user": {"name": "bob", "roles": ["doctor"]}})
    assert by_password(url, "bob").json()["roles"] == ["doctor"]


def test_an_imported_legacy_hash_logs_in_and_is_renewed(served: tuple[Shell, str]) -> None:
    shell, url = served
    shell.imports({"user": {"name": "old", "password_hash": "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}})
    assert by_password(url, "old", "password").status_code == 200
    stored = next(line["user"]["password_hash"] for line in shell.exports() if line["user"]["name"] == "old")
    assert stored.startswith("$argon2id$")


def test_ctrl_c_before_it_is_ready_is_quiet(shell: Shell) -> None:
    command = [*PROGRAM, "serve", "--port=0", f"--data={shell.data}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdout=pipe, stderr=pipe) as process:
        until(lambda: os.path.exists(shell.data))
        process.send_signal(2)
        _, err = process.communicate(timeout=30)
    assert process.returncode in (0, 130, -2)  # -2: the signal itself, which a shell reports as 130 too
    assert b"Traceback" not in err
