"""POST /api/authenticate, and what an Auth-Key opens (S2.4 to S2.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.server.api.world import NOW, World, basic, is_problem, password_of, refused_by, set_cookies
from watchword.core.questions import EndSession, StartSession

RIGHT = {"username": "ann", "password": password_of("ann")}
WRONG = {"username": "ann", "password": "something else"}
MECHANISMS = ["session", "auth-key", "basic", "bearer", "api-key"]
CURL = {"user-agent": "curl/8.9"}
MINUTE, HOUR = 60.0, 3600.0


def world_with(folder: Path, *, mechanisms: list[str] = MECHANISMS, **settings: Any) -> World:
    space = {"mechanisms": mechanisms, **settings.pop("space", {})}
    return World(folder, realm={}, space=space, **settings)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = world_with(tmp_path)
    yield made
    made.close()


@pytest.fixture
def bound_to(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """A world with these settings of Auth-Keys; its proxy is 10.0.0.1."""
    made: list[World] = []

    def make(**auth_key: Any) -> World:
        server = {"trusted_proxies": ["10.0.0.1"], "allow_cleartext": True}
        made.append(world_with(tmp_path / str(len(made)), auth_key=auth_key, server=server))
        return made[-1]

    yield make
    for each in made:
        each.close()


def key_of(world: World, **options: Any) -> str:
    answer = world("POST", "/api/authenticate", **{"json": RIGHT, "headers": CURL, **options})
    assert answer.status_code == 200, answer.text
    key: str = answer.json()["auth_key"]
    return key


def whoami(world: World, key: str, *, headers: dict[str, str] = CURL, **options: Any) -> httpx.Response:
    return world("GET", "/whoami", headers={"auth-key": key, **headers}, **options)


# --- getting one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"json": RIGHT}, {"data": RIGHT}], ids=["json", "form"])
def test_user_name_and_password_give_the_user_and_a_key_that_opens_doors__S2_4(
    world: World, options: dict[str, Any]
) -> None:
    answer = world("POST", "/api/authenticate", headers=CURL, **options)
    assert answer.status_code == 200
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert set_cookies(answer) == []
    told = answer.json()
    key, session = told.pop("auth_key"), told.pop("session")
    assert told == {
        "user": {"name": "ann", "roles": ["clerk", "reader"], "permissions": ["read"]},
        "expires_in": 43_200,
        "idle_expires_in": 1800,
    }
    assert key.startswith("ww_a_")
    opened = whoami(world, key).json()
    assert (opened["subject"], opened["mechanism"], opened["session"]) == ("ann", "auth-key", session)
    assert world.seen.events[-1].name == "authn_login_success"
    assert world.seen.events[-1].fields["session"] == session


def test_every_key_is_another__S2_4(world: World) -> None:
    assert len({key_of(world) for _ in range(5)}) == 5


def test_xml_where_that_is_preferred__S2_37(world: World) -> None:
    answer = world("POST", "/api/authenticate", json=RIGHT, headers={"accept": "application/xml", **CURL})
    root = ElementTree.fromstring(answer.content)
    assert root.findtext("user/name") == "ann"
    assert [role.text for role in root.findall("user/roles/role")] == ["clerk", "reader"]
    assert whoami(world, root.findtext("auth_key") or "").status_code == 200


@pytest.mark.parametrize(
    "members", [WRONG, {"username": "nobody", "password": "x"}, {"username": "gone", "password": password_of("gone")}]
)
@pytest.mark.parametrize("headers", [{}, {"auth-key": "f" * 32}, {"authorization": "Basic !!!"}])
def test_wrong_ones_are_refused_without_a_pop_up__C07__S2_4(
    world: World, members: dict[str, str], headers: dict[str, str]
) -> None:
    answer = world("POST", "/api/authenticate", json=members, headers=headers)
    assert answer.status_code == 401
    assert refused_by(answer, "C07")["code"] == "invalid-credentials"
    assert answer.headers.get_list("www-authenticate") == ['Auth-Key realm="Watchword"']


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Zo\u00eb", 200),
        ("Zoe\u0308", 200),
        ("zo\u00eb", 401),
        ("Zoe", 401),
        ("\uff3ao\u00eb", 401),
        ("Zo\u00eb ", 401),
    ],
)
def test_a_name_is_one_account_in_every_spelling_of_it_and_in_no_look_alike__F17(
    world: World, name: str, status: int
) -> None:
    content = {"username": "Zo\u00eb", "password": "correct horse battery"}
    assert world("POST", "/users", json=content, auth=basic("root")).status_code == 201
    answer = world("POST", "/api/authenticate", json={**content, "username": name})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["user"]["name"] == "Zo\u00eb"


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_no_other_origin_s_page_gets_one__C14__F27(world: World, headers: dict[str, str]) -> None:
    answer = world("POST", "/api/authenticate", data=RIGHT, headers=headers)
    assert answer.status_code == 403
    assert refused_by(answer, "C14")["code"] == "csrf"


def test_content_is_read_as_at_the_log_in(world: World) -> None:
    is_problem(world("POST", "/api/authenticate", json={"username": "ann"}), "invalid-content")
    is_problem(world("POST", "/api/authenticate", content=b"{}"), "unsupported-content")
    is_problem(world("GET", "/api/authenticate"), "method-not-allowed")


def test_too_many_wrong_ones_wait__C16__F13(tmp_path: Path) -> None:
    world = world_with(tmp_path, limits={"account_failures": 2})
    for _ in range(2):
        world("POST", "/api/authenticate", json=WRONG)
    answer = world("POST", "/api/authenticate", json=RIGHT)
    assert answer.status_code == 429
    refused_by(answer, "C16")
    world.close()


@pytest.mark.parametrize("at", [1, 2])
def test_nothing_is_given_where_something_fails__C17__F39(world: World, at: int) -> None:
    world.answers.asked, world.answers.fails_at = 0, at
    answer = world("POST", "/api/authenticate", json=RIGHT)
    assert world.answers.asked == at
    assert answer.status_code == 503
    refused_by(answer, "C17")


def test_a_storage_that_is_down_gives_none__C17(world: World) -> None:
    world.answers.down = (StartSession,)
    assert world("POST", "/api/authenticate", json=RIGHT).status_code == 503


def test_the_key_that_came_along_ends__S2_4(world: World) -> None:
    before = key_of(world)
    after = key_of(world, headers={"auth-key": before, **CURL})
    assert (whoami(world, before).status_code, whoami(world, after).status_code) == (401, 200)


# --- what it opens ----------------------------------------------------------------------------------------------------


def test_without_one_the_answer_says_how__C03__S2_4(tmp_path: Path) -> None:
    world = World(tmp_path, realm={"personas": ["auth-key"]}, space={"mechanisms": ["auth-key"]})
    answer = world("GET", "/whoami")
    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate") == ['Auth-Key realm="Watchword"']
    assert refused_by(answer, "C03")["code"] == "authentication-required"
    world.close()


@pytest.mark.parametrize("sent", ["{key}x", "ww_a_" + "0" * 43 + "_000000", "f" * 32, ""])
def test_a_wrong_one_is_a_wrong_key__C09__S2_4(world: World, sent: str) -> None:
    answer = whoami(world, sent.replace("{key}", key_of(world)))
    assert answer.status_code == 401
    assert refused_by(answer, "C09")["code"] == "invalid-auth-key"


def test_two_of_them_are_none__F20(world: World) -> None:
    key = key_of(world)
    for other in (key, key_of(world)):
        lines = [("auth-key", key), ("auth-key", other), ("user-agent", "curl/8.9")]
        answer = httpx.Client(transport=_Wire(world)).get("http://localhost/whoami", headers=lines)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-auth-key")


class _Wire(httpx.BaseTransport):
    """Sends lines as they are, repeated ones too."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._world.application)) as client:
                return await client.send(request)

        request.stream = httpx.ByteStream(b"")
        answer = self._world.run(send())
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def test_a_field_that_is_too_large_is_431__C18(world: World) -> None:
    answer = whoami(world, "k" * 16_385)
    assert answer.status_code == 431
    refused_by(answer, "C18")


