"""Credentials for third parties from the command line, and the keys that seal them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.calling import Shell, user
from watchword.core.third_party import CredentialState, ThirdPartyCredential
from watchword.storage import open_storage


def credential(name: str, provider: str, state: CredentialState) -> ThirdPartyCredential:
    checked = None if state == "unverified" else 1_790_000_000.0
    return ThirdPartyCredential(
        subject=name,
        provider=provider,
        id=f"{name}-{provider}",
        sealed=b"sealed canary",
        hint="****abcd",
        state=state,
        created_at=1_789_000_000.0,
        provider_status=None if checked is None else 401,
        checked_at=checked,
    )


KEPT = (
    credential("ann", "chat", "rejected"),
    credential("ann", "pay", "unverified"),
    credential("bob", "chat", "rejected"),
)


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With two accounts, and credentials of theirs."""
    assert shell.imports(user("ann"), user("bob")).code == 0
    storage = open_storage("sqlite:///watchword.db", shell.data)
    storage.third_party.put_all(KEPT)
    storage.close()
    return shell


def listed(shell: Shell, *arguments: str) -> list[tuple[str, str, str]]:
    told: list[dict[str, Any]] = shell("integration", "list", "--json", *arguments).json
    return [(each["user"], each["provider"], each["state"]) for each in told]


def test_an_operator_sees_what_providers_refuse_and_no_credential__F33(shell: Shell) -> None:
    assert listed(shell) == [("ann", "chat", "rejected"), ("ann", "pay", "unverified"), ("bob", "chat", "rejected")]
    assert listed(shell, "--user", "ann") == [("ann", "chat", "rejected"), ("ann", "pay", "unverified")]
    assert listed(shell, "--provider", "chat", "--user", "bob") == [("bob", "chat", "rejected")]
    table = shell("integration", "list").out
    assert [line.split() for line in table.splitlines()][:3] == [
        ["user", "provider", "credential", "state", "status", "checked"],
        ["ann", "chat", "****abcd", "rejected", "401", "2026-09-21T14:13:20Z"],
        ["ann", "pay", "****abcd", "unverified", "-", "-"],
    ]
    assert "canary" not in table + json.dumps(shell("integration", "list", "--json").json)


def test_credentials_are_forgotten_one_by_one_or_all(shell: Shell) -> None:
    gone = ("integration", "forget", "--user", "ann")
    assert shell(*gone, "--provider", "chat").out == "1 credential forgotten.\n"
    assert shell(*gone).out == "1 credential forgotten.\n"
    assert listed(shell) == [("bob", "chat", "rejected")]
    nothing = shell(*gone)
    assert (nothing.code, nothing.out) == (1, "0 credentials forgotten.\n")
    shell("integration", "forget", "--user", "eve").refuses("There is no account eve")


def test_a_rotated_key_seals_later_and_the_old_one_goes_on_opening__F34(shell: Shell) -> None:
    assert shell("token", "issue", "--user", "ann").code == 0  # makes the keys

    def states() -> list[str]:
        return [key["state"] for key in shell("keys", "list", "--json").json if key["purpose"] == "third-party"]

    assert states() == ["signs"]
    assert shell("keys", "rotate", "--purpose", "third-party").out.startswith("The new third-party key ")
    assert states() == ["signs", "published"]
    shell("keys", "rotate", "--purpose", "third-party", "--after", "0s")
    assert states() == ["verifies", "published", "signs"]
