"""The power fails while the write-ahead log is written."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.contract.storages import ANN, family_of, fingerprint, session_of, spend_of, sqlite_file, token_of
from watchword.core.grants import Family
from watchword.core.questions import (
    AddAccount,
    EndSession,
    FindToken,
    KeepToken,
    Repeated,
    Reused,
    Rotated,
    StartFamily,
    StartSession,
)
from watchword.core.revocations import Revoked
from watchword.storage.sql.sqlite import SqliteStorage


def test_log_cut_anywhere_holds_every_whole_change_and_no_part_of_one__F5(tmp_path: Path) -> None:
    file = sqlite_file(tmp_path / "data")
    log = file.with_name(file.name + "-wal")
    answered: list[tuple[int, set[str]]] = []  # how long the log was after each answer, and the sessions there were
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        for number in range(12):
            replaces = fingerprint(f"t{number - 1}") if number % 4 == 3 else None
            assert storage.start_session(StartSession(session_of(ANN, f"t{number}"), replaces=replaces))
            answered.append((log.stat().st_size, {session.id for session in storage.all_sessions()}))
        database, whole_log = file.read_bytes(), log.read_bytes()

    sizes = [size for size, _ in answered]
    cuts = {size + more for size in sizes for more in (-1, 0, 1, 24)} | set(range(sizes[0], sizes[-1], 9973))
    for cut in sorted(cut for cut in cuts if sizes[0] <= cut <= sizes[-1]):
        restarted = tmp_path / "restarted"
        restarted.mkdir()
        (restarted / file.name).write_bytes(database)
        (restarted / log.name).write_bytes(whole_log[:cut])
        with closing(SqliteStorage(restarted / file.name)) as storage:
            expected = max((size, sessions) for size, sessions in answered if size <= cut)[1]
            assert {session.id for session in storage.all_sessions()} == expected, cut
            assert storage.start_session(StartSession(session_of(ANN, "after")))
            assert storage.end_session(EndSession(fingerprint("after")))
        with closing(sqlite3.connect(restarted / file.name)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), cut
            assert db.execute("PRAGMA foreign_key_check").fetchall() == [], cut
        shutil.rmtree(restarted)


def test_log_cut_anywhere_leaves_one_live_token_of_a_family__S2_20__F1__F5(tmp_path: Path) -> None:
    """A family is rotated, and another one ends because of reuse: each is done or was never begun."""
    file = sqlite_file(tmp_path / "data")
    log = file.with_name(file.name + "-wal")
    answered: list[tuple[int, list[Family]]] = []  # how long the log was after each answer, and the families then
    with closing(SqliteStorage(file)) as storage:
        storage.add_account(AddAccount(ANN))
        for name in ("f", "stolen"):
            storage.start_family(StartFamily(family_of(ANN, name)))
            storage.keep_token(KeepToken(token_of(ANN, name, family=f"family-{name}")))
        storage.spend_refresh(spend_of("stolen", 0))
        answered.append((log.stat().st_size, list(storage.all_families())))
        for number in range(6):
            assert isinstance(storage.spend_refresh(spend_of("f", number)), Rotated)
            answered.append((log.stat().st_size, list(storage.all_families())))
            if number == 3:
                assert isinstance(storage.spend_refresh(spend_of("stolen", 0, client=b"a thief")), Reused)
                answered.append((log.stat().st_size, list(storage.all_families())))
        database, whole_log = file.read_bytes(), log.read_bytes()

    sizes = [size for size, _ in answered]
    cuts = {size + more for size in sizes for more in (-1, 0, 1, 24)} | set(range(sizes[0], sizes[-1], 997))
    for cut in sorted(cut for cut in cuts if sizes[0] <= cut <= sizes[-1]):
        restarted = tmp_path / "restarted"
        restarted.mkdir()
        (restarted / file.name).write_bytes(database)
        (restarted / log.name).write_bytes(whole_log[:cut])
        with closing(SqliteStorage(restarted / file.name)) as storage:
            done = [families for size, families in answered if size <= cut]
            assert list(storage.all_families()) == done[-1], cut
            stolen_ended = len(done[-1]) == 1
            told = {entry.key for entry in storage.revocations_since(-1).entries if entry.what is Revoked.FAMILY}
            assert told == ({"family-stolen"} if stolen_ended else set()), cut
            assert (storage.find_token(FindToken(fingerprint("stolen"))) is None) is stolen_ended, cut
            # Whichever the client holds, the one before or the last: it goes on.
            rotations = len(done[-1][0].spent)
            if rotations:
                assert isinstance(storage.spend_refresh(spend_of("f", rotations - 1)), Repeated), cut
            assert isinstance(storage.spend_refresh(spend_of("f", rotations)), Rotated), cut
        shutil.rmtree(restarted)
