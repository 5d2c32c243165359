"""Sessions from the command line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.calling import Shell, user

EXPIRES = time.time() + 36_000


def session(name: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "session": {
            "user": name,
            "token": f"token-number-{number:08}",
            "id": f"id{number}",
            "expires_at": EXPIRES,
            "created_at": time.time() - 1000 + number,
            **more,
        }
    }


def ids(shell: Shell, *arguments: str) -> list[str]:
    return [one["id"] for one in shell("session", "list", "--json", *arguments).json]


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With three sessions of ann, and one of bob's."""
    imported = shell.imports(
        user("ann"),
        user("bob"),
        *(session("ann", number, address="192.0.2.1", user_agent=f"robot {number}") for number in (1, 2, 3)),
        session("bob", 4),
    )
    assert imported.json["sessions"]["created"] == 4
    return shell


def test_sessions_are_listed_newest_first(shell: Shell) -> None:
    assert ids(shell) == ["id4", "id3", "id2", "id1"]
    assert ids(shell, "--user", "ann") == ["id3", "id2", "id1"]
    first = shell("session", "list", "--json", "--user", "ann").json[0]
    assert (first["user"], first["address"], first["user_agent"]) == ("ann", "192.0.2.1", "robot 3")
    lines = shell("session", "list").out.splitlines()
    assert lines[0].split() == ["id", "kind", "user", "began", "last", "seen", "ends", "address", "user", "agent"]
    assert lines[2].endswith("192.0.2.1  robot 3")


def test_no_token_and_no_fingerprint_is_shown__F33(shell: Shell) -> None:
    shown = shell("session", "list").out + shell("session", "list", "--json").out
    exported = [line["session"]["token_fingerprint"] for line in shell.exports() if "session" in line]
    assert len(exported) == 4
    for secret in (*exported, "token-number"):
        assert secret not in shown


def test_a_list_that_is_cut_says_so(shell: Shell) -> None:
    answer = shell("session", "list", "--limit", "3", "--json")
    assert [one["id"] for one in answer.json] == ["id4", "id3", "id2"]
    assert "--limit" in answer.err
    assert shell("session", "list", "--limit", "4").err == ""


@pytest.mark.parametrize(
    ("chosen", "count", "left"),
    [
        (["id2"], "1 session", ["id4", "id3", "id1"]),
        (["id2", "id4", "id2"], "2 sessions", ["id3", "id1"]),
        (["--user", "ann"], "3 sessions", ["id4"]),
        (["--all"], "4 sessions", []),
    ],
    ids=["id", "ids", "user", "all"],
)
def test_sessions_end_and_their_number_is_said__S2_2(
    shell: Shell, chosen: Sequence[str], count: str, left: list[str]
) -> None:
    dry = shell("session", "revoke", *chosen, "--dry-run")
    assert (dry.code, dry.out, dry.err) == (0, f"{count} would end.\n", "")
    assert len(ids(shell)) == 4
    done = shell("session", "revoke", *chosen)
    assert (done.code, done.out, done.err) == (0, f"{count} ended.\n", "")
    assert ids(shell) == left


@pytest.mark.parametrize("how", [(), ("--dry-run",)], ids=["done", "dry"])
def test_ids_of_no_session_are_not_found(shell: Shell, how: tuple[str, ...]) -> None:
    answer = shell("session", "revoke", "id1", "id9", *how)
    assert answer.code == 1
    assert answer.out.startswith("1 session ")
    assert answer.lines == ["1 of the IDs belong to no session: watchword session list shows them."]


@pytest.mark.parametrize("command", ["list", "revoke"])
def test_sessions_of_an_unknown_account_are_not_found(shell: Shell, command: str) -> None:
    shell("session", command, "--user", "zed").refuses("There is no account zed")


def test_what_a_client_called_itself_does_not_move_the_cursor__F33(shell: Shell) -> None:
    shell.imports(session("bob", 5, user_agent="\x1b[2J\r\nroot"))
    listed = shell("session", "list").out
    assert "\x1b" not in listed
    assert len(listed.splitlines()) == 6
    assert "\\x1b[2J\\r\\nroot" in listed
