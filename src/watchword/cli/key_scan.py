"""`watchword key scan`: tokens of ours that lie in files where they do not belong."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from watchword.cli.options import with_json
from watchword.cli.printing import print_json_list
from watchword.cli.progress import progress
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK = 1024 * 1024
"""In bytes: how much of a file is in memory at a time."""

NAMES = {
    "a": "Auth-Key",
    "c": "client secret",
    "k": "API key",
    "o": "access token",
    "r": "refresh token",
    "s": "session token",
    "t": "auth token",
}
"""What our tokens are, by their kinds."""


@dataclass(frozen=True, slots=True)
class Find:
    """A token, and where it begins: line and column count from 1, columns in characters of UTF-8."""

    file: str
    line: int
    column: int
    kind: str
    hint: str


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@with_json
def scan(paths: tuple[str, ...], as_json: bool) -> int:
    """Find tokens of ours in files and folders.

    A hyphen stands for standard input. Every kind of token is found, API keys, sessions and refresh tokens among them,
    by its form and its checksum, so that nothing is found that merely looks so. A line says where each one is, what it
    is, and its last characters, never the token. Links are not followed.

    Exit codes: 0 where nothing was found, 1 where something was, or a file could not be read.
    """
    unreadable: list[str] = []
    found = 0

    def counted() -> Iterator[Find]:
        nonlocal found
        with progress("files scanned") as advance:
            for find in _finds(paths, unreadable.append, advance):
                found += 1
                yield find

    if as_json:
        print_json_list(map(_as_json, counted()))
    else:
        _print(counted())
        print(f"{found} {'token' if found == 1 else 'tokens'} found.", file=sys.stderr)
    if unreadable:
        raise Refusal("\n".join(unreadable))
    return 1 if found else 0


def find_tokens(file: BinaryIO, name: str) -> Iterator[Find]:
    """The tokens in what can be read, however long it is."""
    from watchword.tokens.format import PATTERN, is_well_formed

    candidate = re.compile(PATTERN.encode("ascii"))
    longest = _LENGTH - 1
    place = _Place()
    kept = b""
    while chunk := file.read(CHUNK):
        text = kept + chunk
        at = text.find(_PREFIX)
        while at >= 0:
            match = candidate.match(text, at)
            if match is not None and is_well_formed(token := match[0].decode("ascii")):
                place.move(text, at)
                yield Find(name, place.line, place.column, NAMES.get(token[3], "token"), f"****{token[-4:]}")
            # What only seems to be a token may hide one that begins inside of it.
            at = text.find(_PREFIX, at + 1)
        place.move(text, max(0, len(text) - longest))
        kept = text[max(0, len(text) - longest) :]
        place.rebase()


_PREFIX = b"ww_"
_LENGTH = len("ww_k_") + 43 + len("_") + 6


class _Place:
    """Line and column of a place in a text that comes in pieces."""

    def __init__(self) -> None:
        self.line = self.column = 1
        self._at = 0

    def move(self, text: bytes, to: int) -> None:
        """Go on to this offset of the present piece."""
        passed = text[self._at : to]
        lines = passed.count(b"\n")
        if lines:
            self.line += lines
            self.column = 1
            passed = passed[passed.rindex(b"\n") + 1 :]
        self.column += len(passed.translate(None, _CONTINUATIONS))
        self._at = max(self._at, to)

    def rebase(self) -> None:
        """The next piece begins here."""
        self._at = 0


_CONTINUATIONS = bytes(range(0x80, 0xC0))
"""Bytes that begin no character in UTF-8."""


def _finds(paths: Iterable[str], unreadable: Callable[[str], None], advance: Callable[[], None]) -> Iterator[Find]:
    for path in paths:
        if path == "-":
            yield from find_tokens(sys.stdin.buffer, "standard input")
            advance()
            continue
        for file in _files(path, unreadable):
            try:
                with open(file, "rb") as opened:
                    yield from find_tokens(opened, os.fsdecode(file))
            except OSError as error:
                unreadable(f"{file} cannot be read: {error.strerror}.")
            advance()


def _files(path: str, unreadable: Callable[[str], None]) -> Iterator[str]:
    """The regular files at and below a path. Pipes and devices would never end, and links could lead in circles."""
    try:
        mode = os.stat(path).st_mode  # what was named is followed, what lies below is not
    except OSError as error:
        unreadable(f"{path} cannot be read: {error.strerror}.")
        return
    if not stat.S_ISDIR(mode):
        if stat.S_ISREG(mode):
            yield path
        else:
            unreadable(f"{path} is no file: a hyphen stands for standard input.")
        return

    def failed(error: OSError) -> None:
        unreadable(f"{error.filename} cannot be read: {error.strerror}.")

    for folder, folders, names in os.walk(path, onerror=failed):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            try:
                if stat.S_ISREG(file.lstat().st_mode):
                    yield str(file)
            except OSError as error:
                failed(error)


def _print(finds: Iterable[Find]) -> None:
    from watchword.config.problems import printable

    for find in finds:
        print(printable(f"{find.file}:{find.line}:{find.column}: {find.kind} {find.hint}"), flush=True)


def _as_json(find: Find) -> dict[str, object]:
    return {"file": find.file, "line": find.line, "column": find.column, "kind": find.kind, "hint": find.hint}
