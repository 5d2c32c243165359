"""Pages of the documentation as programs: their commands, run by a shell as they stand there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 240

STARTING = (
    "auth-key",
    "client-certificate",
    "couchdb",
    "couchdb-proxy",
    "digest",
    "proxy-header",
    "sealed-session",
    "signed-request",
    "url",
)
"""Pages of mechanisms that start servers of their own, because they need another configuration."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASKED = re.compile(r"^(.*\bcurl .*?) +# (\d{3})(?:: (.*)|, .*)?$", re.MULTILINE)

# A reader's fingers take a moment; a script has to wait for what it started.
_WAIT = "for _ in $(seq 600); do (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done"


@dataclass(frozen=True, slots=True)
class Page:
    """A page. Behind its curl lines it says what comes: `# 401`, `# 401, why`, or `# 200: a line of the answer`."""

    path: Path

    @classmethod
    def of(cls, name: str) -> Page:
        """By its path in the repository."""
        return cls(ROOT / name)

    def blocks(self) -> list[str]:
        """The pieces that are meant for a shell."""
        return _BLOCK.findall(self.path.read_text("utf-8"))

    def asked(self, only: Sequence[int] | None = None) -> list[tuple[str, str]]:
        """Status and line that each curl line promises; the line is empty where it promises none."""
        return [(status, line) for block in self._chosen(only) for _, status, line in _ASKED.findall(block)]

    def script(self, ports: Mapping[str, int], waits: Mapping[int, str], only: Sequence[int] | None = None) -> str:
        """The commands, with free ports in place of the page's own. Each curl line tells its status on a line.

        After the block with the number n it is waited until somebody listens on the port `waits[n]`.
        """
        lines = ["set -e"]
        for number, block in enumerate(self._chosen(only)):
            lines.append(_ASKED.sub(r"\1 -s -w '\\n%{http_code}\\n'", block))
            if number in waits:
                lines.append(_WAIT.format(port=waits[number]))
        text = "\n".join(lines)
        written = re.compile(rf"(?<!\d)(?:{'|'.join(ports)})(?!\d)")  # a free one may have digits of another
        return written.sub(lambda found: str(ports[found[0]]), text)

    def _chosen(self, only: Sequence[int] | None) -> list[str]:
        blocks = self.blocks()
        return blocks if only is None else [blocks[number] for number in only]


def programs(folder: Path) -> Path:
    """A folder with the commands that pages call: ours, and the python3 that runs the tests."""
    folder.mkdir()
    for name, arguments in (("watchword", "-m watchword "), ("python3", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        (folder / name).chmod(0o755)
    return folder


def told_by(script: str, folder: Path, path: Sequence[Path], variables: Mapping[str, str]) -> list[str]:
    """What the script wrote, line by line. Whatever it started is stopped; a command that failed is an error."""
    environ = {
        **os.environ,
        "PATH": os.pathsep.join((*map(str, path), os.environ["PATH"])),
        "PYTHONPATH": str(ROOT / "src"),
        **variables,
    }
    with (folder / "errors").open("wb") as errors:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            told = _read(shell, PATIENCE)
        finally:
            with suppress(ProcessLookupError):  # where the page stopped all that it started
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    assert shell.returncode == 0, (folder / "errors").read_text()
    return told.decode().splitlines()


def _read(shell: subprocess.Popen[bytes], patience: float) -> bytes:
    """All that it writes until it ends. What it leaves running holds its output open: end that, too."""
    shell.wait(patience)
    with suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGTERM)
    told, _ = shell.communicate(timeout=patience)
    return told


def agrees(told: Sequence[str], asked: Sequence[tuple[str, str]]) -> None:
    """Assert that what was told is what the page promised."""
    assert [line for line in told if re.fullmatch(r"\d{3}", line)] == [status for status, _ in asked]
    for _, line in asked:
        assert not line or line in told
