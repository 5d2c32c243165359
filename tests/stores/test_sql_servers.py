"""Tables and users of a real PostgreSQL and a real MariaDB: what only a server does (S2.14)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import bcrypt
import httpx
import pytest

from tests.certificates import Authority
from tests.contract.people import ANN
from tests.contract.sql_servers import SqlServer, mariadb, postgresql
from tests.contract.sql_stores import (
    QUERY,
    READER_PASSWORD,
    another_password,
    changed,
    filled,
    hashed,
    login,
    password_file,
    reader,
    table,
    users,
)
from tests.live import Live, live_server
from tests.quickness import can_be_done_within
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity, OutsideStore

UPDATE = "UPDATE users SET pass = :password_hash WHERE login = :name AND pass = :old_hash"
BCRYPT = bcrypt.hashpw(ANN.password.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def postgres() -> Iterator[SqlServer]:
    with postgresql() as server:
        server.execute([*filled("postgresql"), *reader("postgresql"), *users("postgresql")])
        yield server


@pytest.fixture(scope="module")
def maria() -> Iterator[SqlServer]:
    with mariadb() as server:
        server.execute([*filled("mysql"), *reader("mysql"), *users("mysql")])
        yield server


@pytest.fixture(params=["postgres", "maria"])
def server(request: pytest.FixtureRequest) -> SqlServer:
    found: SqlServer = request.getfixturevalue(request.param)
    return found


def said(store: OutsideStore, name: str, password: str) -> str:
    """`in`, why not, or that there is no answer and why."""
    try:
        found = store.check(name, Secret(password))
    except AnswerFailed as failed:
        return f"no answer: {failed}"
    return found.reason if isinstance(found, Denied) else "in"


def at(server: SqlServer, database: str) -> str:
    return f"{server.kind}://127.0.0.1:{server.port}/{database}"


# --- tables ----------------------------------------------------------------------------------------------------------


def reading(server: SqlServer, **more: object) -> Iterator[OutsideStore]:
    store = table(f"{server.kind}://site_reader@127.0.0.1:{server.port}/site", password_file(server.folder), **more)
    yield store
    store.close()


def test_a_query_that_writes_is_refused_by_the_database__S2_14(postgres: SqlServer) -> None:
    postgres.execute(["GRANT DELETE ON users TO site_reader"])
    deletes = (
        "WITH gone AS (DELETE FROM users WHERE login = :name RETURNING *) "
        "SELECT login AS name, pass AS password_hash FROM gone"
    )
    for store in reading(postgres, query=deletes):
        assert "read-only" in said(store, ANN.name, ANN.password)
    for store in reading(postgres):
        assert said(store, ANN.name, ANN.password) == "in"


def test_a_query_that_takes_too_long_is_no_answer__C17__F6(server: SqlServer) -> None:
    sleep = "pg_sleep(30)" if server.kind == "postgresql" else "SLEEP(30)"
    slow = f"SELECT login AS name, pass AS password_hash FROM users WHERE login = :name AND {sleep} IS NOT NULL"
    for store in reading(server, query=slow, timeout=0.5):
        said_so = partial(said, store, ANN.name, ANN.password)
        assert said_so().startswith("no answer")
        can_be_done_within(2, said_so)


def test_hashes_are_exchanged_where_that_is_allowed__S2_14(server: SqlServer) -> None:
    server.execute([changed(server.kind, ANN.name, BCRYPT)])
    for store in reading(server, update=UPDATE):  # the reader may not
        assert said(store, ANN.name, ANN.password) == "in"
        assert version(store) == BCRYPT
    owner = "site_reader" if server.kind == "postgresql" else "site_reader@'%'"
    server.execute([f"GRANT UPDATE ON users TO {owner}"])
    for store in reading(server, update=UPDATE):
        assert said(store, ANN.name, ANN.password) == "in"
        assert version(store).startswith("$argon2id$")
        assert said(store, ANN.name, ANN.password) == "in"


def test_a_column_that_is_too_short_keeps_its_hash__S2_14(server: SqlServer) -> None:
    """MariaDB cuts what is too long where the server is told to; then nobody could log in again."""
    if server.kind == "mysql":
        server.execute(["SET GLOBAL sql_mode = ''"])
    owner = "site_reader" if server.kind == "postgresql" else "site_reader@'%'"
    server.execute(
        [
            "CREATE TABLE short (login VARCHAR(80), pass VARCHAR(60))"
            + (" ENGINE=MyISAM" if server.kind == "mysql" else ""),
            f"INSERT INTO short VALUES ('ann', '{BCRYPT}')",
            f"GRANT SELECT, UPDATE ON short TO {owner}",
        ]
    )
    query, update = QUERY.replace("FROM users", "FROM short"), UPDATE.replace("users", "short")
    query = query.replace("banned AS disabled, mail AS attribute_mail", "0 AS disabled")
    for store in reading(server, query=query, update=update):
        for _ in range(2):
            assert said(store, ANN.name, ANN.password) == "in"
        assert version(store) == BCRYPT


def test_a_name_that_the_columns_cannot_hold_is_unknown__F17(maria: SqlServer) -> None:
    """Old tables are Latin-1, and the database then refuses to compare."""
    maria.execute(
        [
            "CREATE TABLE old (login VARCHAR(80), pass VARCHAR(255)) CHARACTER SET latin1",
            f"INSERT INTO old VALUES ('ann', '{hashed(ANN.password)}'), ('zo\u00eb', '{hashed('z')}')",
        ]
    )
    query = "SELECT login AS name, pass AS password_hash FROM old WHERE login = :name"
    for store in reading(maria, query=query):
        assert said(store, "ann", ANN.password) == "in"
        assert said(store, "\uff41nn", ANN.password) == "unknown-user"
        assert said(store, "\u0430nn", ANN.password) == "unknown-user"


def version(store: OutsideStore) -> str:
    found = getattr(store, "find")(ANN.name)  # noqa: B009 - the port has none
    assert isinstance(found, Identity)
    return found.version


# --- users of the server ---------------------------------------------------------------------------------------------


def test_only_what_is_said_of_name_and_password_is_a_no__S2_14__C07__C17(postgres: SqlServer) -> None:
    postgres.execute(
        [
            "CREATE ROLE outside LOGIN PASSWORD 'p'",
            "CREATE ROLE full_up LOGIN PASSWORD 'p' CONNECTION LIMIT 0",
            "CREATE ROLE barred LOGIN PASSWORD 'p'",
            "CREATE ROLE expired LOGIN PASSWORD 'p' VALID UNTIL '2020-01-01'",
            "CREATE ROLE copier LOGIN PASSWORD 'p' REPLICATION",
            "CREATE ROLE postgres LOGIN PASSWORD 'p'",
            "CREATE DATABASE lonely",
            "REVOKE CONNECT ON DATABASE lonely FROM PUBLIC",
        ]
    )
    store = login(at(postgres, "site"))
    assert said(store, "outside", "p") == "in"
    assert said(store, "expired", "p") == "refused-elsewhere"
    assert (
        said(store, "copier", "p") == said(store, "postgres", "p") == said(store, "POSTGRES", "p") == "forbidden-user"
    )
    assert said(store, "owner", "the owner's") == "forbidden-user"
    assert "53300" in said(store, "full_up", "p")
    assert "28000" in said(store, "barred", "p")
    assert said(store, "full_up", "wrong") == "refused-elsewhere"
    assert said(login(at(postgres, "lonely")), "outside", "p") == "no-database-access"
    nowhere = login(at(postgres, "nowhere"))
    assert said(nowhere, "outside", "p").startswith("no answer")
    assert said(store, "x" * 64, "p") == "refused-elsewhere"


def test_only_what_mariadb_says_of_name_and_password_is_a_no__S2_14__C07__C17(maria: SqlServer) -> None:
    maria.execute(
        [
            "CREATE USER outside@'%' IDENTIFIED BY 'p'",
            "CREATE USER strong@'%' IDENTIFIED BY 'p'",
            "GRANT ALL ON *.* TO strong@'%'",
            "CREATE USER ''@'%' IDENTIFIED BY 'p'",
            "CREATE USER bare@'%'",
            "CREATE USER expired@'%' IDENTIFIED BY 'p' PASSWORD EXPIRE",
        ]
    )
    try:
        store = login(at(maria, "site"))
        assert said(store, "ann", ANN.password) == "in"
        assert said(store, "outside", "p") == "no-database-access"
        assert said(store, "strong", "p") == "forbidden-user"
        assert said(store, "bare", "p") == "refused-elsewhere"
        assert said(store, "bob", "hunter2 hunter2") == "account-locked"
        assert said(store, "expired", "p") in ("password-expired", "no-database-access")
        assert said(store, "nobody", "p") in ("no-database-access", "other-name")
    finally:
        maria.execute(["DROP USER ''@'%'"])
    assert said(login(at(maria, "nowhere")), "ann", ANN.password) == "no-database-access"


def test_a_server_that_trusts_anybody_lets_nobody_in__S2_14(postgres: SqlServer) -> None:
    postgres.execute(["CREATE ROLE careless LOGIN", "CREATE DATABASE open"])
    for database, name in (("site", "careless"), ("open", ANN.name)):
        for password in (ANN.password, "anything"):
            assert "whatever their password is" in said(login(at(postgres, database)), name, password)
    assert said(login(at(postgres, "open")), ANN.name, "") == "unusable-password"


def test_a_server_that_skips_grants_lets_nobody_in__S2_14() -> None:
    with mariadb("--skip-grant-tables") as server:
        for name in ("ann", "nobody"):
            assert "whatever their password is" in said(login(at(server, "site")), name, "anything")


def test_older_ways_to_ask_for_a_password_do__S2_14(postgres: SqlServer) -> None:
    postgres.execute(
        [
            "SET password_encryption = md5",
            "CREATE ROLE older LOGIN PASSWORD 'p'",
            "CREATE DATABASE plain",
            "CREATE DATABASE hashed",
        ]
    )
    for database in ("plain", "hashed"):
        store = login(at(postgres, database))
        assert said(store, "older", "p") == "in"
        assert said(store, "older", "wrong") == "refused-elsewhere"
        assert said(store, ANN.name, ANN.password) == "in"


def test_a_server_proves_itself_before_it_gets_a_password__S2_14(server: SqlServer, tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_text(Authority("Somebody else").pem)
    for host in ("127.0.0.1", "localhost"):
        store = login(at(server, "site").replace("127.0.0.1", host), ca_file=server.authority)
        assert said(store, ANN.name, ANN.password) == "in"
        assert said(store, ANN.name, "wrong") == "refused-elsewhere"
    strange = login(at(server, "site"), ca_file=tmp_path / "other.pem")
    assert "certificate verify failed" in said(strange, ANN.name, ANN.password)


def test_a_certificate_for_another_host_is_no_proof__S2_14(server: SqlServer) -> None:
    named = at(server, "site").replace("127.0.0.1", "127.1")  # the same address, and no name in the certificate
    strict = login(named, ca_file=server.authority)
    lax = login(named, ca_file=server.authority, tls="verify-ca")
    assert "certificate verify failed" in said(strict, ANN.name, ANN.password)
    assert said(lax, ANN.name, ANN.password) == "in"


def test_nobody_goes_on_without_tls__S2_14() -> None:
    """Whoever sits between can say that the server speaks none."""
    with mariadb("--skip-ssl") as maria, postgresql(tls=False) as postgres:
        for server in (maria, postgres):
            server.execute(users(server.kind))
            secure = login(at(server, "site"), ca_file=server.authority)
            assert said(secure, ANN.name, ANN.password).startswith("no answer")
            assert said(login(at(server, "site")), ANN.name, ANN.password) == "in"


def test_no_connection_stays_behind__S2_14(postgres: SqlServer) -> None:
    store = login(at(postgres, "site"))
    for _ in range(60):  # the server takes 40
        assert said(store, ANN.name, ANN.password) == "in"


# --- the whole way ---------------------------------------------------------------------------------------------------


def came_in(live: Live, password: str) -> int:
    return httpx.get(f"{live.url}/whoami", auth=(ANN.name, password), timeout=20).status_code


@pytest.mark.parametrize("kind", ["sql_table", "sql_login"])
def test_a_stopped_database_logs_nobody_out_and_is_of_use_again__S2_14__C17__F6(
    server: SqlServer, kind: str, tmp_path: Path
) -> None:
    server.execute([changed(server.kind, ANN.name, hashed(ANN.password))])
    (tmp_path / "password").touch(0o600)
    (tmp_path / "password").write_text(READER_PASSWORD)
    user = "site_reader@" if kind == "sql_table" else ""
    lines = f'url = "{server.kind}://{user}127.0.0.1:{server.port}/site"\ntimeout = "10s"\n'
    if kind == "sql_table":
        lines += f'password_file = "{tmp_path / "password"}"\nquery = "{QUERY}"\n'
    config = f'[[store]]\nkind = "{kind}"\nrecheck = 0.01\n[store.{kind}]\n{lines}'
    credentials = {"username": ANN.name, "password": ANN.password}
    with live_server(config) as live, httpx.Client(base_url=live.url, timeout=20) as client:
        assert came_in(live, ANN.password) == 200
        assert came_in(live, "wrong") == 401
        assert client.post("/login", json=credentials).status_code == 200
        assert client.get("/whoami").status_code == 200
        server.stop()
        try:
            begun = time.monotonic()
            assert came_in(live, "wrong again") == 503
            assert time.monotonic() - begun < 8, "a closed port needs no waiting"
            assert httpx.post(f"{live.url}/login", json=credentials, timeout=20).status_code == 503
            assert client.get("/whoami").status_code == 200
        finally:
            server.start()
        end = time.monotonic() + 20
        while (found := came_in(live, ANN.password)) != 200:
            assert found == 503
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_changed_password_is_the_database_s_word__S2_3(server: SqlServer) -> None:
    store = login(at(server, "site"))
    server.execute([another_password(server.kind, ANN.name, "another password")])
    try:
        assert said(store, ANN.name, ANN.password) == "refused-elsewhere"
        assert said(store, ANN.name, "another password") == "in"
    finally:
        server.execute([another_password(server.kind, ANN.name, ANN.password)])
