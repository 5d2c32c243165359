"""Linking an identity while logged in: it takes the session and the browser that began it (F27, S2_40).

Otherwise an attacker's identity would open the victim's account, or the victim's identity lead to the attacker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.false_provider import FalseProvider, false_provider
from tests.live import Live, User, live_server
from tests.oidc_provider import Browser
from tests.relying_party import Visitor, events, parameters_of, provider_table, query, secret_file
from watchword.core.questions import EndLinkedIdentities
from watchword.storage import open_storage

CONFIG = """
[log]
format = "json"
[limits]
address_per_minute = 100000
"""
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Place:
    """A Watchword where people log in by a password or by one of two providers."""

    live: Live
    provider: FalseProvider
    other: FalseProvider

    def unlink_everybody(self) -> None:
        storage = open_storage("sqlite:///watchword.db", self.live.data)
        try:
            for name in ("ann", "mallory"):
                storage.linked.end(EndLinkedIdentities(name, 0.0))
        finally:
            storage.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    secret = secret_file(tmp_path_factory.mktemp("secret"))
    with false_provider() as provider, false_provider() as other:
        config = CONFIG + provider_table("corp", provider.url, secret) + provider_table("other", other.url, secret)
        with live_server(config, [User("ann", PASSWORD), User("mallory", PASSWORD)]) as live:
            yield Place(live, provider, other)


@pytest.fixture
def place(running: Place) -> Place:
    running.provider.honest()
    running.unlink_everybody()
    return running


def person(place: Place, name: str) -> Visitor:
    """Somebody who has logged in with a password."""
    visitor = Visitor(place.live, Browser())
    told = {"username": name, "password": PASSWORD}
    assert visitor.browser.client.post(f"{place.live.url}/login", json=told).status_code == 200
    return visitor


@pytest.fixture
def victim(place: Place) -> Iterator[Visitor]:
    visitor = person(place, "ann")
    yield visitor
    visitor.browser.close()


@pytest.fixture
def attacker(place: Place) -> Iterator[Visitor]:
    visitor = person(place, "mallory")
    yield visitor
    visitor.browser.close()


def begin(visitor: Visitor, name: str = "corp", **headers: str) -> httpx.Response:
    return visitor.browser.client.post(
        f"{visitor.live.url}/login/with/{name}/link?return_to=/identities", headers=headers
    )


def answer_of(visitor: Visitor, name: str = "corp") -> str:
    """Where the provider sends the browser back to, after a link was begun."""
    begun = begin(visitor, name)
    assert begun.status_code == 200, begun.text
    back = visitor.browser.visit(begun.json()["url"], stop_before=f"{visitor.live.url}/login/with/{name}/callback")
    location: str = back.headers["location"]
    return location


def linked(visitor: Visitor) -> list[str]:
    told = visitor.browser.client.get(f"{visitor.live.url}/identities").json()["identities"]
    return [each["subject"] for each in told]


def fetched(visitor: Visitor, url: str) -> httpx.Response:
    return visitor.browser.client.get(url, headers={"accept": "application/json"})


def test_whoever_logs_in_there_is_linked_and_can_log_in__S2_40(place: Place, victim: Visitor) -> None:
    place.provider.somebody = "ann-1"
    arrived = victim.browser.visit(answer_of(victim))
    assert str(arrived.url) == f"{place.live.url}/identities"
    (identity,) = arrived.json()["identities"]
    assert (identity["provider"], identity["subject"]) == ("corp", "ann-1")
    assert victim.logged_in_as == "ann"  # as before, in the same session
    assert events(place.live, "identity_linked")[-1]["subject"] == "ann"
    with Browser() as browser:
        elsewhere = Visitor(place.live, browser)
        assert elsewhere.log_in("corp", return_to="/session").json()["subject"] == "ann"


def test_an_attacker_s_answer_links_nothing_to_the_victim_s_account__F27(
    place: Place, victim: Visitor, attacker: Visitor
) -> None:
    place.provider.somebody = "mallory-3"
    url = answer_of(attacker)
    assert fetched(victim, url).status_code == 400
    assert linked(victim) == []
    # Nor does an answer of their own log-in, or with a link of the victim's own under way.
    own = parameters_of(answer_of(victim))
    assert fetched(victim, url).status_code == 400
    mixed = f"{place.live.url}/login/with/corp/callback{query({**own, 'code': parameters_of(url)['code']})}"
    assert fetched(victim, mixed).status_code == 401
    assert linked(victim) == []


def test_the_victim_s_identity_is_not_linked_to_the_attacker_s_account__F27(
    place: Place, victim: Visitor, attacker: Visitor
) -> None:
    # The attacker begins, and has the victim go on: at the provider the victim is who they are.
    place.provider.somebody = "ann-1"
    url = begin(attacker).json()["url"]
    back = victim.browser.visit(url, stop_before=f"{place.live.url}/login/with/corp/callback")
    assert fetched(victim, back.headers["location"]).status_code == 400
    assert (linked(victim), linked(attacker)) == ([], [])
    assert victim.logged_in_as == "ann"


def test_a_planted_cookie_links_nothing_without_its_session__F27(
    place: Place, victim: Visitor, attacker: Visitor
) -> None:
    place.provider.somebody = "mallory-3"
    url = answer_of(attacker)
    for cookie in attacker.browser.client.cookies.jar:
        if cookie.name.startswith("watchword-login-"):
            victim.browser.client.cookies.set(cookie.name, cookie.value or "", domain=cookie.domain, path="/")
    assert fetched(victim, url).status_code == 400
    assert linked(victim) == []
    assert "another-session" in events(place.live, "input_validation_fail")[-1]["reasons"]


def test_what_was_begun_to_link_begins_no_session__F27(place: Place, victim: Visitor) -> None:
    place.provider.somebody = "ann-1"
    url = answer_of(victim)
    victim.browser.client.post(f"{place.live.url}/logout")
    assert fetched(victim, url).status_code == 400
    assert victim.logged_in_as is None


def test_a_session_that_was_begun_anew_is_another__F27(place: Place, victim: Visitor) -> None:
    place.provider.somebody = "ann-1"
    url = answer_of(victim)
    told = {"username": "mallory", "password": PASSWORD}
    assert victim.browser.client.post(f"{place.live.url}/login", json=told).status_code == 200
    assert fetched(victim, url).status_code == 400
    assert linked(victim) == []


def test_a_page_of_another_origin_begins_no_link__F27(victim: Visitor) -> None:
    for sent in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert begin(victim, **sent).status_code == 403
    assert victim.browser.client.get(f"{victim.live.url}/login/with/corp/link").status_code == 405


def test_the_answer_of_another_provider_links_nothing__S2_40(place: Place, victim: Visitor) -> None:
    told = parameters_of(answer_of(victim))
    assert fetched(victim, f"{place.live.url}/login/with/other/callback{query(told)}").status_code == 400
    assert linked(victim) == []


def test_an_answer_links_once__F2(place: Place, victim: Visitor) -> None:
    place.provider.somebody = "ann-1"
    url = answer_of(victim)
    kept = httpx.Cookies(victim.browser.client.cookies)
    victim.browser.visit(url)
    place.unlink_everybody()
    victim.browser.client.cookies = kept
    assert fetched(victim, url).status_code == 400
    assert linked(victim) == []


def test_an_identity_that_is_another_s_stays_theirs__S2_40(place: Place, victim: Visitor, attacker: Visitor) -> None:
    place.provider.somebody = "ann-1"
    victim.browser.visit(answer_of(victim))
    arrived = attacker.browser.visit(answer_of(attacker))
    assert str(arrived.url) == f"{place.live.url}/identities?link_error=identity-taken"
    assert (linked(victim), linked(attacker)) == (["ann-1"], [])
    # Whose it is already may link it again.
    assert str(victim.browser.visit(answer_of(victim)).url) == f"{place.live.url}/identities"
    assert linked(victim) == ["ann-1"]


def test_who_is_not_logged_in_links_nothing__S2_40(place: Place) -> None:
    with Browser() as browser:
        nobody = Visitor(place.live, browser)
        assert begin(nobody).status_code == 401
        browser.client.auth = ("ann", PASSWORD)
        assert begin(nobody).status_code == 404  # there is no session that it could be bound to


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/%2f/evil.example"])
def test_nobody_is_sent_elsewhere_after_a_link__F32(victim: Visitor, wanted: str) -> None:
    answer = victim.browser.client.post(f"{victim.live.url}/login/with/corp/link", params={"return_to": wanted})
    assert answer.status_code == 422
