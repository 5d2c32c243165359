"""Is there any way to programmatically generate a CouchDB cookie?

An application's server knows who its users are, and wants to hand each a cookie that CouchDB takes, for ten minutes,
without keeping their passwords. CouchDB's cookie is an HMAC under its own secret and the user's salt: whoever knows
both makes such cookies, and knows them again. So a cookie made here is good at CouchDB, one made there is good here,
and clients that were written for CouchDB log in here without a change.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cli.calling import call
from tests.live import Live, User, live_server
from tests.pouchdb import Node, node_with_packages

SECRET = "92de07df7e7a3fe14808cef90a7cc0d91"
PASSWORD = "correct horse battery"
CONFIG = """
[realm]
personas = ["couchdb"]
[couchdb]
secret_file = "couchdb.secret"
hash = ["sha1", "sha256"]  # PouchDB's server is of the time before 3.3
"""


@dataclass(frozen=True, slots=True)
class Both:
    """The two servers, with one secret."""

    ours: Live
    theirs: str
    node: Node


@pytest.fixture(scope="module")
def both(require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    node = node_with_packages(require_program)
    data = tmp_path_factory.mktemp("data")
    (data / "couchdb.secret").touch(0o600)
    (data / "couchdb.secret").write_text(f"{SECRET}\n")
    kept = [{"name": name, "password": PASSWORD, "roles": ["clerk"]} for name in ("ann", "Zoë")]
    with node.pouchdb_server(secret=SECRET, users=kept) as theirs:
        (data / "watchword.toml").write_text(CONFIG)
        (data / "users.json").write_bytes(httpx.get(f"{theirs}/_users/_all_docs?include_docs=true").content)
        imported = call("import", str(data / "users.json"), "--json", "--data", str(data))
        assert imported.code == 0, imported.err
        assert imported.json["users"]["created"] == 2
        with live_server(CONFIG, [User("root", PASSWORD, frozenset(("admin",)))], data=data) as ours:
            yield Both(ours, theirs, node)


def session(url: str, cookie: str) -> tuple[str | None, list[str], str | None]:
    """Whom a server takes the cookie for, by CouchDB's own route."""
    answer = httpx.get(f"{url}/_session", headers={"cookie": cookie})
    assert answer.status_code == 200
    told = answer.json()
    return told["userCtx"]["name"], told["userCtx"]["roles"], told["info"].get("authenticated")


def logged_in(url: str, name: str) -> str:
    """The cookie that a server gives for the password."""
    answer = httpx.post(f"{url}/_session", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"ok": True, "name": name, "roles": ["clerk"]}
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("name", ["ann", "Zoë"])
def test_cookie_of_either_server_is_good_at_both__S2_25__S2_26(both: Both, name: str) -> None:
    # The documents of `_users` came over with their hashes and salts, so the password is the same here.
    for cookie in (logged_in(both.ours.url, name), logged_in(both.theirs, name)):
        for url in (both.ours.url, both.theirs):
            assert session(url, cookie) == (name, ["clerk"], "cookie")
    who = httpx.get(f"{both.ours.url}/whoami", headers={"cookie": logged_in(both.theirs, name)}).json()
    assert (who["subject"], who["mechanism"]) == (name, "couchdb")


def test_administrator_makes_the_cookie_without_the_password__S2_26(both: Both) -> None:
    made = httpx.post(f"{both.ours.url}/users/ann/couchdb-cookie", params={"hash": "sha1"}, auth=("root", PASSWORD))
    assert made.status_code == 200
    printed = call(
        "couchdb-cookie",
        *("--user", "ann", "--hash", "sha1", "--data", str(both.ours.data)),
        *("--config", str(both.ours.data / "watchword.toml")),
    )
    assert printed.code == 0, printed.err
    for cookie in (f"AuthSession={made.json()['auth_session']}", printed.out.strip()):
        for url in (both.ours.url, both.theirs):
            assert session(url, cookie) == ("ann", ["clerk"], "cookie")


