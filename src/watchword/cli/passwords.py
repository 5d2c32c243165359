"""Where passwords come from: never from arguments, which everybody on the machine can read (F33)."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from watchword.cli.refusal import Refusal

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "WATCHWORD_PASSWORD"
LONGEST = 64 * 1024
"""In bytes."""
_TRIES = 3


def with_password(command: F) -> F:
    """`--password-stdin` and `--password-file`: the parameters `password_stdin` and `password_file`."""
    stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
    file = click.option(
        "--password-file", type=click.Path(path_type=Path), metavar="FILE", help="Read the password from a file."
    )
    return stdin(file(command))


def new_password(prompt: str, *, password_stdin: bool, password_file: Path | None) -> str:
    """A new password: from where the options say, else from the environment, else asked for twice on the terminal.

    Raises:
        Refusal: where there is none to be had.
    """
    if password_stdin and password_file is not None:
        raise click.UsageError("Give --password-stdin or --password-file, not both.")
    if password_stdin:
        return _without_line_end(sys.stdin.buffer.read(LONGEST + 1), "Standard input")
    if password_file is not None:
        try:
            with password_file.open("rb") as opened:
                content = opened.read(LONGEST + 1)
        except OSError as error:
            raise Refusal(f"{password_file} cannot be read: {error.strerror}.") from None
        return _without_line_end(content, str(password_file))
    if VARIABLE in os.environ:
        return _password(os.environb[VARIABLE.encode()], VARIABLE)
    if not sys.stdin.isatty():
        raise Refusal(f"A password is needed: give --password-stdin, --password-file FILE, or {VARIABLE}.")
    return _asked_twice(prompt)


def _without_line_end(content: bytes, source: str) -> str:
    """What was read, without the one line end that editors and `echo` add."""
    if content.endswith(b"\n"):
        content = content[:-2] if content.endswith(b"\r\n") else content[:-1]
    return _password(content, source)


def _password(content: bytes, source: str) -> str:
    if len(content) > LONGEST:
        raise Refusal(f"{source} holds more than {LONGEST // 1024} KiB: that is no password.")
    if not content:
        raise Refusal(f"{source} is empty: a password is needed.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refusal(f"{source} is not UTF-8, which passwords are.") from None


def _asked_twice(prompt: str) -> str:
    for _ in range(_TRIES):
        password = getpass.getpass(f"{prompt}: ")
        if not password:
            raise Refusal("No password was typed.")
        if getpass.getpass("Once more: ") == password:
            return password
        click.echo("They are not the same. Try again.", err=True)
    raise Refusal("The two were never the same.")
