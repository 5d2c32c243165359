"""A process that has imported the whole server, and of which copies are made: starting one costs no import then.

What a copy does is what `watchword` on the command line does, in a process and a process group of its own, with
standard streams of its own. Importing takes ten times as long as everything else at a start, and the tests start
hundreds.

    python -m tests.template FD     # FD: a Unix socket, over which copies are asked for and their ends are told
"""

from __future__ import annotations

import array
import atexit
import ctypes
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import IO, Any

_LONGEST = 1 << 20
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Copy:
    """A running copy, to be used like `subprocess.Popen`."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout: IO[bytes] | None = stdout
        self.returncode: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(f"the copy {self.pid}", timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self, returncode: int) -> None:
        """Told by the template."""
        self.returncode = returncode
        self._ended.set()


class Template:
    """The template as those see it who ask for copies; it ends with this process."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.template", str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self._lock = threading.Lock()
        self._made = threading.Condition()
        self._new: list[int] = []
        self._copies: dict[int, Copy] = {}
        self._ends: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        atexit.register(self._end)

    def copy(self, arguments: Sequence[str], environ: Mapping[str, str], stderr: int) -> Copy:
        """A copy that runs the command line with these arguments."""
        reading, writing = os.pipe()
        wanted = json.dumps({"arguments": [*arguments], "environ": {**environ}, "folder": os.getcwd()}).encode()
        handed = array.array("i", [writing, stderr])
        with self._lock, self._made:
            self._ours.sendmsg([wanted], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
            if not self._made.wait_for(lambda: self._new, 60):
                raise AssertionError("no copy was made")
            copy = Copy(self._new.pop(), os.fdopen(reading, "rb"))
            self._copies[copy.pid] = copy
            if copy.pid in self._ends:
                copy.end(self._ends.pop(copy.pid))
        os.close(writing)
        return copy

    def _listen(self) -> None:
        while told := self._ours.recv(_LONGEST):
            kind, pid, status = json.loads(told)
            with self._made:
                if kind == "made":
                    self._new.append(pid)
                    self._made.notify_all()
                elif (copy := self._copies.pop(pid, None)) is not None:
                    copy.end(status)
                else:
                    self._ends[pid] = status

    def _end(self) -> None:
        self._ours.shutdown(socket.SHUT_WR)
        self._process.wait(10)


def serve(control: socket.socket) -> None:
    """Make a copy for each message, and tell of each that ends."""
    waking, woken = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([control.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _tell_ends(control)
        if control.fileno() in ready:
            message, ancillary, _, _ = control.recvmsg(_LONGEST, socket.CMSG_SPACE(2 * array.array("i").itemsize))
            if not message:
                return
            handed = array.array("i", ancillary[0][2])
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for end in (control.fileno(), waking, woken):
                    os.close(end)
                _become(json.loads(message), *handed)
            for end in handed:
                os.close(end)
            control.send(json.dumps(["made", pid, 0]).encode())


def _tell_ends(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.send(json.dumps(["ended", pid, os.waitstatus_to_exitcode(status)]).encode())


def _become(wanted: dict[str, Any], stdout: int, stderr: int) -> None:
    """Be the command line from here on."""
    from watchword.cli import main

    # Whoever asked for it may be killed; the template ends then, and so does this.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    # What Python knew of the streams, such as whether they can seek, was true of the template's.
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the end
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115 - too
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    sys.argv = ["watchword", *wanted["arguments"]]
    code = 1
    try:
        code = main() or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _import_everything() -> None:
    import watchword.cli.serve
    import watchword.config.reading.loading
    import watchword.config.serving
    import watchword.server.run  # noqa: F401 - for the copies


if __name__ == "__main__":
    _import_everything()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
