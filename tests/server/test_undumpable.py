"""No picture of the server's memory is made: not by a crash, and not by another process of the same user (F33)."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.live import live_server
from tests.server.workers import workers_of
from watchword.server.undumpable import forbid_dumps

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no dumpable attribute")

NOBODY = 65534
_PR_SET_DUMPABLE = 4
_, HARD = resource.getrlimit(resource.RLIMIT_CORE)


def as_somebody() -> None:
    """Leave root, who may read everything."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@contextmanager
def child(work: Callable[[], None]) -> Iterator[int]:
    """A fork of this process that does the work, says so, and waits."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(tell, b".")
            signal.pause()
        finally:
            os._exit(1)
    os.close(tell)
    try:
        assert os.read(told, 1) == b"."
        yield pid
    finally:
        os.close(told)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def ended(work: Callable[[], None]) -> int:
    """The wait status of a fork of this process."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def could(attempt: Callable[[], object]) -> bool:
    """Whether somebody of the same user, who is not root, succeeds with it."""

    def try_it() -> None:
        as_somebody()
        try:
            attempt()
        except OSError:
            os._exit(1)
        os._exit(0)

    return os.waitstatus_to_exitcode(ended(try_it)) == 0


def opened(pid: int, name: str) -> None:
    os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))


def crashes(folder: Path, number: int, *, forbidden: bool) -> Callable[[], None]:
    def work() -> None:
        os.chdir(folder)
        resource.setrlimit(resource.RLIMIT_CORE, (HARD, HARD))
        if forbidden:
            forbid_dumps()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    return work


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT], ids=lambda number: number.name)
def test_crash_leaves_no_core_file__F33(tmp_path: Path, number: signal.Signals) -> None:
    status = ended(crashes(tmp_path, number, forbidden=True))
    assert os.WTERMSIG(status) == number
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


def test_crash_would_leave_one_otherwise__F33(tmp_path: Path) -> None:
    if HARD == 0:
        pytest.skip("this machine makes no core files at all")
    assert os.WCOREDUMP(ended(crashes(tmp_path, signal.SIGABRT, forbidden=False)))


def begin(*, forbidden: bool) -> None:
    as_somebody()
    # Who changes identity cannot be read any more, either; a server that is started as who it is could be.
    assert ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0) == 0
    if forbidden:
        forbid_dumps()


def test_nobody_of_the_same_user_reads_the_memory__F33() -> None:
    with child(lambda: begin(forbidden=True)) as pid:
        for name in ("mem", "environ", "maps", "auxv"):
            assert not could(partial(opened, pid, name)), name
        assert not could(lambda: list(Path(f"/proc/{pid}/fd").iterdir()))
    with child(lambda: begin(forbidden=False)) as pid:  # or the rest would prove nothing
        assert could(partial(opened, pid, "environ"))


def test_debugger_of_the_same_user_is_refused__F33(tmp_path: Path) -> None:
    gcore = shutil.which("gcore")
    if gcore is None:
        pytest.skip("gcore (of gdb) is not on this machine")
    folder = tmp_path / "cores"
    folder.mkdir()
    folder.chmod(0o777)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    with child(lambda: begin(forbidden=True)) as pid:
        done = subprocess.run(
            [gcore, "-o", str(folder / "core"), str(pid)], capture_output=True, preexec_fn=as_somebody, timeout=60
        )
    assert done.returncode != 0
    assert list(folder.iterdir()) == []


def test_every_process_of_the_server_forbids_it__F33(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (HARD, HARD))
    try:
        with live_server(workers=2, data=tmp_path / "data", copied=False) as live:
            processes = {live.process.pid, *workers_of(live)}
            assert len(processes) == 3
            for pid in processes:
                (line,) = (line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if "core file" in line)
                assert line.split()[4:6] == ["0", "0"], line
                if os.geteuid() != 0:
                    with pytest.raises(PermissionError):
                        opened(pid, "mem")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