@pytest.mark.parametrize("carried", ["cookie", "bearer"])
def test_it_is_no_session_by_cookie_or_bearer_nor_the_other_way_round__S2_4(world: World, carried: str) -> None:
    key = key_of(world)
    assert world("GET", "/whoami", headers=CURL, **{carried: key}).status_code == 401
    answer = whoami(world, world.log_in("ann"))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-auth-key")
    assert whoami(world, key).status_code == 200


def test_it_ends_when_it_is_not_used_and_use_slides_it__S2_6(world: World) -> None:
    key = key_of(world)
    for _ in range(5):
        world.now += 29 * MINUTE
        assert whoami(world, key).status_code == 200
    world.now += 30 * MINUTE
    answer = whoami(world, key)
    assert (answer.status_code, answer.json()["code"]) == (401, "expired-auth-key")
    refused_by(answer, "C09")


def test_it_ends_at_last_however_much_it_is_used__S2_6(world: World) -> None:
    key = key_of(world)
    while world.now < NOW + 12 * HOUR - 20 * MINUTE:
        world.now += 20 * MINUTE
        if world.now < NOW + 12 * HOUR:
            assert whoami(world, key).status_code == 200
    world.now = NOW + 12 * HOUR
    assert whoami(world, key).json()["code"] == "expired-auth-key"


