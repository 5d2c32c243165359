"""The tables are made once, whole or not at all, whoever starts at the same time and whatever is killed."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tests.contract.storages import ANN, APP, NOW, family_of, fingerprint, key_of, session_of, spend_of, sqlite_file
from watchword.core.questions import (
    AddAccount,
    AddClient,
    AddKey,
    CleanUp,
    EndSession,
    FamilyStart,
    FindAccount,
    FindCredentials,
    FindKey,
    FindSession,
    FoundKey,
    FoundSession,
    Rotated,
    SpendOnce,
    StartFamily,
)
from watchword.core.records import Account
from watchword.storage import UnusableStorage, open_storage
from watchword.storage.memory import MemoryStorage
from watchword.storage.migrations import KNOWN
from watchword.storage.migrations.upgrade import upgrade_sqlite
from watchword.storage.sql.schema import metadata

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
URL = "sqlite:///watchword.db"


def run(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
    )


def test_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{sqlite_file(tmp_path / 'data')}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    engine.dispose()
    made = {name: " ".join(sql.split()) for name, sql in tables}
    rowless = {name for name, sql in made.items() if sql.endswith("WITHOUT ROWID")}
    assert rowless == {
        table.name for table in metadata.tables.values() if table.kwargs.get("sqlite_with_rowid") is False
    }
    assert "AUTOINCREMENT" in made["changes"]


def test_a_new_database_is_what_all_revisions_together_lead_to(tmp_path: Path) -> None:
    made, migrated = sqlite_file(tmp_path / "data"), tmp_path / "migrated.db"
    migrated.touch()
    upgrade_sqlite(migrated, 10.0)
    schemas: list[list[tuple[str, ...]]] = []
    rows: list[dict[str, list[tuple[object, ...]]]] = []
    for file in (made, migrated):
        with closing(sqlite3.connect(file)) as db:
            schemas.append(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall())
            assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(KNOWN[-1],)]
            tables = [name for kind, name, _, _ in schemas[-1] if kind == "table"]
            rows.append({table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables})
    assert schemas[0] == schemas[1]
    assert rows[0] == rows[1]
    assert rows[0]["changes"]  # the first change, so that a cache of the database before this one forgets everything
    assert len(schemas[0]) > 30


def test_every_revision_is_known() -> None:
    config = Config()
    config.set_main_option("script_location", "watchword.storage:migrations")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == KNOWN


def test_file_and_folder_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with closing(open_storage(URL, folder)) as storage:
        storage.add_account(AddAccount(ANN))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"watchword.db": 0o600, "watchword.db-wal": 0o600, "watchword.db-shm": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_file_that_others_may_read_is_made_private(tmp_path: Path) -> None:
    file = sqlite_file(tmp_path / "data")
    file.chmod(0o644)
    open_storage(URL, file.parent).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_make_one_database__F37(tmp_path: Path) -> None:
    program = """
        import sys
        from pathlib import Path
        import watchword.storage.migrations.upgrade  # slow: so that the migrations themselves meet
        from watchword.core.questions import AddAccount
        from watchword.core.records import Account
        from watchword.storage import open_storage

        print("ready", flush=True)
        sys.stdin.readline()
        storage = open_storage("sqlite:///watchword.db", Path(sys.argv[1]))
        print(storage.add_account(AddAccount(Account(name=sys.argv[2], stamp="1"))))
        storage.close()
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "data"), f"user{number}"],
            env=ENVIRONMENT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate(timeout=60)[0])
    assert answers == ["True\n"] * 4
    with closing(open_storage(URL, tmp_path / "data")) as storage:
        assert [account.name for account in storage.all_accounts()] == [f"user{number}" for number in range(4)]


def file_at(revision: str, folder: Path) -> Path:
    """A database as an older Watchword made it."""
    folder.mkdir(mode=0o700)
    file = folder / "watchword.db"
    engine = create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", "watchword.storage:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return file


FIRST = """
    INSERT INTO accounts VALUES ('ann', 'ann-1', '$hash', '["admin"]', '["read:books"]', 0, '{"k":"v"}', 5.5);
    INSERT INTO auth_tokens VALUES ('ann', 7, 1.0, 2.0);
    INSERT INTO failures VALUES (X'616E6E', 3, 1.0, 2.0, 99.0);
    INSERT INTO places VALUES ('ann', '192.0.2.7', 1.0);
    INSERT INTO changes (kind, key, at) VALUES ('session', X'00', 1.0), ('account', X'616E6E', 2.0), ('all', X'', 3.0);
"""
"""What an older Watchword has written."""


