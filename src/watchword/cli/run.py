"""Runs one command, and turns whatever happens into lines for people and an exit code.

0: done. 1: refused or not found, with a line on standard error that says what to do. 2: wrongly called.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from types import TracebackType

import click

from watchword.cli.commands import watchword
from watchword.cli.refusal import Refusal

# What a shell says of a program that died of Ctrl-C (SIGINT), or of writing where nobody reads (SIGPIPE).
INTERRUPTED = 128 + 2
NOBODY_READS = 128 + 13


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to fail
    try:
        code = _exit_code(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # What is still in the buffer would be written at exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS


def _exit_code(arguments: Sequence[str]) -> int:
    try:
        with watchword.make_context("watchword", list(arguments)) as ctx:
            code = watchword.invoke(ctx)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except Refusal as refusal:
        _say(str(refusal))
        return 1
    except click.UsageError as error:
        _say_usage(error)
        return 2
    except (click.Abort, KeyboardInterrupt, EOFError):
        print(file=sys.stderr)  # ends the line on which the terminal shows ^C
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        # Its own text is not said: it may hold a secret (F33).
        _say(
            f"Watchword met an error that it did not expect: {type(error).__name__} in {_place(error.__traceback__)}. "
            "Please report this line, the command, and what watchword --version says."
        )
        return 1


def _say(text: str) -> None:
    from watchword.config.problems import printable

    for line in text.splitlines():
        print(printable(line), file=sys.stderr)


def _say_usage(error: click.UsageError) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        print(error.format_message(), file=sys.stderr)
        return
    _say(error.format_message())
    if error.ctx is not None:
        print(f"{error.ctx.get_usage()}\nSee {error.ctx.command_path} --help.", file=sys.stderr)


def _place(traceback: TracebackType | None) -> str:
    """The file and line where an error came from, without its folders."""
    place = "an unknown place"
    while traceback is not None:
        place = f"{os.path.basename(traceback.tb_frame.f_code.co_filename)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
