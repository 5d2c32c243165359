"""A file that is read again when it was changed, and never while it is being written."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stores.test_slots import until
from watchword.core.ask import AnswerFailed
from watchword.stores.watched_file import EMPTY, LONGEST, QUIET, Unfinished, WatchedFile


class Time:
    """It passes only while somebody waits. What is `due` happens then."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[tuple[float, Callable[[], object]]] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at, happens in list(self.due):
            if at <= self.now:
                self.due.remove((at, happens))
                happens()

    def after(self, seconds: float, happens: Callable[[], object]) -> None:
        self.due.append((self.now + seconds, happens))


def lines(content: bytes) -> list[bytes]:
    if not content.endswith(b"\n"):
        raise Unfinished("ends in the middle of a line")
    return content.splitlines()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "users"
    file.write_bytes(b"one\n")
    return file


@pytest.fixture
def watched(file: Path, time: Time) -> WatchedFile[list[bytes]]:
    return WatchedFile(file, lines, patience=2.0, clock=time.clock, sleep=time.sleep)


def test_what_did_not_change_is_neither_read_nor_waited_for(file: Path, time: Time) -> None:
    read: list[bytes] = []

    def noted(content: bytes) -> bytes:
        read.append(content)
        return content

    watched = WatchedFile(file, noted, patience=2.0, clock=time.clock, sleep=time.sleep)
    assert watched.now() == b"one\n"
    begun = time.now
    assert [watched.now() for _ in range(9)] == [b"one\n"] * 9
    assert read == [b"one\n"]
    assert time.now == begun


def replace(file: Path) -> None:
    other = file.with_suffix(".new")
    other.write_bytes(b"two\n")
    other.replace(file)


