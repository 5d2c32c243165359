"""/identities, and log-out that a provider's browser page asks for, on sessions that an identity provider began."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.server.api.world import NOW, World, account, basic, is_problem, refused_by, set_cookies
from watchword.core.linked import LinkedIdentity, LinkedLogIn
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import (
    AddLinkedIdentity,
    EndLinkedIdentities,
    FindAccount,
    FindLinkedIdentity,
    ListLinkedIdentities,
    StartSession,
)
from watchword.flows.linked_identities import public_id
from watchword.tokens.api_key import new_key
from watchword.tokens.session import new_session

ISSUER = "https://login.example.com"
OTHER = "https://other.example.com"
CONFIGURED = {
    "server": {"public_url": "https://auth.example.com"},
    "identity_provider": [{"name": "corp", "issuer": ISSUER, "client_id": "watchword"}],
}
FRONT = "/login/with/corp/frontchannel-logout"


@pytest.fixture
def world(make_world: Any) -> World:
    """With one identity provider, which is never asked anything."""
    made: World = make_world(**CONFIGURED)
    return made


def link(world: World, name: str, subject: str, issuer: str = ISSUER) -> str:
    identity = LinkedIdentity(issuer=issuer, subject=subject, account=name, created_at=NOW)
    assert world.storage.linked.add(AddLinkedIdentity(identity))
    return public_id(identity)


def begin(world: World, name: str, sid: str | None = "s1", issuer: str = ISSUER, ago: float = 0.0) -> str:
    """The token of a session that the provider began."""
    who = Principal(subject=name, realm="r", authentication=Authentication(mechanism="identity-provider"))
    session, token = new_session(
        who, f"{name} {sid} {issuer}".encode().ljust(32)[:32], world.now - ago, idle_timeout=7200.0, lifetime=7200.0
    )
    owner = world.storage.find_account(FindAccount(name))
    assert owner is not None
    session = replace(session, stamp=owner.stamp, auth_time=world.now - ago, linked=LinkedLogIn(issuer, sid))
    assert world.storage.start_session(StartSession(session))
    return token


def without_password(world: World, name: str) -> str:
    """Take the account's password away; an API key of it."""
    world.storage.put_accounts((replace(account(name), password_hash=None),))
    key, text = new_key(b"r" * 32, NOW, subject=name, name="k")
    world.storage.put_keys((key,))
    return text


def lives(world: World, token: str) -> bool:
    told: bool = world("GET", "/session", cookie=token, secure=True).json()["authenticated"]
    return told


def subjects(world: World, name: str) -> list[str]:
    return [each.subject for each in world.storage.linked.list(ListLinkedIdentities(name))]


# --- /identities -----------------------------------------------------------------------------------------------------


def test_own_identities_are_listed_with_what_their_provider_is_called__S2_40(world: World) -> None:
    first, second = link(world, "ann", "a1"), link(world, "ann", "a2", OTHER)
    link(world, "bob", "b1")
    told = world("GET", "/identities", auth=basic("ann"), secure=True).json()["identities"]
    assert [(each["id"], each["provider"], each["issuer"], each["subject"]) for each in told] == [
        (first, "corp", ISSUER, "a1"),
        (second, None, OTHER, "a2"),
    ]
    assert len({first, second}) == 2


def test_nobody_sees_or_unlinks_what_is_others__S2_40__F20(world: World) -> None:
    id = link(world, "ann", "a1")
    assert world("GET", "/identities", auth=basic("bob"), secure=True).json() == {"identities": []}
    refused_by(world("GET", "/identities?subject=ann", auth=basic("bob"), secure=True), "C12")
    refused_by(world("DELETE", f"/identities/{id}?subject=ann", auth=basic("bob"), secure=True), "C12")
    assert world("DELETE", f"/identities/{id}", auth=basic("bob"), secure=True).status_code == 404
    assert subjects(world, "ann") == ["a1"]
    told = world("GET", "/identities?subject=ann", auth=basic("root"), secure=True).json()["identities"]
    assert [each["id"] for each in told] == [id]


def test_who_unlinks_ends_the_sessions_that_began_by_the_provider__S2_40(world: World) -> None:
    id = link(world, "ann", "a1")
    link(world, "ann", "a2", OTHER)
    asking, another, by_other = begin(world, "ann"), begin(world, "ann", "s2"), begin(world, "ann", "s3", OTHER)
    answer = world("DELETE", f"/identities/{id}", cookie=asking, secure=True)
    assert answer.status_code == 204
    assert [line.partition("=")[0] for line in set_cookies(answer)] == ["__Host-watchword"]
    assert [lives(world, each) for each in (asking, another, by_other)] == [False, False, True]
    assert subjects(world, "ann") == ["a2"]
    assert world.seen.events[-1].name == "identity_unlinked"
    assert world("DELETE", f"/identities/{id}", cookie=by_other, secure=True).status_code == 404