def test_its_minutes_are_configured__S2_6(tmp_path: Path) -> None:
    world = world_with(tmp_path, auth_key={"idle": "5m", "absolute": "1h"})
    answer = world("POST", "/api/authenticate", json=RIGHT, headers=CURL).json()
    assert (answer["expires_in"], answer["idle_expires_in"]) == (3600, 300)
    world.now += 5 * MINUTE
    assert whoami(world, answer["auth_key"]).status_code == 401
    world.close()


# --- its end ----------------------------------------------------------------------------------------------------------


def test_log_out_ends_it__S2_4(world: World) -> None:
    key, other = key_of(world), key_of(world)
    answer = world("POST", "/logout", headers={"auth-key": key, **CURL})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (whoami(world, key).status_code, whoami(world, other).status_code) == (401, 200)
    assert world("POST", "/logout", headers={"auth-key": key}).status_code == 204


def test_log_out_says_so_where_it_cannot_be_ended__C17(world: World) -> None:
    key = key_of(world)
    world.answers.down = (EndSession,)
    assert world("POST", "/logout", headers={"auth-key": key}).status_code == 503


def test_it_is_listed_among_the_log_ins_and_ends_there__S2_4(world: World) -> None:
    key, session = key_of(world), world.log_in("ann")
    listed = world("GET", "/sessions", headers={"auth-key": key, **CURL}).json()["sessions"]
    assert {each["kind"] for each in listed} == {"auth-key", "session"}
    (mine,) = (each for each in listed if each["current"])
    assert (mine["kind"], mine["user_agent"]) == ("auth-key", "curl/8.9")
    assert key not in str(listed)
    assert world("DELETE", f"/sessions/{mine['id']}", bearer=session).status_code == 204
    assert whoami(world, key).status_code == 401


def test_it_can_keep_itself_while_all_others_end(world: World) -> None:
    key, session = key_of(world), world.log_in("ann")
    assert world("DELETE", "/sessions?others=true", headers={"auth-key": key, **CURL}).status_code == 204
    assert whoami(world, key).status_code == 200
    assert world("GET", "/whoami", bearer=session).status_code == 401


def test_pages_can_ask_who_it_is_and_it_holds_data__S2_41(world: World) -> None:
    fields = {"auth-key": key_of(world), **CURL}
    shown = world("GET", "/session", headers=fields).json()
    assert (shown["authenticated"], shown["subject"]) == (True, "ann")
    assert world("PUT", "/session/data", json={"a": 1}, headers=fields).status_code == 204
    assert world("GET", "/session/data", headers=fields).json() == {"a": 1}


def test_its_number_is_bounded_with_that_of_sessions(tmp_path: Path) -> None:
    world = world_with(tmp_path, session={"max_per_user": 2})
    keys = []
    for _ in range(3):
        world.now += 1
        keys.append(key_of(world))
    assert [whoami(world, key).status_code for key in keys] == [401, 200, 200]
    world.close()


def test_mass_revocation_means_it_by_its_kind__S2_24(world: World) -> None:
    key, session = key_of(world), world.log_in("ann")
    answer = world("POST", "/revocations", json={"where": "kind = auth-key"}, auth=basic("root"))
    assert answer.json()["revoked"] == 1
    assert whoami(world, key).status_code == 401
    assert world("GET", "/whoami", bearer=session).status_code == 200


# --- another client (S2.5) --------------------------------------------------------------------------------------------


