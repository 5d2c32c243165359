"""docs/how-to/nginx.md: every command on the page, run as it stands there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gateway.nginx import free_port

pytestmark = pytest.mark.nginx

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "nginx.md"
ASKED = re.compile(r"^(curl .*?) +# (\d{3})(?:: (.*))?$", re.MULTILINE)
PATIENCE = 90

# A reader's fingers take a moment; a script has to wait for what it started.
WAIT = """
for _ in $(seq 600); do (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done
"""


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def script(ports: dict[str, int]) -> str:
    """The page's commands, with free ports in place of its own; each curl line tells what it got."""
    lines = ["set -e"]
    for block, waits_for in zip(blocks(), ("", "8080", "9000", "8081", "", ""), strict=True):
        lines.append(ASKED.sub(r"\1 -s -w '\\n%{http_code}\\n'", block))
        if waits_for:
            lines.append(WAIT.format(port=waits_for))
    text = "\n".join(lines)
    for written, free in ports.items():
        text = text.replace(written, str(free))
    return text


def test_every_command_does_what_the_page_says__S2_31(require_program: Callable[[str], str], tmp_path: Path) -> None:
    require_program("curl")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, arguments in (("watchword", "-m watchword "), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        (programs / name).chmod(0o755)
    ports = {port: free_port() for port in ("8080", "8081", "9000")}
    environ = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}:{Path(require_program('nginx')).parent}",
        "PYTHONPATH": str(PAGE.parents[2] / "src"),
        "WATCHWORD_SERVER__PORT": str(ports["8080"]),
    }
    with (tmp_path / "errors").open("wb") as errors:
        shell = subprocess.Popen(
            ["bash", "-c", script(ports)],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            told, _ = shell.communicate(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):  # where the page stopped all that it started
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    assert shell.returncode == 0, (tmp_path / "errors").read_text()
    lines = told.decode().splitlines()
    expected = ASKED.findall(PAGE.read_text("utf-8"))
    assert len(expected) == 7
    statuses = [line for line in lines if re.fullmatch(r"\d{3}", line)]
    assert statuses == [status for _, status, _ in expected]
    for _, _, content in expected:
        assert not content or content in lines


def test_the_page_has_no_commands_that_are_not_run() -> None:
    assert len(blocks()) == PAGE.read_text("utf-8").count("```") // 2
