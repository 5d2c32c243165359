"""Writes docs/reference/command-line.md from the commands themselves: their help is the manual.

`--check` writes nothing, and exits 1 where the page is not what it would be.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import click

from watchword.cli.commands import watchword

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "command-line.md"

INTRODUCTION = """# Command line

<!-- Written by tools/command_line_reference.py from the help of the commands. Change that. -->

Every command prints its part of this page with `--help`.

- Exit codes: 0 done; 1 refused or not found, and standard error says what to do; 2 wrongly called.
- Standard output holds what was asked for and nothing else, so that it can be piped; with `--json` it is for programs.
  Lists are tables on a terminal, and aligned text elsewhere.
- Passwords are never arguments, which everybody on the machine can read. They come from standard input
  (`--password-stdin`), from a file (`--password-file`), from `WATCHWORD_PASSWORD`, or are asked for on the terminal.
  One line end after them is not part of them.
- Commands work on the database itself, whether a server runs or not; running servers see every change at their next
  check.
"""


def reference() -> str:
    """The page."""
    with click.Context(watchword, info_name="watchword", max_content_width=10_000, terminal_width=10_000) as ctx:
        return "\n".join([INTRODUCTION, *_commands(watchword, ctx)])


def _commands(group: click.Group, parent: click.Context) -> Iterator[str]:
    for name in group.list_commands(parent):
        command = group.commands[name]
        with click.Context(command, info_name=name, parent=parent) as ctx:
            if isinstance(command, click.Group):
                yield f"## `{ctx.command_path}`\n"
                yield from _help(command)
                yield from _commands(command, ctx)
            else:
                yield f"{'##' if parent.parent is None else '###'} `{ctx.command_path}`\n"
                yield f"```console\n{' '.join([ctx.command_path, *command.collect_usage_pieces(ctx)])}\n```\n"
                yield from _help(command)
                yield from _options(command, ctx)


def _help(command: click.Command) -> Iterator[str]:
    """The paragraphs; those that must keep their lines are marked with a backspace, as click wants it."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```json\n{dedent(paragraph[2:])}\n```\n"
        else:
            yield f"{paragraph}\n"


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for option in command.params:
        record = option.get_help_record(ctx) if isinstance(option, click.Option) else None
        if record is not None:
            written, does = record
            yield f"- `{written}`: {does.replace('  [', ' [')}"
    yield ""


def main() -> int:
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == reference()
        if not current:
            print("docs/reference/command-line.md is out of date: run tools/command_line_reference.py")
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
