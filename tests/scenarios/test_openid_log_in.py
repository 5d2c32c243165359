"""Log-in by an OpenID provider that nobody here wrote (npm's oidc-provider), end to end (S2_40, F6).

One Watchword, one provider, and browsers that go from one to the other as people's do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live import Live, User, live_server
from tests.oidc_provider import ACCOUNTS, Browser, OpenIdProvider, openid_provider
from tests.ports import free_port
from tests.relying_party import Visitor, events, parameters_of, provider_table, register, secret_file

CONFIG = """
[log]
format = "json"
[limits]
address_per_minute = 100000
"""
CORP: dict[str, Any] = {
    "scopes": ["openid", "profile", "email", "groups"],
    "algorithms": ["RS256", "PS256", "ES256", "EdDSA"],
    "first_log_in": "create-if",
    "after_logout": "/",
    "second_factor_acr": ["urn:example:gold"],
    "create_if": {"claims": {"groups": ["staff"]}},
    "roles": {"claim": "groups", "map": {"staff": ["clerk"], "editors": ["editor"]}},
}
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Place:
    """A Watchword that knows one provider, and the provider."""

    live: Live
    provider: OpenIdProvider


@pytest.fixture(scope="module")
def running(require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    secret = secret_file(tmp_path_factory.mktemp("secret"))
    with openid_provider(require_program) as provider:
        config = CONFIG + provider_table("corp", provider.url, secret, **CORP)
        with live_server(config, [User("bob", PASSWORD)]) as live:
            register(provider, "corp", live.url)
            yield Place(live, provider)


@pytest.fixture
def place(running: Place) -> Place:
    """With the people and the registration of the beginning."""
    register(running.provider, "corp", running.live.url)
    for subject, claims in ACCOUNTS.items():
        running.provider.put_account(subject, **claims)
    return running


@pytest.fixture
def visitor(place: Place) -> Iterator[Visitor]:
    with Browser() as browser:
        yield Visitor(place.live, browser)


@pytest.fixture
def another(place: Place) -> Iterator[Visitor]:
    """Somebody else's browser."""
    with Browser() as browser:
        yield Visitor(place.live, browser)


def test_who_logs_in_there_is_logged_in_here__S2_40(visitor: Visitor) -> None:
    told = visitor.log_in("corp", return_to="/session").json()
    assert (told["authenticated"], told["subject"], told["roles"]) == (True, "ann", ["clerk", "editor"])
    (listed,) = visitor.browser.client.get(f"{visitor.live.url}/sessions").json()["sessions"]
    assert (listed["current"], listed["id"]) == (True, told["session"]["id"])
    assert events(visitor.live, "authn_login_success")[-1]["subject"] == "ann"


def test_names_and_addresses_change_and_the_account_stays__S2_40(place: Place, visitor: Visitor) -> None:
    visitor.log_in("corp")
    place.provider.put_account(
        "ann-1", preferred_username="mallory", name="Other", email="other@example.org", groups=["staff"]
    )
    with Browser() as browser:
        later = Visitor(place.live, browser)
        told = later.log_in("corp", return_to="/session").json()
    # Who is not in the group of editors any more is no editor here any more.
    assert (told["subject"], told["roles"]) == ("ann", ["clerk"])


def test_a_name_that_is_taken_opens_no_account__S2_40(place: Place, visitor: Visitor) -> None:
    place.provider.put_account(
        "robert-7", preferred_username="bob", email="bob@example.org", email_verified=True, groups=["staff"]
    )
    visitor.browser.somebody = "robert-7"
    visitor.log_in("corp")
    assert visitor.logged_in_as not in (None, "bob")


def test_whom_the_policy_does_not_admit_gets_no_account__S2_40(place: Place, visitor: Visitor) -> None:
    visitor.browser.somebody = "bob-2"  # in no group
    answer = visitor.log_in("corp")
    assert answer.status_code == 403
    assert visitor.logged_in_as is None


def test_who_says_no_at_the_provider_is_not_logged_in__S2_40(visitor: Visitor) -> None:
    visitor.browser.somebody = "nobody-0"
    answer = visitor.log_in("corp")
    assert answer.status_code in (401, 403)
    assert visitor.logged_in_as is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_id_tokens_by_every_algorithm_are_understood__S2_40(place: Place, visitor: Visitor, algorithm: str) -> None:
    register(place.provider, "corp", place.live.url, id_token_signed_response_alg=algorithm)
    visitor.log_in("corp")
    assert visitor.logged_in_as == "ann"


def test_an_algorithm_that_is_not_configured_is_refused__S2_40(place: Place, visitor: Visitor) -> None:
    register(place.provider, "corp", place.live.url, id_token_signed_response_alg="ES384")
    assert visitor.log_in("corp").status_code >= 400
    assert visitor.logged_in_as is None


# --- stronger and fresher log-ins -------------------------------------------------------------------------------------


