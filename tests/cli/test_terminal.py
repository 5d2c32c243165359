"""What people see who sit at a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
from contextlib import suppress

from tests.cli.calling import PROGRAM, Shell, environment, lines_of, until, user
from watchword.cli.run import INTERRUPTED
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret

PASSWORD = "canary bird in a coal mine"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(TERM="xterm", COLUMNS="100", LINES="30"),
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # makes it the controlling terminal
        )
        os.close(theirs)
        self.shown = ""
        self._seen = 0

    def expect(self, text: str) -> None:
        """Wait until this is shown, behind what was waited for before."""
        while (found := self.shown.find(text, self._seen)) < 0:
            assert select.select([self._ours], [], [], 30)[0], self.shown
            self.shown += os.read(self._ours, 1024).decode()
        self._seen = found + len(text)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def type_unseen(self, text: str) -> None:
        """Once what is typed is not shown any more."""
        until(lambda: not termios.tcgetattr(self._ours)[3] & termios.ECHO)
        self.type(text)

    def interrupt(self) -> int:
        """Ctrl-C, once more where Python did not hear it, in the moment before it reads; and the exit code."""
        while True:
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
                return self.end()

    def end(self) -> int:
        """The exit code; what is still shown is kept."""
        try:
            while more := os.read(self._ours, 1024):
                self.shown += more.decode()
        except OSError:  # the terminal's other end is closed
            pass
        os.close(self._ours)
        return self._process.wait(30)


def test_on_a_terminal_a_new_password_is_asked_for_twice_and_not_shown(shell: Shell) -> None:
    terminal = Terminal("user", "add", "ann", f"--data={shell.data}")
    terminal.expect("Password for ann: ")
    terminal.type_unseen(f"{PASSWORD}\n")
    terminal.expect("Once more: ")
    terminal.type_unseen(f"{PASSWORD}, or not\n")
    terminal.expect("They are not the same.")
    terminal.expect("Password for ann: ")
    terminal.type_unseen(f"{PASSWORD}\n")
    terminal.expect("Once more: ")
    terminal.type_unseen(f"{PASSWORD}\n")
    assert terminal.end() == 0
    assert "Added ann." in terminal.shown
    assert PASSWORD not in terminal.shown
    (entry,) = shell.exports()
    assert check_password(Secret(PASSWORD), entry["user"]["password_hash"])


def test_on_a_terminal_lists_are_tables_and_deleting_is_asked_about(shell: Shell) -> None:
    shell.imports(user("[bold]ann"))
    listed = Terminal("user", "list", f"--data={shell.data}")
    assert listed.end() == 0
    assert "\x1b[" in listed.shown
    assert "\u2500\u2500\u2500" in listed.shown
    assert "[bold]ann" in listed.shown
    asked = Terminal("user", "delete", "[bold]ann", f"--data={shell.data}")
    asked.expect("Delete [bold]ann? This cannot be undone. [y/N]: ")
    asked.type("n\n")
    assert asked.end() == 1
    assert "Nothing was deleted." in asked.shown
    asked = Terminal("user", "delete", "[bold]ann", f"--data={shell.data}")
    asked.expect("[y/N]: ")
    assert asked.interrupt() == INTERRUPTED
    assert "Traceback" not in asked.shown
    assert shell.user("[bold]ann")


def test_on_a_terminal_a_long_import_shows_a_bar(shell: Shell) -> None:
    file = shell.data.with_name("users.jsonl")
    file.write_bytes(lines_of(*({"user": {"name": f"user{number}", "password": "x"}} for number in range(40))))
    terminal = Terminal("import", str(file), f"--data={shell.data}")
    terminal.expect("of 40 users imported, ")
    terminal.expect(" s left")
    assert terminal.end() == 0
    assert "\u2501" in terminal.shown
    assert "unchanged" in terminal.shown
