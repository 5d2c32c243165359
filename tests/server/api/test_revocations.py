"""POST /revocations, and log-ins with tokens in /sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.test_auth import DAY, is_error, log_in, passes, redeem, renewed
from tests.server.api.world import World, basic, is_problem, refused_by
from watchword.config.hooks import Hooks
from watchword.core.questions import EndFamilies, ListSessions


def revoke(world: World, where: str, **more: Any) -> int:
    answer = world("POST", "/revocations", json={"where": where, **more}, auth=basic("root"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["effective_within"] == 2.0
    count: int = answer.json()["revoked"]
    return count


def test_everything_that_fits_ends_at_once_and_nothing_else__S2_24(world: World) -> None:
    tokens, session, other = log_in(world), world.log_in("ann"), log_in(world, "bob")
    assert revoke(world, "subject = ann", dry_run=True) == 2
    assert passes(world, tokens)
    assert revoke(world, "subject = ann") == 2
    assert not passes(world, tokens)
    is_error(redeem(world, tokens["refresh_token"]), "invalid_grant")
    assert world("GET", "/whoami", bearer=session).status_code == 401
    assert passes(world, other)
    assert revoke(world, "subject = ann") == 0


def test_all_of_a_union_of_countries__S2_24(make_world: Callable[..., World]) -> None:
    countries = {"127.0.0.1": "FR", "127.0.0.2": "US", "127.0.0.3": "PL"}
    world = make_world(hooks=Hooks(country_of=countries.get))
    french, american, polish = (log_in(world, address=address) for address in countries)
    assert revoke(world, "country in EU") == 2
    assert [passes(world, tokens) for tokens in (french, american, polish)] == [False, True, False]


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("role = reader", ["bob"]),
        ("kind = refresh", []),
        ("kind = session", ["ann", "bob"]),
        ("user_agent ~ PHONE", ["bob"]),
        ("address in 127.0.0.0/8 and not user_agent ~ phone", ["ann"]),
        ("issued > 1h", ["bob"]),
        ("last_used > 1h", ["bob"]),
        ("last_used < 1h", ["ann"]),
        ("client = watchword", []),
        ("client = another", ["ann", "bob"]),
    ],
)
def test_criterion_says_which__S2_24(world: World, where: str, left: list[str]) -> None:
    ann = log_in(world, headers={"user-agent": "A phone"})
    world.now += 7200
    bob = log_in(world, "bob")
    revoke(world, where)
    assert [name for name, tokens in (("ann", ann), ("bob", bob)) if redeem(world, tokens["refresh_token"], headers={
        "user-agent": "A phone" if name == "ann" else "python-httpx"
    }).status_code == 200] == left  # fmt: skip


def test_keys_end_only_where_they_are_named__S2_24(world: World) -> None:
    made = world("POST", "/keys", json={"name": "ci"}, auth=basic("ann"))
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    assert revoke(world, "subject = ann") == 0
    assert world("GET", "/whoami", headers={"x-api-key": key}).status_code == 200
    assert revoke(world, "subject = ann and kind = key") == 1
    assert world("GET", "/whoami", headers={"x-api-key": key}).status_code == 401


def test_many_pages_of_log_ins_all_end__S2_24(make_world: Callable[..., World]) -> None:
    world = make_world(tokens={"max_refresh": 10_000})
    for _ in range(60):
        log_in(world)
        world.log_in("bob")
    import watchword.flows.revocations as flow

    before, flow.PAGE = flow.PAGE, 7
    try:
        assert revoke(world, "subject in (ann, bob)") == 120
    finally:
        flow.PAGE = before
    assert world.storage.list_sessions(ListSessions(None, world.now)) == ()


def test_criterion_that_is_none_is_refused_with_its_place(world: World) -> None:
    answer = world("POST", "/revocations", json={"where": "subject ="}, auth=basic("root"))
    (told,) = is_problem(answer, "invalid-content")["errors"]
    assert (told["pointer"], told["detail"]) == ("#/where", "At character 10: a value is expected.")


def test_only_administrators_may__C12(world: World) -> None:
    tokens = log_in(world)
    for options in ({"auth": basic("ann")}, {"bearer": tokens["access_token"]}):
        answer = world("POST", "/revocations", json={"where": "subject = bob"}, **options)
        assert answer.status_code == 403
        refused_by(answer, "C12")
    narrow = log_in(world, "root", scope="a")
    answer = world("POST", "/revocations", json={"where": "subject = bob"}, bearer=narrow["access_token"])
    refused_by(answer, "C11")


def test_it_is_noted_who_revoked_what(world: World) -> None:
    log_in(world)
    revoke(world, "subject = ann")
    (event,) = [event for event in world.seen.events if event.name == "authn_token_revoked"]
    assert event.level == "warning"
    assert event.fields == {"subject": "root", "client": "127.0.0.1", "where": "subject = ann", "revoked": 1}


def test_outage_in_the_middle_is_told_and_it_can_be_asked_again__C17__F39(world: World) -> None:
    tokens = log_in(world)
    world.answers.down = (EndFamilies,)
    answer = world("POST", "/revocations", json={"where": "subject = ann"}, auth=basic("root"))
    assert answer.status_code == 503
    refused_by(answer, "C17")
    world.answers.down = ()
    assert passes(world, tokens)
    assert revoke(world, "subject = ann") == 1


# --- /sessions -------------------------------------------------------------------------------------------------------


def test_log_ins_with_tokens_are_listed_beside_sessions__S2_23(world: World) -> None:
    session = world.log_in("ann")
    world.now += 1
    tokens = log_in(world, device="laptop")
    log_in(world, "bob")
    listed = world("GET", "/sessions", bearer=session).json()["sessions"]
    assert [(each["kind"], each["device"], each["current"]) for each in listed] == [
        ("refresh", "laptop", False),
        ("session", "", True),
    ]
    by_token = world("GET", "/sessions", bearer=tokens["access_token"]).json()["sessions"]
    assert [each["current"] for each in by_token] == [True, False]
    world.now += 31 * DAY
    assert world("GET", "/sessions", auth=basic("ann")).json()["sessions"] == []


def test_one_of_them_ends_by_its_id_for_its_owner_only(world: World) -> None:
    tokens = log_in(world)
    id = world("GET", "/whoami", bearer=tokens["access_token"]).json()["session"]
    assert world("DELETE", f"/sessions/{id}", auth=basic("bob")).status_code == 404
    assert passes(world, tokens)
    assert world("DELETE", f"/sessions/{id}", auth=basic("ann")).status_code == 204
    assert not passes(world, tokens)
    is_error(redeem(world, tokens["refresh_token"]), "invalid_grant")


def test_all_of_them_end_or_all_others(world: World) -> None:
    session, mine, other = world.log_in("ann"), log_in(world), log_in(world)
    answer = world("DELETE", "/sessions", params={"others": "true"}, bearer=mine["access_token"])
    assert answer.status_code == 204
    assert world("GET", "/whoami", bearer=session).status_code == 401
    assert passes(world, renewed(world, mine))
    assert not passes(world, other)
    assert world("DELETE", "/sessions", bearer=mine["access_token"]).status_code == 204
    assert not passes(world, mine)