def test_the_last_identity_of_an_account_without_a_password_stays__S2_40(world: World) -> None:
    first, second = link(world, "bob", "b1"), link(world, "bob", "b2", OTHER)
    sends = {"headers": {"x-api-key": without_password(world, "bob")}, "secure": True}
    assert world("DELETE", f"/identities/{first}", **sends).status_code == 204
    is_problem(world("DELETE", f"/identities/{second}", **sends), "last-log-in")
    assert subjects(world, "bob") == ["b2"]
    assert world("DELETE", f"/identities/{second}?subject=bob", auth=basic("root"), secure=True).status_code == 204
    assert subjects(world, "bob") == []


def test_one_stays_where_two_are_unlinked_at_the_same_moment__F1(world: World) -> None:
    first, _second = link(world, "bob", "b1"), link(world, "bob", "b2", OTHER)
    key = without_password(world, "bob")

    def meanwhile(question: object) -> None:
        if isinstance(question, EndLinkedIdentities):
            world.answers.before = lambda question: None
            world.storage.linked.end(EndLinkedIdentities("bob", world.now, OTHER, "b2"))

    world.answers.before = meanwhile
    is_problem(world("DELETE", f"/identities/{first}", headers={"x-api-key": key}, secure=True), "last-log-in")
    assert subjects(world, "bob") == ["b1"]


def test_who_logged_in_long_ago_unlinks_nothing__S2_40__C15(world: World) -> None:
    id = link(world, "ann", "a1")
    refused_by(world("DELETE", f"/identities/{id}", cookie=begin(world, "ann", ago=3601.0), secure=True), "C15")
    assert subjects(world, "ann") == ["a1"]


def test_a_page_of_another_origin_unlinks_nothing__F27(world: World) -> None:
    id = link(world, "ann", "a1")
    sent = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    refused_by(world("DELETE", f"/identities/{id}", cookie=begin(world, "ann"), headers=sent, secure=True), "C14")
    assert world.storage.linked.find(FindLinkedIdentity(ISSUER, "a1")) is not None


# --- log-out by a page of the provider -------------------------------------------------------------------------------


def test_a_page_of_the_provider_ends_the_session_that_it_names__S2_40(world: World) -> None:
    ended, other, elsewhere = begin(world, "ann"), begin(world, "ann", "s2"), begin(world, "bob", "s1", OTHER)
    answer = world("GET", FRONT, params={"iss": ISSUER, "sid": "s1"}, secure=True)
    assert (answer.status_code, answer.text) == (200, "Logged out.\n")
    assert answer.headers["cache-control"] == "no-store"
    assert f"frame-ancestors {ISSUER};" in answer.headers["content-security-policy"]
    assert [lives(world, each) for each in (ended, other, elsewhere)] == [False, True, True]
    assert world.seen.events[-1].fields == {
        "provider": "corp", "client": "127.0.0.1", "reason": "logout at the provider", "sessions": 1,
    }  # fmt: skip
    assert world("GET", FRONT, params={"iss": ISSUER, "sid": "s1"}, secure=True).status_code == 200


@pytest.mark.parametrize(
    "told",
    [{}, {"iss": ISSUER}, {"sid": "s1"}, {"iss": ISSUER, "sid": ""}, {"iss": OTHER, "sid": "s1"},
     {"iss": ISSUER + "/", "sid": "s1"}],
    ids=["nothing", "issuer-alone", "sid-alone", "empty-sid", "other-issuer", "nearly-the-issuer"],
)  # fmt: skip
def test_who_cannot_name_issuer_and_session_ends_nothing__S2_40__F27(world: World, told: dict[str, str]) -> None:
    token = begin(world, "ann")
    answer = world("GET", FRONT, params=told, cookie=token, secure=True)
    is_problem(answer, "invalid-content")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert lives(world, token)
    assert world.seen.events[-1].name == "authn_logout_refused"


def test_no_provider_is_called_so(world: World) -> None:
    for target in ("frontchannel-logout?iss=a&sid=b", "logout"):
        assert world("GET", f"/login/with/other/{target}", secure=True).status_code == 404
    form = {"logout_token": "a.b.c"}
    assert world("POST", "/login/with/other/backchannel-logout", data=form, secure=True).status_code == 404


# --- log-out here, and then at the provider --------------------------------------------------------------------------


def test_a_page_learns_where_to_go_on_to_log_out__S2_40(world: World) -> None:
    told = world("GET", "/session", cookie=begin(world, "ann"), secure=True).json()
    assert told["provider_logout_url"] == "https://auth.example.com/login/with/corp/logout"
    assert "provider_logout_url" not in world("GET", "/session", auth=basic("bob"), secure=True).json()
    unknown = begin(world, "ann", "s9", OTHER)
    assert "provider_logout_url" not in world("GET", "/session", cookie=unknown, secure=True).json()