def test_who_proves_more_there_has_proven_more_here__S2_40__C15(visitor: Visitor) -> None:
    visitor.log_in("corp", acr_values="urn:example:silver")
    assert "acr" not in events(visitor.live, "authn_login_success")[-1]
    visitor.log_in("corp", acr_values="urn:example:gold", prompt="login")
    assert events(visitor.live, "authn_login_success")[-1]["acr"]


def test_a_fresh_log_in_there_is_a_fresh_log_in_here__S2_40__C15(visitor: Visitor) -> None:
    visitor.log_in("corp")
    keys = f"{visitor.live.url}/keys"
    refused = visitor.browser.client.post(keys, json={"name": "ci"})
    # The provider did not say when the person proved who they are, and nobody assumes the best.
    assert (refused.status_code, refused.json()["cell"]) == (401, "C15")
    visitor.browser.visited.clear()
    visitor.log_in("corp", max_age="3600")
    assert visitor.browser.client.post(keys, json={"name": "ci"}).status_code == 201
    assert not any("/interaction/" in url for url in visitor.browser.visited)
    visitor.log_in("corp", max_age="0")
    assert any("/interaction/" in url for url in visitor.browser.visited)


# --- attacks that an honest provider sees through, too ---------------------------------------------------------------


def test_a_code_is_redeemed_once__S2_40__F2(place: Place, visitor: Visitor, another: Visitor) -> None:
    url = visitor.come_back("corp")
    told = parameters_of(url)
    visitor.browser.visit(url)
    assert visitor.logged_in_as == "ann"
    own = parameters_of(another.come_back("corp"))
    refused = another.browser.client.get(
        url.partition("?")[0], params={**own, "code": told["code"]}, headers={"accept": "application/json"}
    )
    assert refused.status_code == 401
    assert another.logged_in_as is None
    assert "code-refused" in events(place.live, "authn_token_invalid")[-1]["reasons"]


def test_the_provider_takes_no_code_without_the_proof_key__S2_40(place: Place, visitor: Visitor) -> None:
    begun = visitor.browser.client.get(f"{place.live.url}/login/with/corp").headers["location"]
    without = begun.partition("&code_challenge=")
    rest = without[2].partition("&code_challenge_method=S256")[2]
    answer = visitor.browser.visit(without[0] + rest)
    assert answer.status_code >= 400
    assert visitor.logged_in_as is None


# --- log-out ---------------------------------------------------------------------------------------------------------


def test_who_logs_out_there_is_logged_out_here__S2_40(place: Place, visitor: Visitor, another: Visitor) -> None:
    visitor.log_in("corp")
    another.log_in("corp")
    assert (visitor.logged_in_as, another.logged_in_as) == ("ann", "ann")
    visitor.browser.visit(f"{place.provider.url}/session/end")
    assert place.provider.back_channel()[-1] == {"client": "watchword-at-corp", "account": "ann-1", "answered": True}
    # Another log-in of the same person at the provider is another session there.
    assert (visitor.logged_in_as, another.logged_in_as) == (None, "ann")
    told = events(place.live, "session_expired")[-1]
    assert (told["subject"], told["provider"], told["sessions"]) == ("ann", "corp", 1)


def test_who_logs_out_here_may_go_on_to_log_out_there__S2_40(place: Place, visitor: Visitor) -> None:
    visitor.log_in("corp")
    goes_on = visitor.who()["provider_logout_url"]
    assert visitor.browser.client.post(f"{place.live.url}/logout").status_code == 204
    assert visitor.logged_in_as is None
    page = f"{place.live.url}/"
    back = visitor.browser.visit(goes_on, stop_before=page)
    assert back.headers["location"] == page
    (asked,) = (url for url in visitor.browser.visited if "/session/end?" in url)
    hint = parameters_of(asked)["id_token_hint"]
    assert not any(part in place.live.log.read_text("utf-8") for part in hint.split("."))
    visitor.browser.visited.clear()
    visitor.log_in("corp")
    assert any("/interaction/" in url for url in visitor.browser.visited)  # the provider asks who it is again


def test_log_out_here_leaves_the_provider_s_session__S2_40(visitor: Visitor) -> None:
    visitor.log_in("corp")
    visitor.browser.client.post(f"{visitor.live.url}/logout")
    visitor.browser.visited.clear()
    visitor.log_in("corp")
    assert not any("/interaction/" in url for url in visitor.browser.visited)
    assert visitor.logged_in_as == "ann"


def test_every_node_knows_of_a_log_out_there__S2_40__F36(
    require_program: Callable[[str], str], place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = secret_file(tmp_path_factory.mktemp("secret"))
    config = CONFIG + provider_table("corp", place.provider.url, secret, **CORP)
    with live_server(config, workers=2, port=free_port()) as live, Browser() as browser:
        register(place.provider, "corp", live.url)
        visitor = Visitor(live, browser)
        visitor.log_in("corp")
        assert [visitor.logged_in_as for _ in range(10)] == ["ann"] * 10
        browser.visit(f"{place.provider.url}/session/end")
        assert [visitor.logged_in_as for _ in range(10)] == [None] * 10