def test_by_default_another_user_agent_is_another_client_and_another_address_is_not__S2_5__D15(world: World) -> None:
    key = key_of(world)
    assert whoami(world, key, address="192.0.2.9", secure=True).status_code == 200
    answer = whoami(world, key, headers={"user-agent": "python-requests/2"})
    assert (answer.status_code, answer.json()["code"]) == (401, "expired-auth-key")
    assert refused_by(answer, "C09")
    assert world.seen.refusals[-1][0].reasons == ("auth-key: wrong-binding",)
    assert whoami(world, key).status_code == 200  # nothing ended: it was a signal, and no proof


def behind(address: str, **more: str) -> dict[str, str]:
    """What the proxy at 10.0.0.1 tells of a client."""
    return {"x-forwarded-for": address, "x-forwarded-proto": "https", **CURL, **more}


def test_an_address_is_that_which_the_proxy_tells__S2_5(bound_to: Callable[..., World]) -> None:
    world = bound_to(binding="address", ipv4_prefix=24)
    key = key_of(world, headers=behind("192.0.2.7"), address="10.0.0.1")
    for address, status in (("192.0.2.7", 200), ("192.0.2.99", 200), ("192.0.3.7", 401), ("::ffff:192.0.2.7", 200)):
        assert whoami(world, key, headers=behind(address), address="10.0.0.1").status_code == status, address
    # Whoever forges what only the proxy may tell stays where they are.
    assert whoami(world, key, headers=behind("192.0.2.7"), address="198.51.100.1").status_code == 401


@pytest.mark.parametrize("mode", ["address", "both"])
@pytest.mark.parametrize("told", [{"x-forwarded-proto": "https"}, behind("a"), behind("unknown"), behind("")])
def test_an_address_that_is_not_told_is_never_shared__F15__C17__S2_5(
    bound_to: Callable[..., World], mode: str, told: dict[str, str]
) -> None:
    world = bound_to(binding=mode, mismatch="end")
    refused = world("POST", "/api/authenticate", json=RIGHT, headers={**CURL, **told}, address="10.0.0.1")
    assert refused.status_code == 503
    assert refused_by(refused, "C17")
    key = key_of(world, headers=behind("192.0.2.7"), address="10.0.0.1")
    # A proxy that fails to tell logs nobody out, and ends no key.
    answer = whoami(world, key, headers={**CURL, **told}, address="10.0.0.1")
    assert answer.status_code == 503
    assert world.seen.refusals[-1][0].reasons == ("auth-key: address-not-told",)
    assert whoami(world, key, headers=behind("192.0.2.7"), address="10.0.0.1").status_code == 200


def test_a_stolen_key_ends_for_the_thief_and_for_its_owner_where_that_is_wanted__S2_5(
    bound_to: Callable[..., World],
) -> None:
    world = bound_to(binding="both", mismatch="end")
    key = key_of(world, headers=behind("192.0.2.7"), address="10.0.0.1")
    thief = whoami(world, key, headers=behind("198.51.100.66"), address="10.0.0.1")
    assert (thief.status_code, thief.json()["code"]) == (401, "expired-auth-key")
    owner = whoami(world, key, headers=behind("192.0.2.7"), address="10.0.0.1")
    assert (owner.status_code, owner.json()["code"]) == (401, "invalid-auth-key")


def test_a_key_that_cannot_be_ended_is_neither_good_nor_bad__C17__F39(bound_to: Callable[..., World]) -> None:
    world = bound_to(binding="both", mismatch="end")
    key = key_of(world, headers=behind("192.0.2.7"), address="10.0.0.1")
    world.answers.down = (EndSession,)
    assert whoami(world, key, headers=behind("198.51.100.66"), address="10.0.0.1").status_code == 503


def test_bound_to_nothing_anybody_may_bring_it(bound_to: Callable[..., World]) -> None:
    world = bound_to(binding="off")
    key = key_of(world)
    assert whoami(world, key, headers={}, address="127.0.0.1").status_code == 200


def test_sessions_can_be_bound_alike__S2_5(tmp_path: Path) -> None:
    world = world_with(tmp_path, session={"binding": "user-agent"})
    answer = world("POST", "/login", json={**RIGHT, "delivery": "body"}, headers=CURL)
    token = answer.json()["session_token"]
    for carried in ("cookie", "bearer"):
        assert world("GET", "/whoami", headers=CURL, **{carried: token}).status_code == 200
        other = world("GET", "/whoami", headers={"user-agent": "Mozilla/5.0"}, **{carried: token})
        assert (other.status_code, other.json()["cell"]) == (401, {"cookie": "C05", "bearer": "C09"}[carried])
    world.close()
