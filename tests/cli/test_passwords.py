"""Where passwords come from, and where they must never be seen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.calling import PROGRAM, Answer, Shell, call, environment
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret

CANARY = "canary bird in a coal mine"


def is_hash_of(password: str, answer: Answer) -> bool:
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("\n")
    assert answer.out.count("\n") == 1
    return check_password(Secret(password), answer.out.removesuffix("\n"))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret\n\n", "secret\n"),
        (b" secret ", " secret "),
        (b"se\ncret", "se\ncret"),
        (b"a:b:c", "a:b:c"),
        ("pa\u00df\U0001f600".encode(), "pa\u00df\U0001f600"),
        ("e\u0301".encode(), "\u00e9"),  # NFC, as at log-in
    ],
    ids=ascii,
)
def test_exactly_one_line_end_is_not_part_of_a_password(tmp_path: Path, content: bytes, password: str) -> None:
    assert is_hash_of(password, call("hash", "--password-stdin", stdin=content))
    file = tmp_path / "password"
    file.write_bytes(content)
    assert is_hash_of(password, call("hash", "--password-file", str(file)))


def test_hash_reads_what_is_piped_into_it() -> None:
    assert is_hash_of("secret", call("hash", stdin=b"secret\n"))
    assert is_hash_of(CANARY, call("hash", env={"WATCHWORD_PASSWORD": CANARY}))


def test_hash_has_the_parameters_of_the_configuration() -> None:
    env = {"WATCHWORD_PASSWORDS__HASHING": '{"t": 3, "m": 12288, "p": 2}'}
    answer = call("hash", stdin=b"secret", env=env)
    assert answer.out.startswith("$argon2id$v=19$m=12288,t=3,p=2$")
    assert is_hash_of("secret", answer)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"x" * 65537, "holds more than 64 KiB")],
    ids=["nothing", "a line end", "latin-1", "too much"],
)
def test_what_is_no_password_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    call("hash", "--password-stdin", stdin=content).refuses("Standard input", says)
    file = tmp_path / "password"
    file.write_bytes(content)
    call("hash", "--password-file", str(file)).refuses(str(file), says)


def test_a_password_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    call("hash", "--password-file", str(tmp_path)).refuses("Is a directory")
    call("hash", "--password-file", str(tmp_path / "none")).refuses("No such file")


def test_two_places_for_one_password_are_a_wrong_call(tmp_path: Path) -> None:
    answer = call("hash", "--password-stdin", "--password-file", str(tmp_path / "none"))
    assert (answer.code, answer.out) == (2, "")


def test_without_a_terminal_nobody_is_asked(shell: Shell) -> None:
    shell("user", "add", "ann").refuses("--password-stdin", "--password-file", "WATCHWORD_PASSWORD")


def test_the_environment_may_hold_it(shell: Shell) -> None:
    added = shell("user", "add", "ann", env={"WATCHWORD_PASSWORD": CANARY})
    assert added.code == 0
    (entry,) = shell.exports()
    assert check_password(Secret(CANARY), entry["user"]["password_hash"])


def test_no_secret_stands_in_the_list_of_processes__F33(shell: Shell) -> None:
    command = [*PROGRAM, "user", "add", "ann", "--password-stdin", f"--data={shell.data}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        process.stdin.write(CANARY.encode())
        process.stdin.flush()
        for name in ("cmdline", "environ"):
            assert CANARY.encode() not in Path(f"/proc/{process.pid}/{name}").read_bytes()
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, b"Added ann.\n", b"")
    assert all(CANARY.encode() not in path.read_bytes() for path in shell.data.iterdir())


@pytest.mark.parametrize("password", ["short 7", "x" * 1020 + CANARY])
def test_a_refused_password_is_not_repeated__F33(shell: Shell, password: str) -> None:
    answer = shell("user", "add", "ann", "--password-stdin", stdin=password.encode())
    answer.refuses("A password has at ")
    assert password not in answer.err