def test_cookie_under_another_secret_is_nobody_s__S2_26(both: Both) -> None:
    good = logged_in(both.ours.url, "ann")
    forged = good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    for url in (both.ours.url, both.theirs):
        name, _, authenticated = session(url, forged)
        assert (name, authenticated) == (None, None)


def test_nano_logs_in_and_goes_on_by_its_cookie__S2_25(both: Both) -> None:
    code = """
        const nano = require('nano')({ url: args[0], requestDefaults: { jar: true } });
        const before = await nano.session();
        const done = await nano.auth('ann', args[1]);
        const after = await nano.session();
        const refused = await nano.auth('ann', 'wrong').catch((error) => error);
        return [before.userCtx, done, after, [refused.statusCode, refused.error, refused.reason]];
    """
    before, done, after, refused = both.node.run(code, both.ours.url, PASSWORD)
    assert before == {"name": None, "roles": []}
    assert done == {"ok": True, "name": "ann", "roles": ["clerk"]}
    assert after["userCtx"] == {"name": "ann", "roles": ["clerk"]}
    assert after["info"]["authenticated"] == "cookie"
    assert refused == [401, "unauthorized", "Name or password is incorrect."]


def test_pouchdb_auth_logs_in_and_out__S2_25(both: Both) -> None:
    code = """
        const PouchDB = require('pouchdb-core')
            .plugin(require('pouchdb-adapter-http')).plugin(require('pouchdb-auth'));
        const users = new PouchDB(args[0] + '/_users', { skip_setup: true });
        await users.useAsAuthenticationDB({ isOnlineAuthDB: true });
        const done = await users.logIn('ann', args[1]);
        const session = await users.session();
        const out = await users.logOut();
        return [done, session, out];
    """
    done, session, out = both.node.run(code, both.ours.url, PASSWORD)
    assert done == {"ok": True, "name": "ann", "roles": ["clerk"]}
    assert session["ok"] is True
    assert session["info"]["authentication_db"] == "_users"
    assert out == {"ok": True}


def test_pouchdb_authentication_logs_in_and_out__S2_25(both: Both) -> None:
    code = """
        const PouchDB = require('pouchdb-core')
            .plugin(require('pouchdb-adapter-http')).plugin(require('pouchdb-authentication'));
        const db = new PouchDB(args[0] + '/records', { skip_setup: true });
        const before = await db.getSession();
        const refused = await db.logIn('ann', 'wrong').catch((error) => error);
        const done = await db.logIn('ann', args[1]);
        const session = await db.getSession();
        const out = await db.logOut();
        const after = await db.getSession();
        return [before, [refused.status, refused.name], done, session, out, after].map((it) => it.userCtx || it);
    """
    nobody: dict[str, object] = {"name": None, "roles": []}
    before, refused, done, session, out, after = both.node.run(code, both.ours.url, PASSWORD)
    assert (before, after) == (nobody, nobody)
    assert refused == [401, "unauthorized"]
    assert done == {"ok": True, "name": "ann", "roles": ["clerk"]}
    assert session == {"name": "ann", "roles": ["clerk"]}
    assert out == {"ok": True}


def test_password_checked_here_is_the_one_that_couchdb_kept(both: Both) -> None:
    basic = {"authorization": f"Basic {b64encode(f'ann:{PASSWORD}'.encode()).decode()}"}
    assert httpx.get(f"{both.ours.url}/whoami", headers=basic).json()["roles"] == ["clerk"]


def test_what_an_import_cannot_keep_is_said(tmp_path: Path) -> None:
    document = '{"_id": "org.couchdb.user:ann", "name": "ann", "type": "user", "roles": [], "salt": "s",'
    file = tmp_path / "users.json"
    for stored, says in (
        (
            '"password_scheme": "pbkdf2", "pbkdf2_prf": "whirlpool", "derived_key": "00", "iterations": 1',
            "password_hash",
        ),
        ('"password_scheme": "scram"', "password_hash"),
    ):
        file.write_text(f'{{"user": {document} {stored}}}}}\n')
        answer = call("import", str(file), "--data", str(tmp_path / "data"))
        assert answer.code == 1
        assert says in answer.err
        assert "ann" in answer.err
