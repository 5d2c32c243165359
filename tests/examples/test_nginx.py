"""examples/nginx with a real nginx: every command of its README, against a backend that knows nothing (S2_31)."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.examples.conftest import running

pytestmark = pytest.mark.nginx

EXAMPLE = Path(__file__).parents[2] / "examples" / "nginx"
ASKED = re.findall(r"^(curl .*?) +# (\d{3})(?:: (.*))?$", (EXAMPLE / "README.md").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def url(require_program: Callable[[str], str]) -> Iterator[str]:
    """Where nginx listens."""
    require_program("nginx")
    with running("nginx", says="Ask") as url:
        yield url


def test_there_are_commands() -> None:
    assert len(ASKED) == 7


@pytest.mark.parametrize(("command", "status", "line"), ASKED)
def test_every_command_does_what_the_page_says__S2_31(
    url: str, require_program: Callable[[str], str], command: str, status: str, line: str
) -> None:
    _, *arguments = shlex.split(command.replace("http://127.0.0.1:8408", url))
    asked = [require_program("curl"), "-s", "-w", "\n%{http_code}", *arguments]
    content, _, told = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout.rpartition(
        "\n"
    )
    assert told == status
    assert line in content
