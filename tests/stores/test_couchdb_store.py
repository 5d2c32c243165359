"""CouchDB's `_session` as a password checker: what CouchDB's documentation shows, and what PouchDB's server says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest

from tests.contract.couchdb_store import ROOT_PASSWORD, pouchdb
from tests.contract.people import ANN, ZOE
from tests.stores.small_server import Received, Reply, small_server
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.couchdb.session import CouchDBSession
from watchword.stores.http.asked import Asked


@dataclass
class Transcript:
    """A server that says one thing, and what it was asked."""

    reply: Reply = field(default_factory=Reply)
    received: list[Received] = field(default_factory=list[Received])

    def answer(self, received: Received) -> Reply:
        self.received.append(received)
        return self.reply

    def check(self, name: str = "root", password: str = "relax", roles: tuple[str, ...] = ()) -> Identity | Denied:
        with self.store(roles) as store:
            return store.check(name, Secret(password))

    @contextmanager
    def store(self, roles: tuple[str, ...] = ()) -> Iterator[CouchDBSession]:
        with (
            small_server(self.answer) as port,
            closing(Asked("CouchDB", f"http://127.0.0.1:{port}/_session", patience=30)) as session,
        ):
            yield CouchDBSession(session, admin_roles=frozenset(roles))


def said(status: int, value: object, **fields: str) -> Reply:
    content = value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
    return Reply(
        status, content, {"Content-Type": "application/json", "Server": "CouchDB/3.5.0 (Erlang OTP/26)", **fields}
    )


COOKIE = {"Set-Cookie": "AuthSession=cm9vdDo1MEJCRkYwMjq0LO0ylOIwShrgt8y-UkhI-c6BGw; Version=1; Path=/; HttpOnly"}
NO = {"error": "unauthorized", "reason": "Name or password is incorrect."}


def test_it_is_a_log_in_at_session__S2_30() -> None:
    transcript = Transcript(said(200, {"ok": True, "name": "jan", "roles": ["clerk"]}, **COOKIE))
    assert transcript.check("jan", "äpple") == Identity(name="jan", roles=frozenset(("clerk",)))
    (received,) = transcript.received
    assert received.target == "/_session"
    assert received.fields["content-type"] == "application/json"
    assert json.loads(received.content) == {"name": "jan", "password": "äpple"}


def test_its_cookie_is_let_go_of__S2_30() -> None:
    transcript = Transcript(said(200, {"ok": True, "name": "jan", "roles": []}, **COOKIE))
    with transcript.store() as store:
        for _ in range(3):
            assert isinstance(store.check("jan", Secret("apple")), Identity)
    assert [received.fields.get("cookie") for received in transcript.received] == [None] * 3


def test_its_refusal_is_a_denial__S2_30__C07() -> None:
    assert Transcript(said(401, NO)).check() == Denied("refused-elsewhere", knows=False)


@pytest.mark.parametrize(
    ("told", "admin_roles", "roles"),
    [
        (["_admin"], (), set()),
        (["_admin"], ("admin",), {"admin"}),
        (["_admin", "clerk"], ("admin", "clerk"), {"admin", "clerk"}),
        (["clerk"], ("admin",), {"clerk"}),
        (["_reader", "_writer", "_", "clerk"], ("admin",), {"clerk"}),
        (["admin"], (), {"admin"}),
        ([], ("admin",), set()),
    ],
)
def test_reserved_roles_are_not_taken_over_and_server_admins_have_what_the_settings_say__S2_30(
    told: list[str], admin_roles: tuple[str, ...], roles: set[str]
) -> None:
    found = Transcript(said(200, {"ok": True, "name": "root", "roles": told})).check(roles=admin_roles)
    assert isinstance(found, Identity)
    assert found.roles == roles


def test_a_server_admin_without_a_name_has_the_one_that_was_asked_about__S2_30() -> None:
    """CouchDB 1 told `null` for its own admins. It knows names by one spelling only."""
    found = Transcript(said(200, {"ok": True, "name": None, "roles": ["_admin"]})).check("root")
    assert found == Identity(name="root")


NO_ANSWERS = {
    "locked-out": said(403, {"error": "forbidden", "reason": "Account is temporarily locked"}),
    "somebody-on-the-way": said(401, b"<h1>Proxy</h1>", **{"WWW-Authenticate": "Basic"}),
    "somebody-on-the-way-with-json": said(401, {"message": "no"}),
    "not-found": said(404, {"error": "not_found", "reason": "Database does not exist."}),
    "too-many": said(429, {"error": "too_many_requests"}),
    "away": said(500, {"error": "timeout"}),
    "a-redirect": said(302, {"ok": True}, Location="http://127.0.0.1/"),
    "not-ok": said(200, {"ok": False, "name": "root", "roles": []}),
    "ok-is-a-text": said(200, {"ok": "true", "name": "root", "roles": []}),
    "no-ok": said(200, {"name": "root", "roles": []}),
    "welcome": said(200, {"couchdb": "Welcome"}),
    "html": said(200, b"<h1>ok</h1>"),
    "name-is-empty": said(200, {"ok": True, "name": "", "roles": []}),
    "name-is-a-number": said(200, {"ok": True, "name": 1, "roles": []}),
    "roles-are-text": said(200, {"ok": True, "name": "root", "roles": "_admin"}),
    "a-role-is-no-text": said(200, {"ok": True, "name": "root", "roles": [None]}),
}


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_everything_else_is_no_answer__S2_30__C17(reply: Reply) -> None:
    with pytest.raises(AnswerFailed):
        Transcript(reply).check()


# --- a server that nobody here wrote ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Iterator[CouchDBSession]:
    with (
        pouchdb(ANN, ZOE) as port,
        closing(Asked("CouchDB", f"http://127.0.0.1:{port}/_session", patience=30)) as session,
    ):
        yield CouchDBSession(session, admin_roles=frozenset(("admin",)))


def test_pouchdb_s_server_admin_has_the_roles_that_the_settings_say__S2_30(real: CouchDBSession) -> None:
    found = real.check("root", Secret(ROOT_PASSWORD))
    assert isinstance(found, Identity)
    assert found == Identity(name="root", roles=frozenset(("admin",)))
    assert real.check("root", Secret("wrong")) == Denied("refused-elsewhere", knows=False)


def test_pouchdb_s_users_have_their_own_roles__S2_30(real: CouchDBSession) -> None:
    for person in (ANN, ZOE):
        assert real.check(person.name, Secret(person.password)) == Identity(name=person.name, roles=person.roles)
