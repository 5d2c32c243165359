"""Accounts from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Shell, call, hash_of, user
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret

PASSWORD = "correct horse battery"


def add(shell: Shell, *arguments: str) -> None:
    answer = shell("user", "add", *arguments, "--password-stdin", stdin=PASSWORD.encode())
    assert (answer.code, answer.err) == (0, "")


def entry(shell: Shell, name: str) -> dict[str, object]:
    return next(line["user"] for line in shell.exports() if line["user"]["name"] == name)


def test_an_account_is_added_with_its_roles_and_its_password_hashed(shell: Shell) -> None:
    add(shell, "ann", "--role", "clerk", "--role", "doctor", "--permission", "View Patients")
    shown = shell.user("ann")
    assert shown["roles"] == ["clerk", "doctor"]
    assert shown["permissions"] == ["View Patients"]
    assert (shown["disabled"], shown["has_password"], shown["sessions"]) == (False, True, 0)
    stored = str(entry(shell, "ann")["password_hash"])
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert check_password(Secret(PASSWORD), stored)


def test_the_data_folder_is_made_for_its_owner_only(shell: Shell) -> None:
    add(shell, "ann")
    assert {path.stat().st_mode & 0o077 for path in (shell.data, *shell.data.iterdir())} == {0}


def test_one_account_for_all_spellings_of_a_name__F17(shell: Shell) -> None:
    add(shell, "Zoe\u0308")
    again = shell("user", "add", "Zo\u00eb", "--password-stdin", stdin=PASSWORD.encode())
    again.refuses("There is an account Zo\u00eb already")
    assert shell.user("Zoe\u0308")["name"] == "Zo\u00eb"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a:b", "A name has no colon"),
        ("", "A name is needed"),
        (" ann", "A name neither begins"),
        ("a\x00b", "control"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_before_a_password_is_asked_for__S3_1(
    shell: Shell, name: str, says: str
) -> None:
    shell("user", "add", name).refuses(says)
    assert not shell.data.exists()


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("seven77", "A password has at least 8 characters"),
        ("annannann", "A password is more than the user name"),
        ("x" * 1025, "A password has at most 1024"),
    ],
)
def test_new_passwords_follow_the_policy__S2_34(shell: Shell, password: str, says: str) -> None:
    shell("user", "add", "annannann", "--password-stdin", stdin=password.encode()).refuses(says)
    add(shell, "annannann")
    shell("user", "passwd", "annannann", "--password-stdin", stdin=password.encode()).refuses(says)


def test_the_policy_is_the_configuration_s(shell: Shell) -> None:
    env = {"WATCHWORD_PASSWORDS__MIN_LENGTH": "20", "WATCHWORD_PASSWORDS__CONTEXT_WORDS": '["correct horse staple"]'}
    for password, says in ((PASSWORD[:19], "at least 20"), ("Correct Horse Staple", "everybody here would guess")):
        answer = shell("user", "add", "ann", "--password-stdin", stdin=password.encode(), env=env)
        answer.refuses(says)


@pytest.mark.parametrize("label", ["", "a\nb", "x" * 256])
def test_roles_and_permissions_are_plain_text(shell: Shell, label: str) -> None:
    for option in ("--role", "--permission"):
        answer = shell("user", "add", "ann", option, label, "--password-stdin", stdin=PASSWORD.encode())
        assert (answer.code, answer.out) == (2, "")
        assert option in answer.err


def test_accounts_are_listed_by_name_as_text_and_as_json(shell: Shell) -> None:
    shell.imports(user("bob", roles=["b", "a"]), user("ann", disabled=True), user("zed", created_at=0))
    listed = shell("user", "list")
    rows = [line.split() for line in listed.out.splitlines()]
    assert rows[0] == ["name", "roles", "permissions", "state", "created"]
    assert [row[0] for row in rows[1:]] == ["ann", "bob", "zed"]
    assert [row[-2] for row in rows[1:]] == ["disabled", "enabled", "enabled"]
    assert rows[2][1:3] == ["a,", "b"]
    assert rows[3][-1] == "1970-01-01T00:00:00Z"
    assert len({line.index(row[-2]) for line, row in zip(listed.out.splitlines(), rows, strict=True)}) == 1
    named = shell("user", "list", "--json", "--search", "b").json
    assert [(one["name"], one["roles"], one["disabled"]) for one in named] == [("bob", ["a", "b"], False)]
    assert shell("user", "list", "--json", "--search", "nobody").json == []


def test_lists_are_as_long_as_they_are(shell: Shell) -> None:
    shell.imports(*(user(f"user{number:04}") for number in range(1500)))
    assert [one["name"] for one in shell("user", "list", "--json").json] == [f"user{n:04}" for n in range(1500)]


def test_no_hash_is_ever_shown__F33(shell: Shell) -> None:
    shell.imports(user("ann"))
    for arguments in (("user", "list"), ("user", "show", "ann")):
        for form in ((), ("--json",)):
            assert "argon2" not in shell(*arguments, *form).out


def test_one_account_is_shown_as_text(shell: Shell) -> None:
    shell.imports({"user": {"name": "ann", "attributes": {"mail": "ann@example.org"}}})
    shown = shell("user", "show", "ann").out
    assert [line.split() for line in shown.splitlines() if "created" not in line] == [
        ["name", "ann"],
        ["roles", "-"],
        ["permissions", "-"],
        ["state", "enabled"],
        ["password", "none"],
        ["sessions", "0"],
        ["attribute", "mail", "ann@example.org"],
    ]


def test_another_password_ends_the_sessions__S2_2__F36(shell: Shell) -> None:
    session = {"session": {"user": "ann", "token": "a session token of ann".replace(" ", "-"), "expires_at": 4e9}}
    shell.imports(user("ann"), session)
    assert shell.user("ann")["sessions"] == 1
    before = entry(shell, "ann")
    changed = shell("user", "passwd", "ann", "--password-stdin", stdin=PASSWORD.encode())
    assert (changed.code, changed.out) == (0, "Changed the password of ann. Its sessions have ended.\n")
    assert shell.user("ann")["sessions"] == 0
    after = entry(shell, "ann")
    assert check_password(Secret(PASSWORD), str(after["password_hash"]))
    assert after["stamp"] != before["stamp"]


def test_an_account_is_disabled_and_enabled__F36(shell: Shell) -> None:
    shell.imports(user("ann"), {"session": {"user": "ann", "token": "x" * 20, "expires_at": 4e9}})
    assert shell("user", "disable", "ann").code == 0
    assert (shell.user("ann")["disabled"], shell.user("ann")["sessions"]) == (True, 0)
    assert shell("user", "enable", "ann").code == 0
    assert (shell.user("ann")["disabled"], shell.user("ann")["sessions"]) == (False, 0)


def test_an_account_is_deleted_only_when_that_is_meant(shell: Shell) -> None:
    shell.imports(user("ann"))
    shell("user", "delete", "ann").refuses("--yes")
    assert shell.user("ann")
    deleted = shell("user", "delete", "ann", "--yes")
    assert (deleted.code, deleted.out) == (0, "Deleted ann.\n")
    shell("user", "show", "ann").refuses("There is no account ann", "watchword user list")


@pytest.mark.parametrize("change", [("disable",), ("delete", "--yes")], ids=["disable", "delete"])
def test_an_administrator_is_always_left(shell: Shell, change: tuple[str, ...]) -> None:
    shell.imports(user("root", roles=["admin"]), user("ann"), user("gone", roles=["admin"], disabled=True))
    command, *options = change
    shell("user", command, "root", *options).refuses("root is the last administrator", "--role admin")
    assert not shell.user("root")["disabled"]
    shell.imports(user("other", roles=["admin"]))
    assert shell("user", command, "root", *options).code == 0


@pytest.mark.parametrize(
    "arguments",
    [("show", "bob"), ("passwd", "bob"), ("disable", "bob"), ("enable", "bob"), ("delete", "bob", "--yes")],
    ids=lambda words: words[0],
)
def test_unknown_accounts_are_not_found(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.imports(user("ann", password_hash=hash_of("x")))
    shell("user", *arguments).refuses("There is no account bob")


@pytest.mark.parametrize(
    "arguments",
    [("user", "list"), ("user", "passwd", "ann"), ("session", "list"), ("export", "-"), ("session", "revoke", "--all")],
    ids=" ".join,
)
def test_a_folder_that_was_mistyped_is_not_made(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell(*arguments).refuses("There is no database", str(shell.data), "--data")
    assert not shell.data.exists()


def test_a_folder_that_cannot_be_used_is_said(shell: Shell) -> None:
    shell.data.write_text("a file")
    shell("user", "list").refuses(str(shell.data))
    shell("user", "add", "ann", "--password-stdin", stdin=PASSWORD.encode()).refuses(
        str(shell.data), "cannot be created"
    )


def test_a_file_that_is_no_database_is_said(shell: Shell) -> None:
    shell.data.mkdir()
    (shell.data / "watchword.db").write_text("this is no database at all" * 100)
    shell("user", "list").refuses("watchword.db cannot be opened as a Watchword database")


def test_a_wrong_configuration_is_said_by_every_command(shell: Shell) -> None:
    env = {"WATCHWORD_SERVER__PORT": "many", "WATCHWORD_SESSION__IDLE": "soon"}
    answer = shell("user", "list", env=env)
    assert (answer.code, answer.out, len(answer.lines)) == (1, "", 2)
    assert "server.port" in answer.err
    assert "session.idle" in answer.err


def test_the_environment_names_file_and_folder(shell: Shell) -> None:
    shell.imports(user("ann"))
    config = shell.data.parent / "watchword.toml"
    config.write_text('[storage]\nurl = "sqlite:///other.db"\n')
    env = {"WATCHWORD_DATA": str(shell.data)}
    assert [one["name"] for one in call("user", "list", "--json", env=env).json] == ["ann"]
    call("user", "list", env={**env, "WATCHWORD_CONFIG": str(config)}).refuses("other.db")


def test_a_password_that_another_store_keeps_is_changed_there__F28(shell: Shell) -> None:
    assert shell.imports({"user": {"name": "ann", "store": "staff"}}).code == 0
    shell("user", "passwd", "ann", "--password-stdin", stdin=PASSWORD.encode()).refuses(
        "is kept by staff: change it there"
    )
    for member in ("password", "password_hash"):
        answer = shell.imports({"user": {"name": "ann", "store": "staff", member: "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="}})
        assert (answer.code, "has a store that keeps its password" in answer.err) == (1, True)


def test_common_and_breached_passwords_are_refused__6_2_4__6_2_12(shell: Shell, tmp_path: Path) -> None:
    add(shell, "ann")
    file = tmp_path / "breached.txt"
    file.write_text("known from a breach\n")
    env = {"WATCHWORD_PASSWORDS__BREACHED_LIST": str(file)}
    for command in (("user", "add", "bob"), ("user", "passwd", "ann")):
        for password, says in (("Password123", "most common"), ("known from a breach", "in a breach")):
            answer = shell(*command, "--password-stdin", stdin=password.encode(), env=env)
            answer.refuses(says)
    file.unlink()
    answer = shell("user", "passwd", "ann", "--password-stdin", stdin=b"quite another one", env=env)
    assert (answer.code, "passwords.breached_list" in answer.err) == (1, True)