def test_older_database_keeps_all_it_holds__F37(tmp_path: Path) -> None:
    file = file_at("0001", tmp_path / "data")
    session = session_of(ANN, "a1", data={})
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.executescript(FIRST)
        columns = "fingerprint, id, subject, stamp, created_at, auth_time, last_seen, expires_at, idle_timeout, ends_at"
        db.execute(
            f"INSERT INTO sessions ({columns}, amr, address, user_agent, data) VALUES ({', '.join('?' * 14)})",
            (
                *(session.fingerprint, session.id, "ann", "ann-1", NOW, NOW, NOW, session.expires_at, 1800.0),
                *(session.idle_expires_at, '["pwd"]', "192.0.2.7", "curl/8", "{}"),
            ),
        )
    with closing(open_storage(URL, file.parent)) as storage:
        account = storage.find_account(FindAccount("ann"))
        assert isinstance(account, Account)
        assert (account.password_hash, account.roles, account.attributes) == ("$hash", frozenset({"admin"}), {"k": "v"})
        assert account.auth_token is not None
        assert account.auth_token.generation == 7
        assert storage.find_session(FindSession(session.fingerprint)) == FoundSession(session, account)
        assert storage.is_known_place("ann", "192.0.2.7")
        noted = storage.failures("ann")
        assert noted is not None
        assert noted.count == 3
        # A cache of a process that was not stopped goes on where it was.
        assert storage.changes_since(3).everything
        assert not storage.changes_since(4).everything
        assert [entry.key for entry in storage.revocations_since(3).entries] == []
        assert [entry.key for entry in storage.revocations_since(-1).entries] == ["ann"]
        # What is new can be kept under what is old.
        assert storage.add_client(AddClient(APP))
        assert storage.start_family(StartFamily(family_of(ANN, "f"))) is FamilyStart.KEPT
        assert isinstance(storage.spend_refresh(spend_of("f", 0)), Rotated)
        assert storage.add_key(AddKey(key_of(ANN, "k")))
        assert storage.find_key(FindKey(fingerprint("k"))) == FoundKey(key_of(ANN, "k"), account)
        assert storage.end_session(EndSession(session.fingerprint))
        assert storage.changes_since(4).sessions == (session.fingerprint,)


SECOND = """
    INSERT INTO clients VALUES ('app', 'app-1', NULL, '', '[]', '[]', '[]', '[]', 0, 5.5);
    INSERT INTO api_keys (id, fingerprint, subject, name, hint, created_at)
        VALUES ('k', X'01', 'ann', 'ci', 'wxyz', 1.0);
    INSERT INTO families VALUES (1, 'f', X'02', X'03', 'ann', 'ann-1', 'app', 1.0, 1.0, 1.0, 9e9, NULL, '[]', '[]',
        NULL, '', '', '', '', X'01');
    INSERT INTO reference_tokens VALUES (1, 't', X'04', 'ann', 'ann-1', 'app', 'f', NULL, '[]', '[]', NULL, 1.0, 1.0,
        9e9);
"""
"""What has come with the second revision."""


