"""The answer to FindBreach: common passwords, which are shipped, and a list of breached ones in a file.

The file is in one of two forms, and its first line tells in which:

| form                                       | read                                                                |
|--------------------------------------------|---------------------------------------------------------------------|
| `HASH:count`, SHA-1, ordered by hash       | where it lies, by binary search: tens of gigabytes cost no memory   |
| a password on each line (UTF-8)            | once, as eight bytes for each; at most `LARGEST_TEXT`               |

The first is how Pwned Passwords is handed out. Both may be exchanged while the server runs.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import threading
from array import array
from bisect import bisect_left
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, TypeAlias

from watchword.core.ask import AnswerFailed
from watchword.core.questions import Breach, FindBreach
from watchword.crypto.password import normalise
from watchword.crypto.secret import Secret

LARGEST_TEXT = 16 * 1024 * 1024
"""In bytes: reading it takes a second or two, and a quarter of its size in memory."""
_LONGEST_LINE = 64
"""In bytes: 40 digits, a colon, a count and a line end are less."""
_SAMPLES = 64
_SHA1_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]{1,12})?\r?")
_NTLM_LINE = re.compile(rb"[0-9A-Fa-f]{32}:[0-9]{1,12}\r?")

_Version: TypeAlias = tuple[int, int, int, int]


class BreachedPasswords:
    """Knows the passwords that attackers know. `file` is the list of breached ones, if there is any."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._read: tuple[_Version, array[int]] | None = None

    def threaded(self, question: FindBreach) -> Breach | None:
        """Where the password was found, in whatever case of letters among the common ones; None where nowhere.

        Raises:
            AnswerFailed: where the file cannot be read, or is no such list any more.
        """
        if _text_of(question.password).casefold() in _common():
            return "common"
        if self._file is None:
            return None
        try:
            return "breached" if self._is_listed(question.password.reveal()) else None
        except (OSError, ValueError) as error:
            raise AnswerFailed(f"the list of breached passwords cannot be used: {error}") from None

    def check(self) -> None:
        """Raises ValueError where the file cannot be used, with what is to go on after its name."""
        if self._file is None:
            return
        try:
            if not self._file.is_file():
                raise ValueError("is no file" if self._file.exists() else "is not there; write where it is")
            with self._file.open("rb") as opened:
                if _is_hashes(opened):
                    _check_order(opened)
                else:
                    _check_text(opened)
        except OSError as error:
            raise ValueError(
                f"cannot be read ({error.strerror}); give the server's user the right to, or write another file"
            ) from None

    def _is_listed(self, password: bytes) -> bool:
        assert self._file is not None
        with self._file.open("rb") as opened:
            if _is_hashes(opened):
                return _is_among(opened, hashlib.sha1(password, usedforsecurity=False).hexdigest().upper().encode())
            listed = self._listed(opened)
        short = _short(password)
        at = bisect_left(listed, short)
        return at < len(listed) and listed[at] == short

    def _listed(self, opened: BinaryIO) -> array[int]:
        stat = os.fstat(opened.fileno())
        version = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        with self._lock:
            if self._read is None or self._read[0] != version:
                _check_text(opened)
                lines = (normalise(line.decode().rstrip("\r\n")).encode() for line in opened)
                self._read = (version, array("Q", sorted(map(_short, lines))))
            return self._read[1]


def _text_of(password: Secret) -> str:
    try:
        return password.reveal_text()
    except UnicodeDecodeError:
        return ""


@cache
def _common() -> frozenset[str]:
    """Those of tools/common_passwords.py, read once they are needed."""
    content = files("watchword.stores").joinpath("common_passwords.gz").read_bytes()
    return frozenset(gzip.decompress(content).decode().split("\n"))


# --- a password on each line ------------------------------------------------------------------------------------------


def _short(password: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(password, digest_size=8).digest())


def _check_text(opened: BinaryIO) -> None:
    """Leaves the file at its beginning."""
    if os.fstat(opened.fileno()).st_size > LARGEST_TEXT:
        raise ValueError(
            f"has more than {LARGEST_TEXT // 1024**2} MiB of passwords; write a file of their SHA-1 hashes, in "
            "hexadecimal and in order, which is searched where it lies"
        )
    opened.seek(0)
    try:
        for line in opened:
            line.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8, which passwords are; write a file that is") from None
    opened.seek(0)


# --- SHA-1 hashes in order --------------------------------------------------------------------------------------------


def _is_hashes(opened: BinaryIO) -> bool:
    """Whether the first line is a hash. Raises ValueError where there is none, or one of another kind."""
    opened.seek(0)
    first = opened.readline(_LONGEST_LINE).rstrip(b"\n")
    if not first:
        raise ValueError("holds nothing; write a file with passwords, or with their SHA-1 hashes in order")
    if _NTLM_LINE.fullmatch(first):
        raise ValueError("holds NTLM hashes; take the file with SHA-1 hashes, ordered by hash")
    return _SHA1_LINE.fullmatch(first) is not None


def _check_order(opened: BinaryIO) -> None:
    """A list that is ordered by its counts betrays itself at a few places."""
    size = os.fstat(opened.fileno()).st_size
    before = b""
    for sample in range(_SAMPLES):
        found = _line_after(opened, size * sample // _SAMPLES)
        if found is None:
            continue
        if found[0] < before:
            raise ValueError("is not in order; take the file that is ordered by hash, or run LC_ALL=C sort on it")
        before = found[0]


def _is_among(opened: BinaryIO, wanted: bytes) -> bool:
    """By binary search: of a file with 1,000,000,000 lines, some 36 pieces of 128 bytes are read."""
    low, high = 0, os.fstat(opened.fileno()).st_size
    # What is wanted begins at `low` or behind it, and before `high`.
    while low < high:
        middle = (low + high) // 2
        found = _line_after(opened, middle)
        if found is None or found[1] >= high:
            high = middle
        elif found[0] == wanted:
            return True
        elif found[0] < wanted:
            low = found[1] + 1
        else:
            high = middle
    found = _line_after(opened, low)
    return found is not None and found[0] == wanted


def _line_after(opened: BinaryIO, at: int) -> tuple[bytes, int] | None:
    """The hash of the first line that begins at `at` or behind it, and where it begins; None where there is none."""
    begin = max(0, at - 1)
    opened.seek(begin)
    piece = opened.read(2 * _LONGEST_LINE)
    if at == 0:
        start = 0
    else:
        end = piece.find(b"\n")
        if end < 0:
            if len(piece) == 2 * _LONGEST_LINE:
                raise ValueError("it holds a line that is no hash")
            return None
        start = end + 1
    if not piece[start:].strip():
        return None
    line = piece[start:].partition(b"\n")[0]
    match = _SHA1_LINE.fullmatch(line)
    if match is None:
        raise ValueError("it holds a line that is no hash")
    return match[1].upper(), begin + start
