"""The command line and imports take the same names as the server, in the same form (F17)."""

from __future__ import annotations

import pytest

from tests.cli.calling import Shell
from tests.names import NAMES

NAMED = [pytest.param(text, name, id=what) for what, text, name in NAMES]
PASSWORD = b"a long enough password"


@pytest.mark.parametrize(("text", "name"), NAMED)
def test_an_imported_account_has_the_form_in_which_it_is_found__F17(shell: Shell, text: str, name: str | None) -> None:
    answer = shell.imports({"user": {"name": text, "password_hash": None}})
    if name is None:
        assert answer.code == 1
        assert answer.lines[-1] == "Nothing was imported."
        return
    assert answer.json["users"]["created"] == 1
    assert shell.user(text)["name"] == name
    assert shell.imports({"user": {"name": name, "roles": ["clerk"]}}).json["users"]["changed"] == 1


def test_two_spellings_of_one_name_are_one_user_in_an_import__F17(shell: Shell) -> None:
    answer = shell.imports({"user": {"name": "Zo\u00eb"}}, {"user": {"name": "Zoe\u0308"}})
    assert (answer.code, "stands there twice" in answer.err) == (1, True)


@pytest.mark.parametrize(("text", "name"), [pytest.param(*named.values, id=named.id) for named in NAMED])
def test_an_added_account_has_the_form_in_which_it_is_found__F17(shell: Shell, text: str, name: str | None) -> None:
    answer = shell("user", "add", text, "--password-stdin", stdin=PASSWORD)
    if name is None:
        answer.refuses("A name ")
        assert not shell.data.exists()
    else:
        assert answer.out == f"Added {name}.\n"
        assert shell.user(text)["name"] == name
