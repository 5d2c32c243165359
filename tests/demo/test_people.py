"""The demo's people: passwords that nobody can know beforehand, and a banner whose lines work as they stand."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.running import Demo
from watchword.demo.people import banner, new_password, new_people


def test_passwords_are_new_at_every_start() -> None:
    passwords = [person.password for _ in range(50) for person in new_people()]
    assert len(set(passwords)) == len(passwords)


def test_a_password_can_be_typed() -> None:
    word = "(?:[bdfghkmnprstvwyz][aeiou]){3}"
    for person in new_people():
        assert re.fullmatch(f"{word}-{word}-[0-9]{{4}}", person.password)


def test_a_password_is_at_least_40_bits_strong() -> None:
    choices: list[int] = []

    def below(n: int) -> int:
        choices.append(n)
        return 0

    new_password(below)
    assert math.prod(choices) >= 2**40


def test_a_password_does_not_show_in_a_representation() -> None:
    for person in new_people():
        assert person.password not in repr(person)


def test_the_banner_tells_addresses_and_people() -> None:
    people = new_people()
    text = banner("http://127.0.0.1:8080", people)
    assert "http://127.0.0.1:8080/demo" in text
    for person in people:
        assert f"{person.name} " in text
        assert person.password in text


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        pytest.param(0, '"name": "Amara Okafor"', id="Basic-S0_8"),
        pytest.param(1, "auth-token: ww_t_", id="auth-token-S3_2-S3_7"),
        pytest.param(2, '"mechanism":"session"', id="session-S2_1"),
    ],
)
def test_the_three_curl_lines_work_as_they_stand(
    demo: Demo, tmp_path: Path, require_program: Callable[[str], str], index: int, expected: str
) -> None:
    require_program("curl")
    lines = [line.strip() for line in banner(demo.url, demo.people).splitlines() if line.strip().startswith("curl ")]
    assert len(lines) == 3
    done = subprocess.run(
        ["sh", "-c", lines[index]], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert expected in done.stdout
