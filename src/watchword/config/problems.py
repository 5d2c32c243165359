"""What is wrong with a configuration: every problem at once, each a sentence that says what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right.

    `where` is the setting (`server.trusted_proxies[0]`), the file or the environment variable. `source` is where the
    setting was written, where that is known: a file, a variable, the command line. `line` counts from 1.
    """

    where: str
    says: str
    source: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = ", ".join([*([self.source] if self.source else []), *([f"line {self.line}"] if self.line else [])])
        return f"{self.where} ({place}): {self.says}" if place else f"{self.where}: {self.says}"


class ConfigurationError(Exception):
    """The configuration cannot be used. Its text has one line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def shown(value: object) -> str:
    """A value as it may stand in a sentence: in TOML's words, on one line, cut where it is very long."""
    if isinstance(value, str):
        text = printable(value[:_LONGEST_SHOWN].replace("\\", r"\\").replace('"', r"\""))
        return f'"{text}"' if len(value) <= _LONGEST_SHOWN else f'"{text}…"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {shown(item)}" for key, item in value.items()) + " }"
    if isinstance(value, int) and value.bit_length() > 64:
        return "such a number"
    return str(value)


def printable(text: str) -> str:
    """The text on one line, without anything that a terminal or a log would obey (F33)."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def dotted(location: Iterable[str | int]) -> str:
    """A setting's place as people write it: `space[0].protect[1].path`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + _key(part)
    return text


def _key(name: str) -> str:
    """A key in TOML's words: bare where it may be."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= _LONGEST_SHOWN
    return name if bare else shown(name)


def meant(written: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote this probably meant."""
    near = get_close_matches(written[: 2 * _LONGEST_SHOWN], list(known), n=1)
    return near[0] if near else None
