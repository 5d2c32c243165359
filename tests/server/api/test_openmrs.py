"""/ws/rest/v1/session: as OpenMRS's clients know it."""

from __future__ import annotations

from collections.abc import Callable

from tests.server.api.world import EVERY_BACKEND, World, basic, new_token, refused_by, set_cookies
from watchword.core.questions import StartSession

PATH = "/ws/rest/v1/session"

BACKENDS = EVERY_BACKEND


def test_nobody_is_told_so__S0_8(world: World) -> None:
    answer = world("GET", PATH)
    assert (answer.status_code, answer.json()) == (200, {"authenticated": False})
    assert set_cookies(answer) == []


def test_basic_begins_a_session_whose_cookie_is_enough__S0_1__S0_8__S0_18(world: World) -> None:
    answer = world("GET", PATH, auth=basic("ann"))
    assert answer.json() == {
        "authenticated": True,
        "user": {
            "username": "ann",
            "display": "ann",
            "roles": [{"name": "clerk", "display": "clerk"}, {"name": "reader", "display": "reader"}],
            "privileges": [{"name": "read", "display": "read"}],
        },
    }
    again = world("GET", PATH, cookie=new_token(answer))
    assert again.json()["user"]["username"] == "ann"
    assert set_cookies(again) == []


def test_session_beside_basic_is_taken_and_no_other_begins__S0_11(world: World) -> None:
    answer = world("GET", PATH, cookie=world.log_in("ann"), auth=basic("bob"))
    assert answer.json()["user"]["username"] == "ann"
    assert set_cookies(answer) == []


def test_stale_cookie_beside_basic_is_replaced__S0_10(world: World) -> None:
    (line,) = set_cookies(world("GET", PATH, cookie="ww_s_stale", auth=basic("ann")))
    assert "Max-Age=43200" in line


def test_auth_token_begins_no_session_that_outlives_it(world: World) -> None:
    token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    answer = world("GET", PATH, auth=("ann", token))
    assert answer.json()["authenticated"] is True
    assert set_cookies(answer) == []


def test_wrong_basic_is_refused_without_basic__C02__C07__S0_4(make_world: Callable[..., World]) -> None:
    answer = make_world(realm={"personas": ["openmrs"]})("GET", PATH, auth=("ann", "wrong"))
    refused_by(answer, "C07")
    schemes = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
    assert "OpenMRS-Cookie" in schemes
    assert "Basic" not in schemes


def test_no_page_of_another_origin_begins_a_session__C14__F27(world: World) -> None:
    answer = world("GET", PATH, auth=basic("ann"), headers={"sec-fetch-site": "cross-site"})
    refused_by(answer, "C14")
    assert set_cookies(answer) == []


def test_delete_logs_out__S2_2(world: World) -> None:
    token = new_token(world("GET", PATH, auth=basic("ann")))
    answer = world("DELETE", PATH, cookie=token)
    assert answer.status_code == 204
    assert len(set_cookies(answer)) == 1
    assert world("GET", PATH, cookie=token).json() == {"authenticated": False}
    assert world("DELETE", PATH).status_code == 204


def test_session_that_cannot_be_kept_is_503__C17(world: World) -> None:
    world.answers.down = (StartSession,)
    answer = world("GET", PATH, auth=basic("ann"))
    refused_by(answer, "C17")
    assert set_cookies(answer) == []
