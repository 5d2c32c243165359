"""The ways in which a server stands between clients and CouchDB, each as a transcript (S2.28, S2.30, S2.31, S2.32).

The thread names them: a proxy that tells CouchDB who asks; a middleware that hands CouchDB's cookie on; one that
connects as itself. CouchDB is played by a double written from its documentation and, where it can, by PouchDB's server,
which nobody here wrote and which knows no proxy authentication.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest

from tests.contract.couchdb_store import pouchdb
from tests.contract.people import ANN, Person
from tests.couchdb_double import ADMIN, ADMIN_PASSWORD, SECRET, CouchDouble, couchdb_double
from tests.gateway.nginx import run_nginx
from tests.live import Live, User, live_server
from tests.ports import free_port
from tests.relay import Relay, relay
from watchword.config.couchdb.proxy import CouchdbProxySettings
from watchword.config.keys.file import load_or_make_keys, read_keys
from watchword.core.ask import AnswerFailed
from watchword.crypto.couchdb_password import couchdb_password, couchdb_passwords
from watchword.crypto.couchdb_proxy import proxy_token
from watchword.crypto.secret import Secret
from watchword.server.gateway import nginx_configuration
from watchword.stores.couchdb.passwords import MARK, Became, rotate_passwords
from watchword.stores.couchdb.users import CouchDBUsers

USERS = (User("ann", roles=frozenset(("clerk", "_admin", "a,_admin"))), User("zoë"), User("only-here"))
SPELLINGS = (
    "X-Auth-CouchDB-UserName",
    "x-auth-couchdb-username",
    "X_Auth_CouchDB_UserName",
    "X.Auth.CouchDB.UserName",
    "X-AUTH-COUCHDB-USERNAME",
)


@dataclass(slots=True)
class Told:
    """An answer: `cookies` are the Set-Cookie lines."""

    status: int
    content: str
    cookies: list[str]
    relayed: str | None
    names: list[str]


def ask(port: int, method: str, target: str, fields: list[tuple[str, str]], body: object = None) -> Told:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    content = b"" if body is None else json.dumps(body).encode()
    connection.putrequest(method, target)
    for name, value in [*fields, ("Content-Type", "application/json"), ("Content-Length", str(len(content)))]:
        connection.putheader(name, value.encode())
    connection.endheaders(content)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    told = answer.getheader("CouchDB-Session")
    return Told(answer.status, text, answer.msg.get_all("Set-Cookie") or [], told, [*answer.headers])


def basic(name: str, password: str = "correct horse battery") -> tuple[str, str]:
    return "Authorization", httpx2.BasicAuth(name, password)._auth_header


@pytest.fixture(scope="module")
def couch() -> Iterator[CouchDouble]:
    with couchdb_double() as double:
        double.add("ann", "correct horse battery", "reader")
        yield double


# --- a proxy tells CouchDB who asks ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Proxied:
    """nginx as we print it, before the double; and the server that it asks."""

    port: int
    server: Live
    couch: CouchDouble

    def session(self, *fields: tuple[str, str]) -> Told:
        return ask(self.port, "GET", "/_session", list(fields))


@pytest.fixture(scope="module")
def proxied(
    require_program: Callable[[str], str], couch: CouchDouble, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    folder, port = tmp_path_factory.mktemp("proxied"), free_port()
    (folder / "couchdb.secret").touch(0o600)
    (folder / "couchdb.secret").write_text(SECRET + "\n")
    config = f"""
