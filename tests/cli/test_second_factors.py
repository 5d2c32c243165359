"""Second factors from the command line: for people who lost what they log in with."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.cli.calling import Shell, user
from watchword.core.credentials import DIGEST, TOTP, Credential
from watchword.core.questions import AddCredentials, ConfirmSecondFactor, FindAccount, FindCredentials
from watchword.storage import Storage, open_storage
from watchword.tokens.recovery_code import new_recovery_codes, recovery_credential

NOW = 1_790_000_000.0


def opened(shell: Shell) -> Storage:
    return open_storage("sqlite:///watchword.db", shell.data)


@pytest.fixture
def ann(shell: Shell) -> Shell:
    """With one authenticator that counts, one that waits, two recovery codes, and a credential of another kind."""
    shell.imports(user("ann"), user("bob"))
    storage = opened(shell)
    phone = Credential(id="phone-id", subject="ann", kind=TOTP, secret=b"1", label="phone", created_at=NOW)
    tablet = Credential(id="tablet-id", subject="ann", kind=TOTP, secret=b"2", label="\x1btablet", created_at=NOW + 1)
    digest = Credential(id="digest-id", subject="ann", kind=DIGEST, secret=b"3", created_at=NOW)
    waiting = tuple(replace(each, confirmed=False) for each in (phone, tablet))
    codes = tuple(recovery_credential(code, "ann", NOW) for code in new_recovery_codes(os.urandom)[:2])
    assert storage.add_credentials(AddCredentials((*waiting, digest, *codes)))
    assert storage.confirm_second_factor(ConfirmSecondFactor("ann", "phone-id", stamp="another"))
    storage.close()
    return shell


def test_list_shows_authenticators_and_how_many_codes_are_left(ann: Shell) -> None:
    answer = ann("user", "second-factor", "list", "ann")
    assert (answer.code, answer.err) == (0, "")
    header, phone, tablet, codes = answer.out.splitlines()
    assert header.split() == ["id", "label", "state", "added"]
    assert phone.split()[:3] == ["phone-id", "phone", "confirmed"]
    assert tablet.split()[:3] == ["tablet-id", "\\x1btablet", "waiting"]
    assert codes == "2 recovery codes left."


def test_list_is_json_for_programs_and_holds_no_secret__F33(ann: Shell) -> None:
    told = ann("user", "second-factor", "list", "ann", "--json").json
    assert told[0] == {
        "id": "phone-id",
        "kind": "totp",
        "label": "phone",
        "confirmed": True,
        "created_at": "2026-09-21T14:13:20.000Z",
    }
    assert [each["id"] for each in told] == ["phone-id", "tablet-id"]


def test_list_of_who_has_none(ann: Shell) -> None:
    assert ann("user", "second-factor", "list", "bob", "--json").json == []
    assert ann("user", "second-factor", "list", "bob").out.splitlines()[1:] == ["0 recovery codes left."]


def test_reset_leaves_the_password_and_credentials_of_other_kinds__ASVS_6_4_4(ann: Shell) -> None:
    answer = ann("user", "second-factor", "reset", "ann")
    assert (answer.code, answer.out, answer.err) == (0, "Removed 2 authenticators of ann.\n", "")
    storage = opened(ann)
    account = storage.find_account(FindAccount("ann"))
    assert account is not None
    assert not account.second_factor
    assert [each.id for each in storage.find_credentials(FindCredentials("ann"))] == ["digest-id"]
    storage.close()
    assert ann("user", "second-factor", "reset", "ann").out == "Removed 0 authenticators of ann.\n"


@pytest.mark.parametrize("command", ["list", "reset"])
def test_unknown_account_is_told(ann: Shell, command: str) -> None:
    ann("user", "second-factor", command, "nobody").refuses("There is no account nobody")
