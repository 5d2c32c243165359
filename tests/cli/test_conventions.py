"""What holds for every command: exit codes, where things are said, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from tests.cli.calling import PROGRAM, ROOT, Shell, call, environment, program
from watchword.cli import main
from watchword.cli.commands import watchword
from watchword.cli.run import INTERRUPTED, NOBODY_READS


def commands(
    group: click.Group = watchword, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that name it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


ALL = list(commands())
NAMES = [" ".join(words) for words, _ in ALL]


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_every_command_and_option_has_its_help(words: tuple[str, ...], command: click.Command) -> None:
    answer = call(*words, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert (command.help or "").split("\n")[0].endswith(".")
    for option in command.params:
        if isinstance(option, click.Option):
            assert (option.help or "").endswith("."), option.name
            assert option.opts[0] in answer.out


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_what_touches_data_takes_config_and_data(words: tuple[str, ...], command: click.Command) -> None:
    options = {option.name for option in command.params}
    others = ("couchdb-password",), ("couchdb-rotate-passwords",)  # they touch CouchDB's data
    if words not in (("demo",), ("hash",), ("gateway", "nginx"), ("key", "scan"), *others):
        assert options >= {"config", "data"}


@pytest.mark.parametrize(("words", "command"), ALL, ids=NAMES)
def test_no_argument_or_option_is_a_secret__F33(words: tuple[str, ...], command: click.Command) -> None:
    valued = {option.name for option in command.params if not getattr(option, "is_flag", False)}
    assert not valued & {"password", "secret", "token", "key", "hash"}


def test_help_imports_nothing_heavy() -> None:
    """It is typed often, and has 0.2 s."""
    heavy = {"pydantic", "sqlalchemy", "uvicorn", "fastapi", "cryptography", "rich", "asyncio", "sqlite3"}
    script = f"import sys, watchword.cli.run; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("[]\n", "")


def test_the_version_is_said() -> None:
    answer = call("--version")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("watchword")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["imprt", "x"], "There is no command watchword imprt; did you mean import? There are serve, demo, check,"),
        (["nonsense"], "There is no command watchword nonsense. There are serve, demo"),
        (["key", "create"], "Missing option '--user'."),
        (["key", "create", "--user", "ann", "--expires", "soon"], "must be a length of time"),
        (["key", "revoke"], "Missing argument 'ID...'."),
        (["key", "scan"], "Missing argument 'PATH...'."),
        (["user", "ad", "ann"], "There is no command watchword user ad; did you mean add? There are add, list, show,"),
        (["gateway", "caddy"], "There is no command watchword gateway caddy. There are nginx."),
        (["serve", "--prot", "1"], "--port"),
        (["serve", "--port", "http"], "'http' is not a valid integer."),
        (["user", "add"], "Missing argument 'NAME'."),
        (["user", "add", "ann", "bob"], "unexpected extra argument"),
        (["session", "revoke"], "Say which sessions: by their IDs, with --user NAME, or --all."),
        (["session", "revoke", "x", "--all"], "Say which sessions"),
        (["gateway", "nginx"], "Missing option '--upstream'."),
        ([], "Usage: watchword"),
        (["user"], "Usage: watchword user"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_says_what_there_is_and_exits_2(arguments: list[str], says: str) -> None:
    answer = call(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert "Usage: watchword" in answer.err


def test_what_a_terminal_would_obey_is_escaped__F33() -> None:
    answer = call("user", "show", "ann\x1b[31m\r\nbob", "--data", "/nonexistent/\x07")
    assert answer.code == 1
    assert "\\x07" in answer.err
    answer = call("\x1b[31m")
    assert answer.code == 2
    assert "\x1b" not in answer.err


def test_an_unexpected_error_is_one_line_without_its_text__F33(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ValueError("CANARY")

    monkeypatch.setattr("watchword.cli.check.listens_at", broken)
    answer = call("check")
    assert answer.code == 1
    assert len(answer.lines) == 1
    assert "ValueError in test_conventions.py:" in answer.err
    assert "CANARY" not in answer.err


def test_ctrl_c_is_no_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("watchword.cli.check.listens_at", interrupted)
    answer = call("check")
    assert (answer.code, answer.err.strip()) == (INTERRUPTED, "")


def test_it_runs_as_a_program_with_clean_streams(shell: Shell) -> None:
    asked = program("user", "show", "ann", f"--data={shell.data}")
    asked.refuses("There is no database", "--data")
    assert not shell.data.exists()


def test_the_program_stops_quietly_where_nobody_reads(shell: Shell) -> None:
    shell.imports(*({"user": {"name": f"user{number}" + 200 * "x"}} for number in range(500)))
    reading, writing = os.pipe()
    command = [*PROGRAM, "user", "list", f"--data={shell.data}"]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, env=environment()) as process:
        os.close(writing)
        assert os.read(reading, 10)
        os.close(reading)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == NOBODY_READS


def test_without_its_packages_it_says_what_to_install() -> None:
    script = "import sys; sys.modules['click'] = None; from watchword.cli import main; sys.exit(main())"
    found = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "The command line needs an extra: pip install 'watchword[server]'\n"


def test_the_manual_is_up_to_date() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "command_line_reference.py"), "--check"]
    found = subprocess.run(tool, capture_output=True, text=True, env=environment())
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f" `watchword {name}`\n" in page


def test_the_entry_point_gives_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["watchword", "nothing"])
    assert main() == 2
    assert "There is no command watchword nothing." in capsys.readouterr().err
