"""Calling the command line: in this process where that will do, else as the program that users start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from watchword.cli.run import run
from watchword.crypto.password import Hashing, hash_password
from watchword.crypto.secret import Secret

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "watchword"]
CHEAP = Hashing(t=1, m=8, p=1)


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def refuses(self, *words: str) -> None:
        """It says no, in one line that holds these words, and prints nothing."""
        assert (self.code, self.out, len(self.lines)) == (1, "", 1), self
        for word in words:
            assert word in self.err


class Shell:
    """Calls commands on one data folder, without anything of this process's environment."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
        """One command, with `--data` put behind its words."""
        return call(*arguments, f"--data={self.data}", stdin=stdin, env=env)

    def imports(self, *entries: Mapping[str, Any]) -> Answer:
        """Import these entries, one on a line."""
        file = self.data.with_name("to-import.jsonl")
        file.write_bytes(lines_of(*entries))
        return self("import", str(file), "--json")

    def exports(self) -> list[dict[str, Any]]:
        answer = self("export", "-")
        assert answer.code == 0
        return [json.loads(line) for line in answer.out.splitlines()]

    def user(self, name: str) -> dict[str, Any]:
        shown: dict[str, Any] = self("user", "show", name, "--json").json
        return shown


def call(*arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
    """One command, in this process."""
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith("WATCHWORD_")}
    with CliRunner().isolation(input=stdin, env={**unset, **(env or {})}) as (out, err, _):
        code = run(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
        return Answer(code, out.getvalue().decode(), err.getvalue().decode())


def environment(**more: str) -> dict[str, str]:
    """For the program itself."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    return {**bare, "PYTHONPATH": str(ROOT / "src"), **more}


def program(*arguments: str, stdin: bytes = b"", **more: str) -> Answer:
    """One command, as a program."""
    done = subprocess.run([*PROGRAM, *arguments], input=stdin, capture_output=True, env=environment(**more), timeout=60)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def running(*arguments: str, err: Path, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server that says it is ready: its URL and its process. What it says besides goes to the file `err`."""
    with err.open("w") as log:
        process = subprocess.Popen(
            [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=log, text=True, env=environment(**more)
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("Watchword is ready: http://127.0.0.1:"), (line, err.read_text())
            yield line.removeprefix("Watchword is ready: ").removesuffix("\n"), process
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def until(what: Any, patience: float = 60.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def lines_of(*entries: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def hash_of(password: str) -> str:
    """A hash that costs next to nothing."""
    return hash_password(Secret(password), CHEAP, b"sixteen bytes so")


def user(name: str, **more: Any) -> dict[str, Any]:
    """An entry of somebody whose password is `the password of <name>`."""
    return {"user": {"name": name, "password_hash": hash_of(f"the password of {name}"), **more}}
