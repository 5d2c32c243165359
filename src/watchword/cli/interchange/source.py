"""The entries of a file to import, each with its place.

A file of lines is read again for every pass, and never held in memory; one object is.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from watchword.cli.interchange.couchdb_users import of_all_documents
from watchword.cli.interchange.json_text import NoJson, read_json
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.records import Json

LONGEST_LINE = 1024 * 1024
LARGEST_OBJECT = 256 * 1024 * 1024
"""In bytes. A file of lines may be as large as it likes."""

KINDS = {
    "users": "user",
    "credentials": "credential",
    "identities": "identity",
    "third_party_credentials": "third_party_credential",
    "clients": "client",
    "keys": "key",
    "sessions": "session",
}
"""The lists of one object, and what each of their entries is called on a line of its own."""
_SPELLINGS = " or ".join(f'{{"{kind}": {{...}}}}' for kind in KINDS.values())


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `kind` is one of KINDS; `place` says where it stands, for people."""

    place: str
    kind: str
    value: Json


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands where an entry should. `says` goes on after the place."""

    place: str
    says: str


Found: TypeAlias = Entry | Unreadable


class Source:
    """A file whose entries may be read any number of times. `name` is what people call it."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self._file = file
        self._object = None if _LINES.match(file.read(4096)) else _whole_object(file)

    def entries(self) -> Iterator[Found]:
        """The entries, from the beginning.

        Raises:
            Refusal: where they cannot be read on.
        """
        try:
            yield from _of_lines(self._file) if self._object is None else self._object
        except OSError as error:
            raise _cannot_read(self.name, error) from None


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """The file at the path, standard input where that is a hyphen.

    Raises:
        Refusal: where it cannot be read.
    """
    name = "standard input" if path == "-" else path
    with ExitStack() as stack:
        try:
            source = Source(name, stack.enter_context(_opened(path)))
        except OSError as error:
            raise _cannot_read(name, error) from None
        yield source


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            yield file
            return
        # What flows by only once is kept for as long as it is needed, in a file that has no name.
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(file, kept)
            kept.seek(0)
            yield kept


def _cannot_read(name: str, error: OSError) -> Refusal:
    return Refusal(f"{name} cannot be read: {error.strerror}.")


_BOM = b"\xef\xbb\xbf"
_LINES = re.compile(rb'(?:%b)?\s*(?:\Z|\{\s*"(?:%b)"\s*:)' % (_BOM, b"|".join(k.encode() for k in KINDS.values())))


def _of_lines(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    for number in count(1):
        line = file.readline(LONGEST_LINE + 1)
        place = f"line {number}"
        if not line:
            return
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
            yield Unreadable(place, f"is longer than {LONGEST_LINE} bytes; write one entry on a line")
            continue
        content = (line.removeprefix(_BOM) if number == 1 else line).strip(b" \t\r\n")
        if content:
            yield _of_line(place, content)


def _of_line(place: str, content: bytes) -> Found:
    try:
        value = read_json(content)
    except NoJson as error:
        return Unreadable(place, str(error))
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in KINDS.values():
            return Entry(place, kind, inner)
    return Unreadable(place, f"is no entry; write {_SPELLINGS}")


def _whole_object(file: BinaryIO) -> list[Found]:
    file.seek(0)
    content = file.read(LARGEST_OBJECT + 1)
    if len(content) > LARGEST_OBJECT:
        return [Unreadable("all of it", "is too much for one object; write one entry on a line")]
    try:
        value = read_json(content.removeprefix(_BOM))
    except NoJson as error:
        return [Unreadable("all of it", str(error))]
    if not isinstance(value, dict):
        return [Unreadable("all of it", 'is no object; write {"users": [...]}, or one entry on a line')]
    documents = of_all_documents(value)
    if documents is not None:
        return [Entry(place, "user", document) for place, document in documents]
    return list(_of_object(value))


def _of_object(value: Mapping[str, Json]) -> Iterator[Found]:
    for name, inner in value.items():
        if name not in KINDS:
            yield Unreadable(ascii(name[:100]), f"is none of {', '.join(KINDS)}; leave it out")
        elif not isinstance(inner, list):
            yield Unreadable(name, "is no array; write [...]")
        else:
            for index, entry in enumerate(inner):
                yield Entry(f"{name}[{index}]", KINDS[name], entry)
