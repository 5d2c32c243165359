"""Identities at OpenID providers from the command line."""

from __future__ import annotations

import pytest

from tests.cli.calling import Answer, Shell, user

ISSUER = "https://id.example.org"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With two accounts."""
    assert shell.imports(user("ann"), user("bob")).code == 0
    return shell


def link(shell: Shell, name: str, subject: str, issuer: str = ISSUER) -> Answer:
    return shell("identity", "link", f"--user={name}", f"--issuer={issuer}", f"--subject={subject}")


def linked(shell: Shell, *arguments: str) -> list[tuple[str, str, str]]:
    told = shell("identity", "list", "--json", *arguments).json
    return [(each["user"], each["issuer"], each["subject"]) for each in told]


def test_an_administrator_says_beforehand_who_logs_in_to_which_account__S2_40(shell: Shell) -> None:
    assert (link(shell, "ann", "248289761001").code, link(shell, "bob", "24400320").code) == (0, 0)
    assert linked(shell) == [("bob", ISSUER, "24400320"), ("ann", ISSUER, "248289761001")]
    assert linked(shell, "--user", "ann") == [("ann", ISSUER, "248289761001")]
    lines = shell("identity", "list").out.splitlines()
    assert lines[0].split() == ["user", "issuer", "subject", "linked"]
    assert lines[1].split()[:3] == ["bob", ISSUER, "24400320"]


def test_to_link_again_changes_nothing(shell: Shell) -> None:
    assert [link(shell, "ann", "1").code for _ in range(2)] == [0, 0]
    assert linked(shell) == [("ann", ISSUER, "1")]


def test_an_identity_belongs_to_one_account(shell: Shell) -> None:
    link(shell, "ann", "1")
    link(shell, "bob", "1").refuses("linked to the account ann", "watchword identity unlink")
    assert linked(shell) == [("ann", ISSUER, "1")]


def test_nobody_is_linked_to_an_account_that_is_disabled(shell: Shell) -> None:
    assert shell("user", "disable", "ann").code == 0
    link(shell, "ann", "1").refuses("ann is disabled")
    link(shell, "eve", "1").refuses("There is no account eve")


def test_identities_are_unlinked_one_by_one_by_issuer_or_all(shell: Shell) -> None:
    other = "https://other.example.org"
    for subject, issuer in (("1", ISSUER), ("2", ISSUER), ("3", ISSUER), ("4", other), ("5", other)):
        link(shell, "ann", subject, issuer)
    link(shell, "bob", "6")
    gone = ("identity", "unlink", "--user", "ann")
    assert shell(*gone, "--issuer", ISSUER, "--subject", "2").out == "1 identity unlinked.\n"
    assert [subject for _, _, subject in linked(shell, "--user", "ann")] == ["1", "3", "4", "5"]
    assert shell(*gone, "--issuer", other).out == "2 identities unlinked.\n"
    assert shell(*gone).out == "2 identities unlinked.\n"
    assert linked(shell) == [("bob", ISSUER, "6")]
    nothing = shell(*gone)
    assert (nothing.code, nothing.out) == (1, "0 identities unlinked.\n")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--issuer", "id.example.org"), ("--issuer", "https://id example"), ("--subject", ""), ("--subject", "\x1b[2J")],
)
def test_what_no_provider_would_say_is_not_linked__F33(shell: Shell, option: str, value: str) -> None:
    told = {"--issuer": ISSUER, "--subject": "1", option: value}
    answer = shell("identity", "link", "--user=ann", *(f"{name}={text}" for name, text in told.items()))
    assert answer.code == 2
    assert "\x1b" not in answer.err
    assert linked(shell) == []


def test_a_subject_without_its_issuer_means_nobody(shell: Shell) -> None:
    link(shell, "ann", "1")
    assert shell("identity", "unlink", "--user=ann", "--subject=1").code == 2
    assert linked(shell) == [("ann", ISSUER, "1")]
