"""`watchword keys` for the keys of sessions that clients keep."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.cli.calling import Shell, user

ROTATE = ("keys", "rotate", "--purpose", "session")


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With the keys that a server makes for itself."""
    shell.imports(user("ann"))
    assert shell("token", "issue", "--user", "ann").code == 0
    return shell


def keys(shell: Shell) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = shell("keys", "list", "--json").json
    return [key for key in listed if key["purpose"] == "session"]


def test_rotated_key_seals_later_and_the_old_one_goes_on_opening__F34(shell: Shell) -> None:
    assert [key["state"] for key in keys(shell)] == ["signs"]
    rotated = shell(*ROTATE, "--json").json
    assert set(rotated) == {"id", "purpose", "signs_from"}
    assert [(key["state"], key["id"] == rotated["id"]) for key in keys(shell)] == [
        ("signs", False),
        ("published", True),
    ]
    assert shell(*ROTATE, "--after", "0s").out.startswith("The new session key ")
    assert [key["state"] for key in keys(shell)] == ["verifies", "published", "signs"]
    assert [key["algorithm"] for key in keys(shell)] == [None] * 3


def test_keys_for_access_tokens_are_left_alone(shell: Shell) -> None:
    before = [key for key in shell("keys", "list", "--json").json if key["purpose"] != "session"]
    shell(*ROTATE)
    assert [key for key in shell("keys", "list", "--json").json if key["purpose"] != "session"] == before


def test_key_opens_for_as_long_as_sessions_may_live__F34(shell: Shell) -> None:
    shell(*ROTATE, "--after", "0s")
    for absolute, until in (("1h", 3720), ("8h", 28_920)):
        listed = shell("keys", "list", "--json", env={"WATCHWORD_SESSION__ABSOLUTE": absolute}).json
        old, new = (key for key in listed if key["purpose"] == "session")
        assert abs(_seconds(old["verifies_until"]) - _seconds(new["signs_from"]) - until) < 2


def test_key_whose_last_session_has_ended_is_dropped_at_the_next_rotation__F34(shell: Shell) -> None:
    file = shell.data / "keys.json"
    shell(*ROTATE, "--after", "0s")
    document = json.loads(file.read_text())
    for key in document["keys"]:
        if key["purpose"] == "session":
            key["created_at"] -= 10**6
            key["use_from"] = key["created_at"]
    file.write_text(json.dumps(document))
    assert [key["state"] for key in keys(shell)] == ["retired", "signs"]
    shell(*ROTATE)
    assert [key["state"] for key in keys(shell)] == ["signs", "published"]


def test_other_purposes_are_not_rotated_here(shell: Shell) -> None:
    answer = shell("keys", "rotate", "--purpose", "auth-token")
    assert answer.code == 2
    assert "access-token" in answer.err


def _seconds(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