[server]
trusted_proxies = ["127.0.0.1"]
[couchdb]
secret_file = "{folder}/couchdb.secret"
[couchdb.proxy]
emit = "proxy"
[[space]]
mechanisms = ["session", "basic"]
[[space.protect]]
path = "/public/*"
public = true
[[space.protect]]
path = "/_session"
public = true
"""
    with live_server(config, USERS) as server:
        printed = nginx_configuration(
            server_url=server.url,
            upstream_url=couch.url,
            listen=f"127.0.0.1:{port}",
            couchdb=("X-Auth-CouchDB-UserName", "X-Auth-CouchDB-Roles", "X-Auth-CouchDB-Token"),
        )
        with run_nginx(require_program("nginx"), printed, port, folder):
            yield Proxied(port, server, couch)


@pytest.mark.nginx
def test_couchdb_learns_from_the_proxy_who_asks__S2_28__S2_31(proxied: Proxied) -> None:
    answer = proxied.session(basic("ann"))
    context = json.loads(answer.content)
    assert context["userCtx"] == {"name": "ann", "roles": ["clerk"]}
    assert context["info"]["authenticated"] == "proxy"
    heard = proxied.couch.transcript[-1]
    assert heard.fields["x-auth-couchdb-token"] == proxy_token(b"ann", Secret(SECRET)).decode()
    assert not [name for name in answer.names if "couchdb" in name.lower()], "no client sees a token"
    assert json.loads(proxied.session(basic("zoë")).content)["userCtx"]["name"] == "zoë"


@pytest.mark.nginx
@pytest.mark.parametrize("name", SPELLINGS)
def test_clients_cannot_speak_to_couchdb_in_the_proxy_s_fields__S2_28__F21__F23(proxied: Proxied, name: str) -> None:
    token = ("X-Auth-CouchDB-Token", proxy_token(b"root", Secret(SECRET)).decode())
    spoofed = ((name, "root"), ("X-Auth-CouchDB-Roles", "_admin"), token)
    for fields in (spoofed, (*spoofed, basic("ann")), (*spoofed, *spoofed)):
        before = len(proxied.couch.transcript)
        answer = proxied.session(*fields)
        heard = proxied.couch.transcript[before:]
        assert all("root" not in one.fields.values() for one in heard)
        if answer.status == 200:
            named = "ann" if basic("ann") in fields else None
            assert json.loads(answer.content)["userCtx"]["name"] == named
        else:
            assert (answer.status, heard) == (400, [])


PATHS = ("/verify", "/verify/nginx", "/verify/traefik", "/verify/caddy")
ASKED = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/public/x"), ("X-Auth-CouchDB-UserName", "root")]


def told_fields(answer: Told) -> list[str]:
    return [name for name in answer.names if name.lower().startswith("x-auth-couchdb-")]


def test_nobody_but_a_trusted_proxy_is_told_a_token__S2_28__F23() -> None:
    with live_server('[couchdb.proxy]\nemit = "safe"\n', USERS[:1]) as server:
        for path in PATHS:
            for fields in ([], ASKED):
                answer = ask(server.port, "GET", path, [basic("ann"), *fields])
                assert (answer.status, told_fields(answer)) == (200, [])


@pytest.mark.nginx
def test_a_trusted_proxy_is_told_who_asks_and_nothing_of_nobody__S2_28__S2_31(proxied: Proxied) -> None:
    for path in PATHS:
        assert len(told_fields(ask(proxied.server.port, "GET", path, [basic("ann"), *ASKED]))) == 3
        nobody = told_fields(ask(proxied.server.port, "GET", path, ASKED))
        # Proxies that copy fields by name would pass on the client's own where ours are missing.
        assert len(nobody) == (3 if path in ("/verify/traefik", "/verify/caddy") else 0)
        other_spelling = [basic("ann"), *ASKED[:2], ("X_Auth_CouchDB_UserName", "root")]
        assert ask(proxied.server.port, "GET", path, other_spelling).status in (400, 403)


# --- the middleware hands CouchDB's cookie on ------------------------------------------------------------------------


@dataclass(slots=True)
class Relayed:
    """A server that relays log-ins, and the wire between it and CouchDB."""

    server: Live
    wire: Relay
    couch: CouchDouble

    def log_in(self, name: str = "ann", password: str = "correct horse battery") -> Told:
        return ask(self.server.port, "POST", "/login", [], {"username": name, "password": password})


@pytest.fixture(scope="module")
def relayed(couch: CouchDouble) -> Iterator[Relayed]:
    with relay(couch.port) as wire, live_server(f'[couchdb.relay]\nurl = "{wire.url}"\n', USERS) as server:
        yield Relayed(server, wire, couch)


def couch_s(answer: Told) -> str:
    (line,) = (line for line in answer.cookies if line.startswith("AuthSession="))
    return line


def test_a_log_in_here_is_one_at_couchdb_and_both_cookies_are_handed_over__S2_30(relayed: Relayed) -> None:
    answer = relayed.log_in()
    assert (answer.status, answer.relayed) == (200, "established")
    assert any(line.startswith("watchword=ww_s_") for line in answer.cookies)
    heard = relayed.couch.transcript[-1]
    assert (heard.method, heard.path) == ("POST", "/_session")
    assert json.loads(heard.content) == {"name": "ann", "password": "correct horse battery"}
    pair, *attributes = couch_s(answer).split("; ")
    assert {"Max-Age=600", "Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    shown = ask(relayed.couch.port, "GET", "/_session", [("Cookie", pair)])
    assert json.loads(shown.content)["userCtx"] == {"name": "ann", "roles": ["reader"]}
    ended = ask(relayed.server.port, "POST", "/logout", [("Cookie", answer.cookies[0].partition(";")[0])])
    assert (ended.status, couch_s(ended).startswith("AuthSession=; Max-Age=0")) == (204, True)


def test_whom_couchdb_refuses_is_logged_in_here_and_told_so__S2_30__C17(relayed: Relayed) -> None:
    answer = relayed.log_in("only-here")
    assert (answer.status, answer.relayed) == (200, "refused")
    assert couch_s(answer).startswith("AuthSession=; Max-Age=0"), "nobody keeps the cookie of somebody before"
    assert "couchdb_log_in_fail" in relayed.server.log.read_text()


def test_a_wrong_password_here_is_not_even_asked_about_there__S2_30__C07(relayed: Relayed) -> None:
    before = len(relayed.couch.transcript)
    answer = relayed.log_in(password="wrong")
    assert (answer.status, answer.relayed, answer.cookies) == (401, None, [])
    assert len(relayed.couch.transcript) == before


ODD: dict[str, tuple[int, dict[str, str], bytes]] = {
    "redirect": (302, {"Location": "/elsewhere", "Set-Cookie": "AuthSession=stolen; Path=/"}, b"{}"),
    "error": (500, {}, b'{"error": "unknown_error"}'),
    "somebody_else_s_401": (401, {"WWW-Authenticate": "Basic"}, b"<html>log in</html>"),
    "ok_without_a_cookie": (200, {}, b'{"ok": true, "name": "ann", "roles": []}'),
    "another_cookie": (200, {"Set-Cookie": "watchword=planted; Path=/"}, b'{"ok": true, "name": "ann", "roles": []}'),
    "bad_cookie": (200, {"Set-Cookie": 'AuthSession="a b"; Path=/'}, b'{"ok": true, "name": "ann", "roles": []}'),
    "not_json": (200, {"Set-Cookie": "AuthSession=x"}, b"<html>"),
    "too_much": (200, {"Set-Cookie": "AuthSession=x"}, b" " * 70_000),
}


@pytest.mark.parametrize("says", ODD)
def test_what_is_no_clear_answer_of_couchdb_s_is_an_outage_and_never_our_401__S2_30__F6__C17(
    relayed: Relayed, says: str
) -> None:
    relayed.couch.says = ODD[says]
    try:
        answer = relayed.log_in()
    finally:
        relayed.couch.says = None
    assert (answer.status, answer.relayed) == (200, "unavailable")
    assert couch_s(answer).startswith("AuthSession=; Max-Age=0")
    assert not any("stolen" in line or "planted" in line for line in answer.cookies)


def test_log_ins_go_on_while_couchdb_is_down_or_hangs__S2_30__F6(relayed: Relayed) -> None:
    relayed.wire.cut()
    answer = relayed.log_in()
    assert (answer.status, answer.relayed) == (200, "unavailable")
    relayed.wire.mend()
    relayed.wire.hanging = True
    began = time.monotonic()
    answer = relayed.log_in()
    assert (answer.status, answer.relayed) == (200, "unavailable")
    assert time.monotonic() - began < 20, "two seconds for CouchDB, and whatever else this machine does"
    relayed.wire.hanging = False
    assert relayed.log_in().relayed == "established"


def test_the_password_is_in_no_log_line__F33(relayed: Relayed) -> None:
    relayed.log_in()
    text = relayed.server.log.read_text()
    assert "correct horse" not in text
    assert "AuthSession" not in text


def test_pouchdb_s_own_cookie_is_handed_on__S2_30() -> None:
    with pouchdb(ANN) as port, live_server(f'[couchdb.relay]\nurl = "http://127.0.0.1:{port}"\n', USERS) as server:
        answer = ask(server.port, "POST", "/login", [], {"username": "ann", "password": ANN.password})
        assert (answer.status, answer.relayed) == (200, "established")
        shown = ask(port, "GET", "/_session", [("Cookie", couch_s(answer).partition(";")[0])])
        assert json.loads(shown.content)["userCtx"] == {"name": "ann", "roles": sorted(ANN.roles)}
        strange = ask(server.port, "POST", "/login", [], {"username": "only-here", "password": USERS[2].password})
        assert (strange.status, strange.relayed) == (200, "refused")


# --- the middleware connects as itself, with passwords that nobody keeps ---------------------------------------------

OLD, NEW = Secret("the old secret of the application, 0123456789"), Secret("the new one, abcdefghijklmnopqrstuvwxyz")


def own_session(url: str, name: str, secrets: tuple[Secret, ...]) -> str | None:
    """What a middleware does for a user: logs in by a derived password, of the newest secret first; the cookie."""
    with httpx2.Client(trust_env=False) as client:
        for password in couchdb_passwords(name, secrets):
            form = {"name": name, "password": password.reveal_text()}
            if client.post(f"{url}/_session", data=form).status_code == 200:
                return client.cookies["AuthSession"]
    return None


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, CouchDouble | None]]:
    if request.param == "pouchdb":
        with pouchdb(Person("own", "chosen by own itself")) as port:
            yield f"http://127.0.0.1:{port}", None
    else:
        with couchdb_double() as double:
            double.add("own", "chosen by own itself")
            yield double.url, double


@pytest.mark.parametrize("database", ["double", "pouchdb"], indirect=True)
def test_passwords_are_rotated_and_the_old_secret_opens_until_then__S2_30__S2_32(
    database: tuple[str, CouchDouble | None],
) -> None:
    url, _ = database
    users = CouchDBUsers(url, (ADMIN, Secret(ADMIN_PASSWORD)))
    names = ["ann", "o'brien", "zoë"]
    with httpx2.Client(auth=(ADMIN, ADMIN_PASSWORD), trust_env=False) as client:
        for name in names:
            key = f"org.couchdb.user:{name}"
            document = {"_id": key, "name": name, "type": "user", "roles": ["r"], "password": "to be replaced"}
            client.put(f"{url}/_users/{key.replace('/', '%2F')}", json=document).raise_for_status()
    told = {one.name: one.became for one in rotate_passwords(users, OLD, everybody=True, after="o'brien")}
    assert told == {"own": Became.CHANGED, "zoë": Became.CHANGED}, "a run can begin anywhere"
    first = {one.name: one.became for one in rotate_passwords(users, OLD, everybody=True)}
    assert first == {**dict.fromkeys(["ann", "o'brien"], Became.CHANGED), **told, **dict.fromkeys(told, Became.CURRENT)}
    assert all(own_session(url, name, (OLD,)) for name in names)
    assert {one.became for one in rotate_passwords(users, OLD)} == {Became.CURRENT}

    assert [one.became for one in rotate_passwords(users, NEW, dry_run=True)] == [Became.CHANGED] * 4
    assert all(own_session(url, name, (OLD,)) for name in names), "nothing was changed"
    rotation = rotate_passwords(users, NEW)
    done = next(rotation).name
    rotation.close()  # broken off
    assert own_session(url, done, (OLD,)) is None
    assert all(own_session(url, name, (OLD, NEW)) for name in names), "both secrets open while it goes on"
    again = {one.name: one.became for one in rotate_passwords(users, NEW)}
    assert again == {name: Became.CURRENT if name == done else Became.CHANGED for name in (*names, "own")}
    assert all(own_session(url, name, (NEW,)) for name in names)
    assert not any(own_session(url, name, (OLD,)) for name in names)
    found = users.find("zoë")
    assert found is not None
    assert found.document["roles"] == ["r"], "nothing else in the document is changed"


def test_a_password_that_somebody_chose_stays_unless_all_are_asked_for__S2_32(couch: CouchDouble) -> None:
    users = CouchDBUsers(couch.url, (ADMIN, Secret(ADMIN_PASSWORD)))
    assert {one.became for one in rotate_passwords(users, NEW)} == {Became.OWN}
    assert couch.knows("ann", "correct horse battery")


def test_whoever_changes_a_document_meanwhile_is_not_overwritten__S2_32() -> None:
    with couchdb_double() as double:
        double.add("ann", "x")

        def meanwhile(document: dict[str, object]) -> None:
            double.on_put = None
            kept = double.users["org.couchdb.user:ann"]
            double.put({**kept, "roles": ["given meanwhile"]})

        double.on_put = meanwhile
        users = CouchDBUsers(double.url, (ADMIN, Secret(ADMIN_PASSWORD)))
        assert [one.became for one in rotate_passwords(users, NEW, everybody=True)] == [Became.CHANGED]
        assert double.roles("ann") == ["given meanwhile"]
        assert double.knows("ann", couchdb_password("ann", NEW).reveal_text())
        kept = double.users["org.couchdb.user:ann"]
        assert NEW.reveal_text() not in json.dumps(kept)
        assert str(kept[MARK]).startswith("v1.")


def test_more_users_than_a_page_holds_and_an_outage_between_them__S2_32__F6() -> None:
    with couchdb_double() as double, relay(double.port) as wire:
        for number in range(205):
            double.users[f"org.couchdb.user:u{number:03}"] = {
                "_id": f"org.couchdb.user:u{number:03}",
                "_rev": "1-x",
                "type": "user",
                "name": f"u{number:03}",
                "roles": [],
            }
        double.users["org.couchdb.user:x"] = {"_id": "org.couchdb.user:x", "_rev": "1-x", "name": "y", "type": "user"}
        users = CouchDBUsers(wire.url, (ADMIN, Secret(ADMIN_PASSWORD)))
        rotation = rotate_passwords(users, NEW, everybody=True)
        for _ in range(120):
            next(rotation)
        wire.cut()
        with pytest.raises(AnswerFailed):
            list(rotation)
        wire.mend()
        became = [one.became for one in rotate_passwords(users, NEW, everybody=True)]
        assert (became.count(Became.CURRENT), became.count(Became.CHANGED)) == (120, 85)


def test_the_own_connection_by_the_proxy_s_fields_needs_no_password__S2_30__S2_28(couch: CouchDouble) -> None:
    fields = [("X-Auth-CouchDB-UserName", "ann"), ("X-Auth-CouchDB-Roles", "clerk")]
    token = ("X-Auth-CouchDB-Token", proxy_token(b"ann", Secret(SECRET), "sha1").decode())
    shown = ask(couch.port, "GET", "/_session", [*fields, token])
    assert json.loads(shown.content)["userCtx"] == {"name": "ann", "roles": ["clerk"]}
    assert json.loads(ask(couch.port, "GET", "/_session", fields).content)["userCtx"]["name"] is None


# --- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_print_and_rotate__S2_28__S2_32(tmp_path: Path) -> None:
    from tests.cli.calling import call

    for name, text in (("app.secret", NEW.reveal_text().replace(" ", "-")), ("couchdb.secret", SECRET)):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "admin").touch(0o600)
    (tmp_path / "admin").write_text(f"{ADMIN}:{ADMIN_PASSWORD}\n")
    config = tmp_path / "watchword.toml"
    config.write_text('[couchdb]\nsecret_file = "couchdb.secret"\n')
    told = call("couchdb-proxy-token", "ann", "--role", "clerk", f"--config={config}")
    assert told.out.splitlines() == [
        "X-Auth-CouchDB-UserName: ann",
        "X-Auth-CouchDB-Roles: clerk",
        f"X-Auth-CouchDB-Token: {proxy_token(b'ann', Secret(SECRET)).decode()}",
    ]
    call("couchdb-proxy-token", "ann").refuses("couchdb.secret_file")
    data = tmp_path / "data"
    call("couchdb-proxy-token", "ann", "--safe", f"--data={data}").refuses("keys.json")
    data.mkdir()
    ring = load_or_make_keys(data, os.urandom, time.time(), algorithm="ES256", lifetime=900)
    safe = call("couchdb-proxy-token", "ann", "--role", "clerk", "--safe", "--json", f"--data={data}").json
    identities = CouchdbProxySettings().identities(ring)
    token = safe["X-Auth-CouchDB-Token"].encode()
    assert identities.why_unproven(token, b"ann", b"clerk", time.time()) is None
    for still_good in (True, False):  # one rotation drops nobody's key, two do
        rotated = call("keys", "rotate", "--purpose", "couchdb-identity", "--json", f"--data={data}").json
        assert (rotated["purpose"], rotated["signs_from"]) == ("couchdb-identity", None)
        identities = CouchdbProxySettings().identities(read_keys(data))
        assert len(identities.keys) == 2
        assert (identities.why_unproven(token, b"ann", b"clerk", time.time()) is None) is still_good
    secret = NEW.reveal_text().replace(" ", "-")
    derived = call("couchdb-password", "ann", stdin=secret.encode())
    assert derived.out.strip() == couchdb_password("ann", Secret(secret)).reveal_text()
    call("couchdb-password", "ann", stdin=b"short").refuses("could be guessed")
    with couchdb_double() as double:
        double.add("ann", "chosen")
        files = (f"--secret-file={tmp_path}/app.secret", f"--admin-file={tmp_path}/admin")
        rotate = ("couchdb-rotate-passwords", "--url", double.url, *files)
        assert call(*rotate, "--json").json == {
            "changed": 0,
            "current": 0,
            "own": 1,
            "busy": 0,
            "gone": 0,
            "dry_run": False,
        }
        assert "1 would be changed" in call(*rotate, "--all", "--dry-run").out
        assert double.knows("ann", "chosen")
        assert "1 changed" in call(*rotate, "--all").out
        assert double.knows("ann", derived.out.strip())
        (tmp_path / "admin").write_text("root:wrong\n")
        call(*rotate).refuses("refuses the administrator")
    (tmp_path / "admin").write_text(f"{ADMIN}:{ADMIN_PASSWORD}\n")
    call(*rotate).refuses("no answer")
    assert call("couchdb-rotate-passwords", "--url", "http://couch.example:5984", *files).code == 2