def test_sessions_and_spent_assertions_of_0002_go_on_as_they_were__F37__F3(tmp_path: Path) -> None:
    file = file_at("0002", tmp_path / "data")
    sessions = [session_of(ANN, f"a{number}", data={}, amr=frozenset()) for number in range(2_000)]
    value = b"\0\0\0\3app" + "jti-🦉".encode()  # as assertions have always been written, and digested
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.executescript(FIRST + SECOND)
        db.execute("INSERT INTO assertions VALUES (?, ?)", (fingerprint("\0\0\0\3appjti-🦉"), NOW + 60))
        db.executemany(
            f"INSERT INTO sessions VALUES ({', '.join('?' * 15)})",
            [
                (
                    *(number, session.fingerprint, session.id, "ann", "ann-1", NOW, NOW, NOW, session.expires_at),
                    *(1800.0, session.idle_expires_at, "[]", "192.0.2.7", "curl/8", "{}"),
                )
                for number, session in enumerate(sessions, 1)
            ],
        )
        untouched = ("clients", "api_keys", "families", "reference_tokens", "auth_tokens", "places", "failures")
        before = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in (*untouched, "changes")}
    with closing(open_storage(URL, file.parent)) as storage:
        assert list(storage.all_sessions()) == sessions
        account = storage.find_account(FindAccount("ann"))
        assert account is not None
        assert not account.second_factor
        assert storage.find_session(FindSession(fingerprint("a7"))) == FoundSession(sessions[7], account)
        assert storage.find_credentials(FindCredentials("ann")) == ()
        # An assertion that was used before the upgrade is used.
        assert not storage.spend_once(SpendOnce("client-assertion", value, NOW + 60))
        assert storage.spend_once(SpendOnce("client-assertion", value + b"2", NOW + 60))
        assert storage.spend_once(SpendOnce("another", value, NOW + 60))
        assert storage.clean_up(CleanUp(NOW + 60)) == 1 + 3  # a failure count of FIRST among them
        assert storage.spend_once(SpendOnce("client-assertion", value, NOW + 60))
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for table in untouched:
            assert db.execute(f"SELECT * FROM {table}").fetchall() == ([] if table == "failures" else before[table])
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("revision", [None, "0001", "0002"], ids=["empty", "0001", "0002"])
def test_killed_migration_leaves_nothing_behind_and_is_done_again__F37(tmp_path: Path, revision: str | None) -> None:
    """A process is killed before each statement of the migration in turn."""
    if revision is not None:
        with closing(sqlite3.connect(file_at(revision, tmp_path / "data"), isolation_level=None)) as db:
            db.executescript(FIRST + (SECOND if revision == "0002" else ""))
    program = """
        import os, sqlite3, sys
        from pathlib import Path
        import watchword.storage.migrations.upgrade  # slow, and every child has it then
        from watchword.storage import open_storage

        left = 0

        def count(statement):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), 9)

        connect = sqlite3.connect

        def watched(*arguments, **more):
            db = connect(*arguments, **more)
            db.set_trace_callback(count)
            return db

        sqlite3.connect = sqlite3.dbapi2.connect = watched

        def tables():
            db = sqlite3.connect(Path(sys.argv[1]) / "watchword.db")
            try:
                return db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            finally:
                db.close()

        killed, status = 0, 9
        before = tables() if sys.argv[2] != "None" else (0,)
        while status == 9:
            child = os.fork()
            if child == 0:
                left = killed + 1
                open_storage("sqlite:///watchword.db", Path(sys.argv[1])).close()
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            if status == 9:
                killed += 1
                assert tables() == before
        assert status == 0
        print(killed)
    """
    process = run(program, tmp_path / "data", revision)
    killed = int(process.communicate(timeout=120)[0])
    assert killed > 10
    with closing(open_storage(URL, tmp_path / "data")) as storage:
        assert storage.add_account(AddAccount(ANN)) is (revision is None)
        assert storage.start_family(StartFamily(family_of(ANN, "f"))) is FamilyStart.KEPT


def test_database_of_a_newer_version_is_refused__F37(tmp_path: Path) -> None:
    file = sqlite_file(tmp_path / "data")
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(UnusableStorage, match=r"newer Watchword \(its schema is 0999.*upgrade Watchword"):
        open_storage(URL, file.parent)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "watchword.db").write_bytes(b"not a database, but long enough to be taken for one" * 20)
    with pytest.raises(UnusableStorage, match="cannot be opened as a Watchword database"):
        open_storage(URL, tmp_path)


def test_start_check_and_log_in_import_neither_sqlalchemy_nor_alembic(tmp_path: Path) -> None:
    """They take most of a second; a server that is started again has no use for them."""
    file = sqlite_file(tmp_path / "data")
    program = """
        import sys
        from pathlib import Path
        from watchword.core.questions import AddAccount, FindAccount
        from watchword.core.records import Account
        from watchword.storage import open_storage

        storage = open_storage("sqlite:///watchword.db", Path(sys.argv[1]))
        assert storage.add_account(AddAccount(Account(name="ann", stamp="1")))
        assert storage.find_account(FindAccount("ann"))
        print(sorted({"sqlalchemy", "alembic"} & set(sys.modules)))
        storage.close()
    """
    assert run(program, file.parent).communicate(timeout=60)[0] == "[]\n"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/watchword",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://host/watchword.db",
        "sqlite:///watchword.db?mode=ro",
        "watchword.db",
        "",
    ],
)
def test_url_that_names_no_storage_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableStorage, match="sqlite:///NAME"):
        open_storage(url, tmp_path)


def test_urls_name_storages(tmp_path: Path) -> None:
    assert isinstance(open_storage("memory:", tmp_path), MemoryStorage)
    assert not list(tmp_path.iterdir())
    elsewhere = tmp_path / "else where" / "w#1?%.db"
    open_storage(f"sqlite:///{quote(elsewhere.as_posix())}", tmp_path).close()
    assert elsewhere.exists()
