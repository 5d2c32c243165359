"""A server like any other, but with bounds that tests can wait for. `python impatient.py FOLDER BOUNDS`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.live import Live, User, add_users
from watchword.config import load
from watchword.config.serving import run_server
from watchword.server.bounds import Bounds

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def impatient_server(
    folder: Path, bounds: Mapping[str, float], users: Sequence[User], config: str = ""
) -> Iterator[Live]:
    """A server with these bounds over this folder."""
    add_users(folder, users)
    (folder / "watchword.toml").write_text(f"[server]\nport = 0\n{config}", "utf-8")
    log = folder / "server.log"
    command = [sys.executable, __file__, str(folder), json.dumps(bounds)]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environ)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().decode().strip()
        assert url, log.read_text()
        yield Live(url, folder, log, process, command)
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def main(folder: Path, bounds: Mapping[str, float]) -> int:
    settings = load(folder / "watchword.toml", {})
    # JSON's numbers, one of which is an int.
    return run_server(settings, folder, lambda url: print(url, flush=True), bounds=Bounds(**bounds))  # type: ignore[arg-type]  # from JSON


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
