"""The server as processes: several on one database, starting, stopping, dying."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.live import Live, User, add_users, live_server
from tests.ports import free_port
from tests.server.wire import Answer, Log, Wire, basic, exchange, json_request, log_in, request, resident
from tests.server.workers import has_read, is_alive, one_wire_each, server_of, wait_until, workers_of
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import FindAccount
from watchword.storage import open_storage
from watchword.tokens.session import new_session

ANN, ROOT = User("ann", roles=frozenset(("clerk",))), User("root", roles=frozenset(("admin",)))
ADMIN = basic(ROOT.name, ROOT.password)
# Wrong passwords are tried on purpose here, from one address and of one account.
CONFIG = '[log]\nformat = "json"\n[limits]\naccount_failures = 100\naddress_per_minute = 10000\n'


@pytest.fixture(scope="module")
def four() -> Iterator[Live]:
    """A server of four worker processes."""
    with live_server(CONFIG, [ANN, ROOT], workers=4) as live:
        yield live


def whoami(wire: Wire, *fields: str) -> Answer:
    return wire.send(request("GET", "/whoami", *fields)).answer()


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


def events(log: Log) -> list[str]:
    return [json.loads(line)["event"] for line in log.lines()]


# --- four workers, one database --------------------------------------------------------------------------------------


def test_parallel_log_ins_at_four_workers_all_succeed(four: Live) -> None:
    log = Log(four.log)

    def by_login(number: int) -> Answer:
        return exchange(
            four.port, json_request("POST", "/login", {"username": "ann", "password": ANN.password}, last=True)
        )[0]

    def by_basic(number: int) -> Answer:
        return exchange(four.port, request("GET", "/whoami", basic("ann", ANN.password), last=True))[0]

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: (by_login if n % 2 else by_basic)(n), range(64)))
    assert [answer.status for answer in answers] == [200] * 64
    assert {answer.json["subject"] for answer in answers} == {"ann"}
    assert len({answer.one("set-cookie") for answer in answers if answer.all("set-cookie")}) == 32
    assert events(log) == ["authn_login_success"] * 32  # not one unavailable


def put_sessions(data: Path, name: str, count: int) -> list[str]:
    """The tokens of new sessions, put into the database as an import does."""
    storage = open_storage("sqlite:///watchword.db", data)
    with closing(storage):
        account = storage.find_account(FindAccount(name))
        assert account is not None
        now = time.time()
        principal = Principal(
            subject=name,
            realm="Watchword",
            authentication=Authentication(mechanism="basic", auth_time=now),
            stamp=account.stamp,
        )
        begun = [
            new_session(
                principal, os.urandom(32), now, idle_timeout=1800.0, lifetime=43200.0, address="", user_agent=""
            )
            for _ in range(count)
        ]
        counts = storage.put_sessions(session for session, _ in begun)
        assert counts.created == count
    return [token for _, token in begun]


def test_ten_thousand_imported_sessions_are_good_at_every_worker(four: Live) -> None:
    tokens = put_sessions(four.data, "ann", 10_000)
    checks = [request("GET", "/whoami", f"Cookie: watchword={token}") for token in tokens]
    with one_wire_each(four) as wires:
        for number, wire in enumerate(wires):
            mine = checks[number::4]
            for first in range(0, len(mine), 50):
                some = mine[first : first + 50]
                wire.send(b"".join(some))
                assert [wire.answer().status for _ in some] == [200] * len(some)


def test_ended_session_is_refused_by_the_next_check_of_every_worker__S2_2__F36(four: Live) -> None:
    with one_wire_each(four) as wires:
        for round in range(20):
            token = log_in(four.port, "ann", ANN.password)
            assert [whoami(wire, bearer(token)).status for wire in wires] == [200] * 4
            ending = wires[round % 4]
            if round % 2:
                assert ending.send(request("POST", "/logout", bearer(token))).answer().status == 204
            else:
                session = whoami(ending, bearer(token)).json["session"]
                ended = ending.send(request("DELETE", f"/sessions/{session}?subject=ann", ADMIN)).answer()
                assert ended.status == 204
            assert [whoami(wire, bearer(token)).cell for wire in wires] == ["C09"] * 4


def test_changed_password_is_refused_by_the_next_check_of_every_worker__F36(four: Live) -> None:
    add_users(four.data, [User("bob", "the first password")])
    old = "the first password"
    with one_wire_each(four) as wires:
        for round in range(6):
            new = f"password number {round}"
            token = log_in(four.port, "bob", old)
            for wire in wires:
                assert whoami(wire, basic("bob", old)).status == 200  # every worker remembers it now
                assert whoami(wire, bearer(token)).status == 200
            change = {"password": new, "current_password": old}
            fields = (basic("bob", old),)
            assert (
                wires[round % 4].send(json_request("PUT", "/users/bob/password", change, *fields)).answer().status
                == 204
            )
            for wire in wires:
                assert whoami(wire, basic("bob", old)).cell == "C07"
                assert whoami(wire, bearer(token)).cell == "C09"
                assert whoami(wire, basic("bob", new)).status == 200
            old = new


def test_changed_account_is_judged_anew_by_the_next_check_of_every_worker__F36(four: Live) -> None:
    add_users(four.data, [User("eve", roles=frozenset(("admin",)))])
    with one_wire_each(four) as wires:
        for round in range(4):
            token, change = log_in(four.port, "eve", User("eve").password), wires[round]

            def admitted(token: str = token) -> list[int]:
                return [wire.send(request("GET", "/users/root", bearer(token))).answer().status for wire in wires]

            def told(what: dict[str, object], wire: Wire = change) -> int:
                return wire.send(json_request("PATCH", "/users/eve", what, ADMIN)).answer().status

            assert admitted() == [200] * 4
            assert told({"roles": []}) == 200
            assert admitted() == [403] * 4
            assert told({"roles": ["admin"]}) == 200
            assert admitted() == [200] * 4
            assert told({"disabled": True}) == 200
            assert admitted() == [401] * 4
            assert [whoami(wire, basic("eve", User("eve").password)).cell for wire in wires] == ["C07"] * 4
            assert told({"disabled": False}) == 200
            assert [whoami(wire, bearer(token)).cell for wire in wires] == ["C09"] * 4  # what ended stays ended


def test_counters_of_all_workers_are_added_up(four: Live) -> None:
    def count(wire: Wire) -> int:
        text = wire.send(request("GET", "/metrics")).answer().body.decode()
        (line,) = (line for line in text.splitlines() if line.startswith('watchword_decisions_total{cell="C04"}'))
        return int(line.split()[1])

    with one_wire_each(four) as wires:
        before = count(wires[0])
        for wire in wires:
            assert whoami(wire, "Authorization: Negotiate x").cell == "C04"
        assert [count(wire) for wire in wires] == [before + 4] * 4


# --- workers and the parent die --------------------------------------------------------------------------------------


def test_killed_worker_is_replaced_and_the_others_serve_on(four: Live) -> None:
    log = Log(four.log)
    before = set(workers_of(four))
    with one_wire_each(four) as wires:
        victim = server_of(wires[0], four)
        os.kill(victim, signal.SIGKILL)
        for wire in wires[1:]:
            assert whoami(wire, basic("ann", ANN.password)).status == 200
        wait_until(lambda: len(workers_of(four)) == 4 and victim not in workers_of(four))
    (new,) = set(workers_of(four)) - before
    with one_wire_each(four) as wires:
        assert [whoami(wire, basic("ann", ANN.password)).status for wire in wires] == [200] * 4
        assert new in {server_of(wire, four) for wire in wires}
    told = [json.loads(line) for line in log.lines(1)]
    assert [(line["event"], line["pid"]) for line in told] == [("sys_crash", victim)]
    assert told[0]["reason"] == "a worker was ended by signal 9"


def test_stopped_worker_holds_up_nobody_else__F38(four: Live) -> None:
    with one_wire_each(four) as wires:
        token = log_in(four.port, "ann", ANN.password)
        assert [whoami(wire, bearer(token)).status for wire in wires] == [200] * 4
        stopped = server_of(wires[0], four)
        os.kill(stopped, signal.SIGSTOP)
        try:
            wires[0].send(request("GET", "/whoami", bearer(token)))
            for _ in range(20):
                assert exchange(four.port, request("GET", "/whoami", bearer(token), last=True))[0].status == 200
            assert wires[1].send(request("POST", "/logout", bearer(token))).answer().status == 204
        finally:
            os.kill(stopped, signal.SIGCONT)
        assert wires[0].answer().cell == "C09"  # it was asked before, and looked after the log-out


def test_workers_end_with_their_parent_and_free_the_port(tmp_path: Path) -> None:
    port = free_port()
    with live_server(CONFIG, [ANN], workers=2, data=tmp_path, port=port) as live:
        workers = workers_of(live)
        assert len(workers) == 2
        live.stop(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, workers)))
    with live_server(CONFIG, workers=2, data=tmp_path, port=port) as live:
        assert exchange(port, request("GET", "/whoami", basic("ann", ANN.password), last=True))[0].status == 200


# --- stopping and starting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 2)], ids=["SIGTERM alone", "SIGINT two workers"]
)
def test_stop_answers_what_was_asked_and_frees_the_port__F37(
    tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    port = free_port()
    with live_server(CONFIG, [ANN], workers=workers, data=tmp_path, port=port) as live:
        wires = [
            Wire(port).send(json_request("POST", "/login", {"username": "ann", "password": ANN.password}))
            for _ in range(12)
        ]
        wait_until(lambda: all(has_read(wire) for wire in wires))
        live.process.send_signal(number)
        cookies = []
        for wire in wires:
            answer = wire.answer()
            assert answer.status == 200
            cookies.append(answer.one("set-cookie").partition(";")[0])
            assert wire.is_ended_by_server()
            wire.sock.close()
        assert live.process.wait(60) == 0
        assert live.process.stdout is not None
        assert live.process.stdout.read() == b""  # the ready line was all
    with live_server(CONFIG, workers=workers, data=tmp_path, port=port) as live:
        for cookie in cookies:
            (answer,) = exchange(port, request("GET", "/whoami", f"Cookie: {cookie}", last=True))
            assert answer.status == 200


def test_log_ins_during_a_stop_succeed_or_are_not_taken__F37(tmp_path: Path) -> None:
    """Under load: whatever is answered is a true answer, and no 5xx."""
    with live_server(CONFIG, [ANN], workers=2, data=tmp_path) as live:
        statuses: list[int] = []

        def client() -> None:
            while live.process.poll() is None:
                with suppress(OSError, AssertionError), Wire(live.port) as wire:
                    statuses.append(whoami(wire, basic("ann", ANN.password)).status)

        threads = [threading.Thread(target=client) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(statuses) > 50)
        assert live.stop() == 0
        for thread in threads:
            thread.join()
        assert set(statuses) == {200}


class Load:
    """Clients that log in and out and make accounts, and what they were answered before the server was killed."""

    def __init__(self, port: int, round: int) -> None:
        self._port = port
        self._round = round
        self.begun: list[str] = []
        self.leaving: list[str] = []  # asked to end, perhaps without an answer
        self.ended: list[str] = []
        self.made: list[str] = []
        self._stop = threading.Event()
        jobs = [self._log_in_and_out] * 4 + [self._sign_up]
        self._threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def is_under_way(self) -> bool:
        return bool(self.ended and self.made)

    def _repeat(self, job: Callable[[], None]) -> None:
        while not self._stop.is_set():
            with suppress(OSError, AssertionError, ValueError):  # the server is killed at any moment
                job()

    def _log_in_and_out(self) -> None:
        stays, leaves = (log_in(self._port, "ann", ANN.password) for _ in range(2))
        self.begun += (stays, leaves)
        self.leaving.append(leaves)
        (out,) = exchange(self._port, request("POST", "/logout", bearer(leaves), last=True))
        if out.status == 204:
            self.ended.append(leaves)

    def _sign_up(self) -> None:
        name = f"new-{self._round}-{len(self.made)}"
        content = {"username": name, "password": "a long password"}
        (answer,) = exchange(self._port, json_request("POST", "/users", content, ADMIN, last=True))
        if answer.status == 201:
            self.made.append(name)

    def assert_kept(self) -> None:
        """What was answered is so (I2, I3)."""
        with Wire(self._port) as wire:
            for token in self.begun:
                answer = whoami(wire, bearer(token))
                if token in self.ended:
                    assert (answer.status, answer.cell) == (401, "C09")
                elif token not in self.leaving:
                    assert answer.status == 200
            for name in self.made:
                assert wire.send(request("GET", f"/users/{name}", ADMIN)).answer().status == 200


def kill_and_look(data: Path, rounds: int, wait: Callable[[int], float]) -> None:
    """Kill all processes at once under load, as often as that; then see each time that what was answered is so."""
    add_users(data, [ANN, ROOT])
    port = free_port()
    load: Load | None = None
    for round in range(rounds + 1):
        with live_server(CONFIG, workers=2, data=data, port=port) as live:
            if load is not None:
                load.assert_kept()
            if round == rounds:
                break
            load = Load(port, round)
            try:
                wait_until(load.is_under_way)
                time.sleep(wait(round))
            finally:
                os.killpg(live.process.pid, signal.SIGKILL)
                load.stop()
            live.process.wait()
        with closing(sqlite3.connect(data / "watchword.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_was_answered_is_there_after_everything_was_killed__F1__S2_2(tmp_path: Path) -> None:
    kill_and_look(tmp_path, 5, lambda round: 0.07 * round)


def run_serve(data: Path, *arguments: str, config: str = "") -> subprocess.CompletedProcess[str]:
    file = data / "watchword.toml"
    data.mkdir(exist_ok=True)
    file.write_text(config)
    command = [sys.executable, "-m", "watchword", "serve", "--config", str(file), "--data", str(data), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_port_in_use_is_one_sentence_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        add_users(tmp_path / "data", [ANN])
        ended = run_serve(tmp_path / "data", "--port", port, "--workers", "2")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        f"Cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Choose another with --host and --port, or --port 0 for a free one."
    ]


# --- running out -----------------------------------------------------------------------------------------------------


def test_running_out_of_file_descriptors_passes__F38(tmp_path: Path) -> None:
    with live_server(CONFIG, [ANN], data=tmp_path) as live:
        right = basic("ann", ANN.password)
        with Wire(live.port) as kept:
            assert whoami(kept, right).status == 200
            resource.prlimit(live.process.pid, resource.RLIMIT_NOFILE, (64, 64))
            crowd = []
            for _ in range(150):
                with suppress(OSError):
                    crowd.append(Wire(live.port))
            time.sleep(0.3)
            # No file can be opened now: what is known is answered, the rest refused, and nobody gets in (I4).
            assert whoami(kept, right).status == 200
            assert whoami(kept, basic("ann", "wrong password")).status in (401, 503)
            assert kept.send(
                json_request("POST", "/login", {"username": "ann", "password": ANN.password})
            ).answer().status in (200, 503)
            for wire in crowd:
                wire.sock.close()

        def recovered() -> bool:
            with suppress(OSError, AssertionError), Wire(live.port) as wire:
                return whoami(wire, right).status == 200
            return False

        wait_until(recovered)
        assert log_in(live.port, "ann", ANN.password)


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_start_is_quick_and_workers_are_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with live_server("", [ANN], data=tmp_path, copied=False):
        pass  # the database is at head, Python's own caches are warm
    began = time.monotonic()
    with live_server("", data=tmp_path, copied=False) as live:
        alone = time.monotonic() - began
        exchange(live.port, request("GET", "/whoami", basic("ann", ANN.password), last=True))
        one = resident(live.process.pid)
    began = time.monotonic()
    with live_server("", workers=4, data=tmp_path, copied=False) as live:
        together = time.monotonic() - began
        for _ in range(20):
            exchange(live.port, request("GET", "/whoami", basic("ann", ANN.password), last=True))
        each = max(map(resident, workers_of(live)))
    with capsys.disabled():
        print(f"\nready after {alone:.2f} s, with 4 workers after {together:.2f} s", end="; ")
        print(f"{one / 1e6:.0f} MB alone, {each / 1e6:.0f} MB a worker")
    assert one < 90_000_000
    assert each < 90_000_000


def test_start_over_a_database_at_head_imports_no_migrations(tmp_path: Path) -> None:
    add_users(tmp_path, [ANN])
    program = (
        "import sys; from pathlib import Path; from watchword.config import load; from watchword.config.serving import"
        " run_server; import os, signal; run_server(load(None, {'WATCHWORD_SERVER__PORT': '0'}), Path(sys.argv[1]),"
        " lambda url: os.kill(os.getpid(), signal.SIGTERM));"
        " print(*sorted({name.partition('.')[0] for name in sys.modules} & {'alembic', 'sqlalchemy', 'mako', 'rich'}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.split() == []


def test_data_folder_that_is_lost_while_serving_lets_nobody_in__F38(tmp_path: Path) -> None:
    with live_server(CONFIG, [ANN], data=tmp_path / "data") as live:
        shutil.rmtree(live.data)
        (answer,) = exchange(live.port, request("GET", "/whoami", basic("ann", ANN.password), last=True))
        assert answer.status == 503
        (answer,) = exchange(live.port, request("GET", "/readyz", last=True))
        assert answer.status == 503
