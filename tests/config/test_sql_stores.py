"""Settings of other applications' databases: which statements and places are taken, and what is said of others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.certificates import Authority
from watchword.config import ConfigurationError, load
from watchword.stores.sql.statement import select, update

QUERY = "SELECT login AS name, pass AS password_hash FROM users WHERE login = :name"


@pytest.mark.parametrize(
    "text",
    [
        QUERY,
        QUERY + ";",
        QUERY.lower(),
        "\n  SELECT login AS name,\n\tpass AS password_hash FROM users WHERE login = :name OR mail = :name\n",
        "WITH u AS (SELECT * FROM users) SELECT login AS name, pass AS password_hash FROM u WHERE login = :name",
        "SELECT a AS name, b AS password_hash FROM t WHERE a = CAST(:name AS text) AND c <> 'it''s; -- #1 {%s}'",
        "SELECT \"user\" AS name, `pass` AS password_hash FROM t WHERE a = :name AND c LIKE '%x%' AND d = '12:30:10'",
        "SELECT a AS name, b::text AS password_hash FROM t WHERE a = :name AND c % 2 = 0",
    ],
)
def test_a_question_about_a_name_is_taken__S2_14(text: str) -> None:
    assert select(text).split() == text.strip().removesuffix(";").split()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not begin with SELECT or WITH"),
        ("DELETE FROM users WHERE login = :name", "does not begin with"),
        ("SELECTED :name", "does not begin with"),
        (QUERY + "; DROP TABLE users", "semicolon"),
        (QUERY + " -- now", "comment"),
        (QUERY + " /* now */", "comment"),
        (QUERY + " # now", "number sign"),
        ("SELECT 1", "no parameter"),
        ("SELECT a FROM t WHERE a = :login", ":login"),
        ("SELECT a FROM t WHERE a = :name AND b = :password", ":name and :password"),
        ("SELECT a FROM t WHERE a = :name::text", ":nam"),
        ("SELECT a FROM t WHERE a = ':name'", "within quotation marks"),
        ("SELECT a FROM t WHERE a = :name AND b LIKE '%:name%'", "within quotation marks"),
        ('SELECT ":name" FROM t WHERE a = :name', "within quotation marks"),
        ("SELECT a FROM t WHERE a = '%s' OR a = :name OR b = %s", "%s"),
        ("SELECT a FROM t WHERE a = %(name)s", "%("),
        ("SELECT a FROM t WHERE a = {name}", "brace"),
        ("SELECT a FROM t WHERE a = ?", "question mark"),
        ("SELECT a FROM t WHERE a = $1", "dollar"),
        ("SELECT a FROM t WHERE a = $$:name$$", "dollar"),
        ("SELECT a FROM t WHERE a = 'it\\'s' AND b = :name", "backslash"),
        ("SELECT a FROM t WHERE a = 'open AND b = :name", "quotation mark"),
        ("SELECT a FROM t WHERE a = :name\0", "control character"),
    ],
)
def test_what_could_mean_something_else_is_refused__S2_14(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("(", r"\(").replace("$", r"\$")):
        select(text)


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE users SET pass = :password_hash WHERE login = :name",
        "UPDATE users SET pass = :password_hash",
        "DELETE FROM users WHERE login = :name AND pass = :old_hash AND :password_hash = ''",
        QUERY,
    ],
)
def test_an_exchange_names_the_hash_that_it_replaces__S2_14(text: str) -> None:
    """A password that was changed meanwhile must not be put back."""
    with pytest.raises(ValueError, match=r"write|begin"):
        update(text)


def problems(tmp_path: Path, kind: str, **settings: object) -> list[str]:
    if kind == "sql_table":
        settings = {"query": QUERY, **settings}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    file = tmp_path / "watchword.toml"
    file.write_text(f'[[store]]\nkind = "{kind}"\n[store.{kind}]\n{lines}\n')
    try:
        load(file, {})
    except ConfigurationError as refused:
        return [str(problem) for problem in refused.problems]
    return []


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("sql_table", {"url": "sqlite:////srv/site.db"}),
        ("sql_table", {"url": "postgresql://reader@127.0.0.1/site"}),
        ("sql_table", {"url": "postgresql+psycopg://reader@localhost:5433/site"}),
        ("sql_table", {"url": "postgresql://reader@/site?host=/run/postgresql"}),
        ("sql_table", {"url": "mariadb://reader@/site?unix_socket=/run/mysqld/mysqld.sock"}),
        ("sql_table", {"url": "mysql://reader@db.example.com/site"}),
        ("sql_table", {"url": "mysql://reader@db.example.com/site", "tls": "off", "allow_cleartext": True}),
        ("sql_table", {"url": "sqlite:////srv/site.db", "format": "hex-md5", "allow_fast_hashes": True}),
        ("sql_login", {"url": "postgresql://db.example.com/site"}),
        ("sql_login", {"url": "mysql://[::1]:3307/site"}),
    ],
    ids=lambda value: str(value),
)
def test_what_is_safe_is_taken__S2_14(tmp_path: Path, kind: str, settings: dict[str, object]) -> None:
    assert problems(tmp_path, kind, **settings) == []


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("sql_table", {"url": "postgresql://reader:hunter2@db.example.com/site"}, "holds a password"),
        ("sql_table", {"url": "postgresql://reader@db.example.com/site?sslmode=require"}, "ca_file and tls"),
        ("sql_table", {"url": "postgresql://reader@db.example.com"}, "one server and one database"),
        ("sql_table", {"url": "postgresql://reader@db.example.com/site?host=/run"}, "one server and one database"),
        ("sql_table", {"url": "postgresql://db.example.com/site"}, "names no user"),
        ("sql_table", {"url": "oracle://reader@db.example.com/site"}, "no kind of database"),
        ("sql_table", {"url": "nonsense"}, "no URL of a database"),
        ("sql_table", {"url": "sqlite:///site.db"}, "whole path"),
        ("sql_table", {"url": "sqlite://"}, "whole path"),
        ("sql_table", {"url": "mysql://reader@db.example.com/site", "tls": "off"}, "in cleartext"),
        ("sql_table", {"url": "mysql://reader@db.example.com/site", "ca_file": "none.pem"}, "none.pem"),
        ("sql_table", {"url": "mysql://reader@127.0.0.1/site", "tls": "off", "ca_file": "ca.pem"}, "nobody reads this"),
        ("sql_table", {"url": "sqlite:////srv/site.db", "format": "hex-md5"}, "allow_fast_hashes"),
        ("sql_table", {"url": "sqlite:////srv/site.db", "password_variable": "SITE"}, "SITE holds no password"),
        ("sql_table", {"url": "sqlite:////srv/site.db", "timeout": "1m"}, "10 seconds"),
        ("sql_table", {"url": "sqlite:////srv/site.db", "query": "SELECT 1; SELECT :name"}, "semicolon"),
        ("sql_login", {"url": "postgresql://ann@db.example.com/site"}, "names a user"),
        ("sql_login", {"url": "postgresql:///site?host=/run/postgresql"}, "names a Unix socket"),
        ("sql_login", {"url": "sqlite:////srv/site.db"}, "is a file"),
        ("sql_login", {"url": "postgresql://db.example.com/site", "tls": "off"}, "in cleartext"),
        ("sql_login", {"url": "postgresql://db.example.com/site", "allow_cleartext": True}, "there is no such key"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_not_is_refused_with_a_sentence__S2_14(
    tmp_path: Path, kind: str, settings: dict[str, object], says: str
) -> None:
    found = problems(tmp_path, kind, **settings)
    assert any(says in problem for problem in found)
    assert not any("hunter2" in problem for problem in found)


def test_a_password_lies_in_a_file_of_its_own__S2_14(tmp_path: Path) -> None:
    file = tmp_path / "site-db.password"
    url = "postgresql://reader@127.0.0.1/site"
    settings: dict[str, object] = {"url": url, "password_file": file.name}
    assert any("is not there" in problem for problem in problems(tmp_path, "sql_table", **settings))
    file.write_text("hunter2\n")
    file.chmod(0o644)
    assert any("chmod 600" in problem for problem in problems(tmp_path, "sql_table", **settings))
    file.chmod(0o600)
    assert problems(tmp_path, "sql_table", **settings) == []
    both = problems(tmp_path, "sql_table", **settings, password_variable="SITE")
    assert any("has both" in problem for problem in both)


def test_certificates_are_demanded_beyond_this_machine__S2_14(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(Authority("Test databases").pem)
    near: dict[str, object] = {"url": "mysql://reader@127.0.0.1/site"}
    far: dict[str, object] = {"url": "mysql://reader@db.example.com/site"}
    for settings, tls in ((near, "off"), (near | {"ca_file": "ca.pem"}, "verify-full"), (far, "verify-full")):
        assert problems(tmp_path, "sql_table", **settings) == []
        (store,) = load(tmp_path / "watchword.toml", {}).store
        assert store.sql_table is not None
        database = store.sql_table.reached()
        context = database.context()
        assert database.tls == tls
        assert (context is None) == (tls == "off")
        if context is not None:
            assert context.check_hostname
