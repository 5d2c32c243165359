"""Programs of npm for tests: a server that speaks as CouchDB does, and code that runs in Node beside its clients."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parent / "npm" / "pouchdb_server.js"
PATIENCE = 60.0
"""Seconds, on a machine that does much else."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node, with the packages of tests/npm."""

    program: str
    modules: str

    def run(self, code: str, *arguments: str) -> Any:
        """What the code gives back, as JSON. It is the body of an async function, with `args` and `require`."""
        told = f"(async (args) => {{ {code} }})(process.argv.slice(1)).then((it) => console.log(JSON.stringify(it)))"
        ran = subprocess.run(
            [self.program, "--unhandled-rejections=strict", "-e", told, "--", *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            env=self.environ,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout.splitlines()[-1])

    @property
    def environ(self) -> Mapping[str, str]:
        """Where the packages are found."""
        return {**os.environ, "NODE_PATH": self.modules}

    @contextmanager
    def pouchdb_server(self, **wanted: object) -> Iterator[str]:
        """The address of express-pouchdb on loopback, with this `secret` and these `users`. It stops at the end."""
        with self.server(SERVER, **wanted) as port:
            yield f"http://127.0.0.1:{port}"

    @contextmanager
    def server(self, script: Path, **wanted: object) -> Iterator[int]:
        """The port of what this script of tests/npm serves on loopback. It stops at the end."""
        process = subprocess.Popen(
            [self.program, str(script), json.dumps(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environ,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
            line = process.stdout.readline().decode() if ready else ""
            assert line.startswith("ready "), line
            yield int(line.split()[1])
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def node_with_packages(require_program: Callable[[str], str]) -> Node:
    """Node with its packages; skips the test where this machine cannot have them."""
    return Node(require_program("node"), require_program("npm-packages"))