def keep_the_time(file: Path) -> None:
    before = file.stat()
    file.write_bytes(b"two\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_anew(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"two\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda file: file.write_bytes(b"two\n"),
    "replaced": replace,
    "of-the-same-size-and-time": keep_the_time,
    "deleted-and-made-anew": make_anew,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen_at_the_next_use(
    change: Callable[[Path], object], file: Path, watched: WatchedFile[list[bytes]]
) -> None:
    assert watched.now() == [b"one"]
    change(file)
    assert watched.now() == [b"two"]


def test_a_link_that_is_turned_elsewhere_is_a_change(tmp_path: Path, time: Time) -> None:
    """As configuration maps are changed in containers."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}\n")
    link = tmp_path / "users"
    link.symlink_to("one")
    watched = WatchedFile(link, lines, patience=2.0, clock=time.clock, sleep=time.sleep)
    assert watched.now() == [b"one"]
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(link)
    assert watched.now() == [b"two"]


def test_a_file_that_is_being_rewritten_is_waited_for__F6(
    file: Path, time: Time, watched: WatchedFile[list[bytes]]
) -> None:
    """As `htpasswd` does it: emptied first, then written piece by piece."""
    assert watched.now() == [b"one"]
    file.write_bytes(b"")
    time.after(0.08, lambda: file.write_bytes(b"one\nt"))
    time.after(0.16, lambda: file.write_bytes(b"one\ntwo\n"))
    time.after(0.22, lambda: file.write_bytes(b"one\ntwo\nthree\n"))
    begun = time.now
    assert watched.now() == [b"one", b"two", b"three"]
    assert QUIET <= time.now - begun < 2.0


def test_a_file_that_is_written_all_the_time_is_waited_for_no_longer_than_that(file: Path, time: Time) -> None:
    watched = WatchedFile(file, lines, patience=0.5, clock=time.clock, sleep=time.sleep)
    for number in range(100):
        time.after(number * 0.05, lambda number=number: file.write_bytes(b"one\n" * number))  # type: ignore[misc]  # bound
    begun = time.now
    with pytest.raises(AnswerFailed, match="being written"):
        watched.now()
    assert time.now - begun < 0.6


@contextmanager
def unreadable(file: Path) -> Iterator[None]:
    """A folder in its place, which not even root can read."""
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()
    yield
    file.rmdir()
    file.write_bytes(kept)


@contextmanager
def missing(file: Path) -> Iterator[None]:
    kept = file.with_suffix(".kept")
    file.rename(kept)
    yield
    kept.rename(file)


@contextmanager
def holding(file: Path, content: bytes) -> Iterator[None]:
    kept = file.read_bytes()
    file.write_bytes(content)
    yield
    file.write_bytes(kept)


@contextmanager
def too_large(file: Path) -> Iterator[None]:
    kept = file.read_bytes()
    os.truncate(file, LONGEST + 1)
    yield
    file.write_bytes(kept)


@contextmanager
def a_pipe(file: Path) -> Iterator[None]:
    kept = file.read_bytes()
    file.unlink()
    os.mkfifo(file)
    yield
    file.unlink()
    file.write_bytes(kept)


@pytest.mark.parametrize(
    "away",
    [unreadable, missing, too_large, a_pipe, lambda file: holding(file, b""), lambda file: holding(file, b"one\ntw")],
    ids=["unreadable", "missing", "too-large", "a-pipe", "empty", "half-written"],
)
def test_what_cannot_be_read_is_no_answer_and_recovers__F6__C17(
    away: Callable[[Path], Iterator[None]], file: Path, time: Time, watched: WatchedFile[list[bytes]]
) -> None:
    assert watched.now() == [b"one"]
    with away(file):  # type: ignore[attr-defined]  # a test's own
        begun = time.now
        for _ in range(3):
            with pytest.raises(AnswerFailed, match=str(file)):
                watched.now()
        assert time.now - begun <= max(EMPTY, QUIET) + 0.1
    assert watched.now() == [b"one"]


def test_what_was_written_while_it_was_read_is_read_again(file: Path, time: Time) -> None:
    contents: list[bytes] = []

    def read(content: bytes) -> bytes:
        contents.append(content)
        return content

    watched = WatchedFile(file, read, patience=2.0, clock=time.clock, sleep=time.sleep)
    real = os.fdopen

    def written_while_opened(*arguments: object, **named: object) -> object:
        if not contents and file.read_bytes() == b"one\n":
            file.write_bytes(b"two\n")
        return real(*arguments, **named)  # type: ignore[call-overload]  # any of them

    os.fdopen = written_while_opened  # type: ignore[assignment]  # for this test
    try:
        assert watched.now() == b"two\n"
    finally:
        os.fdopen = real
    assert contents == [b"two\n"]


def test_threads_that_come_at_once_read_it_once(file: Path) -> None:
    read: list[bytes] = []

    def noted(content: bytes) -> bytes:
        read.append(content)
        return content

    watched = WatchedFile(file, noted, patience=30)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(watched.now())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [b"one\n"] * 8
    assert read == [b"one\n"]


def test_a_copy_over_the_file_never_shows_half_of_it__F6(tmp_path: Path) -> None:
    """For real: somebody copies one whole file over another again and again, in pieces; nobody ever sees a third."""
    file, watched_threads, stop = tmp_path / "users", 3, threading.Event()
    wholes = [b"".join(b"%d:%d\n" % (version, number) for number in range(20_000)) for version in (1, 2)]
    sources = [tmp_path / "1", tmp_path / "2"]
    for source, whole in zip(sources, wholes, strict=True):
        source.write_bytes(whole)
    file.write_bytes(wholes[0])
    watched = WatchedFile(file, bytes, patience=30)
    seen: set[bytes] = set()
    last = [b""]

    def look() -> None:
        while not stop.is_set():
            last[0] = watched.now()
            seen.add(last[0])

    threads = [threading.Thread(target=look) for _ in range(watched_threads)]
    for thread in threads:
        thread.start()
    for number in range(6):
        shutil.copyfile(sources[number % 2], file)
        until(lambda: last == [wholes[number % 2]])  # noqa: B023 - it is called here and now
    stop.set()
    for thread in threads:
        thread.join(30)
    assert seen <= set(wholes)
    assert wholes[1] in seen
