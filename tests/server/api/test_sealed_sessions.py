"""Sessions that clients keep, signed or encrypted: used, renewed, ended, and changed (S2.10, S2.11, ASVS 7.4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.cli.calling import Shell
from tests.server.api.oauth import add_client, introspect, is_error, revoke
from tests.server.api.second_factor import begin
from tests.server.api.world import (
    ACCOUNTS,
    NOW,
    World,
    account,
    basic,
    is_problem,
    new_token,
    password_of,
    refused_by,
    set_cookies,
)
from watchword.core.names import LONGEST_NAME
from watchword.core.questions import (
    ChangeAccount,
    CleanUp,
    FindSession,
    FindSessionKeys,
    FindStanding,
    ListSessions,
    RevokeToken,
    StartSession,
)
from watchword.crypto.otp import step_at
from watchword.flows.sealed_sessions import ClientKeptSessions
from watchword.storage import open_storage

BACKENDS = ("signed", "encrypted")
MINUTE = 60.0


class Browser:
    """A client with a cookie jar."""

    def __init__(self, world: World, name: str = "ann", **options: Any) -> None:
        self.world = world
        credentials = {"username": name, "password": password_of(name)}
        answer = self("POST", "/login", json=credentials, **options)
        assert answer.status_code == 200, answer.text

    token: str | None = None

    def __call__(self, method: str, target: str, **options: Any) -> httpx.Response:
        answer = self.world(method, target, cookie=self.token, **options)
        for line in set_cookies(answer):
            morsel = SimpleCookie(line)["watchword"]
            self.token = None if morsel["max-age"] == "0" else morsel.value
        return answer

    @property
    def kept(self) -> str:
        assert self.token is not None
        return self.token

    def is_in(self) -> bool:
        return bool(self.world("GET", "/whoami", cookie=self.token).status_code == 200)

    def id(self) -> str:
        told: str = self.world("GET", "/whoami", cookie=self.token).json()["session"]
        return told


def ended(world: World, token: str) -> None:
    """The token is refused as a session's that was ended, by either carrier, and its cookie is cleared."""
    answer = world("GET", "/whoami", cookie=token)
    assert refused_by(answer, "C05")["code"] == "session-invalid"
    assert any("Max-Age=0" in line for line in set_cookies(answer))
    assert refused_by(world("GET", "/whoami", bearer=token), "C09")["code"] == "invalid-token"


# --- renewed by use --------------------------------------------------------------------------------------------------


def test_cookie_is_set_anew_while_it_is_used_and_ends_when_it_is_not__S2_2__S2_6(world: World) -> None:
    ann = Browser(world)
    begun, first = world.now, ann.kept
    for _ in range(20):
        world.now += 25 * MINUTE
        assert ann("GET", "/whoami").status_code == 200
    assert world.now - begun > 8 * 3600
    assert ann.kept != first
    world.now += 30 * MINUTE
    assert refused_by(ann("GET", "/whoami"), "C05")["code"] == "session-expired"
    assert ann.token is None


def test_no_use_prolongs_it_beyond_its_absolute_lifetime__ASVS_7_3_2(world: World) -> None:
    ann = Browser(world)
    for _ in range(28):
        world.now += 25 * MINUTE
        assert ann("GET", "/whoami").status_code == 200
    world.now += 20 * MINUTE
    assert refused_by(ann("GET", "/whoami"), "C05")["code"] == "session-expired"


def test_renewed_cookie_is_like_the_first_and_nobody_keeps_the_answer__ASVS_3_3(world: World) -> None:
    first = world("POST", "/login", json={"username": "ann", "password": password_of("ann")}, secure=True)
    world.now += 2 * MINUTE
    again = world("GET", "/whoami", cookie=new_token(first), secure=True)
    assert again.headers.get_list("cache-control") == ["no-store"]
    lines = [line for answer in (first, again) for line in set_cookies(answer)]
    shapes = [re.sub(r"=ww[^;]*|Max-Age=\d+", "", line) for line in lines]
    assert shapes == ["__Host-watchword; ; Path=/; Secure; HttpOnly; SameSite=Lax"] * 2
    assert "Max-Age=43080" in lines[1]


def test_cookie_is_set_anew_at_most_once_a_minute__S2_6(world: World) -> None:
    ann = Browser(world)
    assert set_cookies(ann("GET", "/whoami")) == []
    world.now += MINUTE
    old = ann.kept
    assert len(set_cookies(ann("GET", "/whoami"))) == 1
    assert set_cookies(ann("GET", "/whoami")) == []
    assert set_cookies(world("GET", "/whoami", cookie=old)) == []  # sent before the new one came
    world.now += MINUTE
    assert len(set_cookies(world("GET", "/whoami", cookie=old))) == 1  # the new one never came


@pytest.mark.parametrize("target", ["/verify", "/session", "/sessions"])
def test_every_route_that_grants_renews__S2_6(world: World, target: str) -> None:
    ann = Browser(world)
    world.now += MINUTE
    assert len(set_cookies(ann("GET", target))) == 1
    world.now += 29.5 * MINUTE
    assert ann.is_in()


def test_proxy_that_keeps_no_repeated_fields_is_told_of_the_new_cookie_too__C26(
    make_world: Callable[..., World],
) -> None:
    world = make_world(session={"backend": "encrypted"}, server={"trusted_proxies": ["127.0.0.1"]})
    ann = Browser(world)
    world.now += MINUTE
    headers = {"x-original-method": "GET", "x-original-uri": "/anything", "x-forwarded-proto": "http"}
    headers |= {"x-forwarded-for": "127.0.0.1", "host": "localhost"}
    answer = world("GET", "/verify/nginx?numbered", cookie=ann.kept, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-auth-set-cookie-1"].startswith("watchword=wwe1.")


def test_refused_request_renews_nothing(world: World) -> None:
    ann = Browser(world)
    world.now += MINUTE
    assert set_cookies(ann("GET", "/users")) == []
    assert len(set_cookies(ann("GET", "/whoami"))) == 1


def test_client_without_a_cookie_jar_is_handed_the_token_in_a_field__S2_41(world: World) -> None:
    token = world.log_in("ann")
    assert "authentication-info" not in world("GET", "/whoami", bearer=token).headers
    for _ in range(5):
        world.now += 25 * MINUTE
        answer = world("GET", "/whoami", bearer=token)
        assert answer.status_code == 200
        assert set_cookies(answer) == []
        match = re.fullmatch(r'session_token="([^"]+)"', answer.headers["authentication-info"])
        assert match is not None
        token = match[1]


def test_older_cookie_of_a_session_is_good_until_it_is_idle_itself(world: World) -> None:
    ann = Browser(world)
    old = ann.kept
    world.now += 20 * MINUTE
    ann("GET", "/whoami")
    assert world("GET", "/whoami", cookie=old).status_code == 200
    world.now += 10 * MINUTE
    assert refused_by(world("GET", "/whoami", cookie=old), "C05")["code"] == "session-expired"
    assert ann.is_in()


def test_clock_that_is_set_back_revives_no_cookie__F8(world: World) -> None:
    ann = Browser(world)
    world.now += 31 * MINUTE
    assert not ann.is_in()
    world.now -= 3600
    assert not ann.is_in()


@pytest.mark.parametrize("skew", [-86_400.0, -3600.0, -90.0, 90.0, 1000.0])
def test_clocks_that_differ_neither_end_a_session_nor_break_an_answer__F8(world: World, skew: float) -> None:
    ann = Browser(world)
    world.now += skew
    assert ann("GET", "/whoami").status_code == 200
    world.now -= skew
    assert ann("GET", "/whoami").status_code == 200


# --- ended -----------------------------------------------------------------------------------------------------------


@contextmanager
def two_workers(folder: Path, backend: str) -> Iterator[tuple[World, World]]:
    """Two processes' servers over one database."""
    storages = [open_storage("sqlite:///watchword.db", folder) for _ in range(2)]
    storages[0].put_accounts(account(name) for name in ACCOUNTS)
    worlds = [World(folder, storage=storage, session={"backend": backend}) for storage in storages]
    try:
        yield worlds[0], worlds[1]
    finally:
        for world in worlds:
            world.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_log_out_ends_every_cookie_of_the_session_on_every_node__ASVS_7_4_1__S2_2(tmp_path: Path, backend: str) -> None:
    with two_workers(tmp_path, backend) as (first, second):
        ann, other = Browser(first), Browser(first)
        tokens = [ann.kept]
        for _ in range(3):
            for world in (first, second):
                world.now += 2 * MINUTE
            ann("GET", "/whoami")
            tokens.append(ann.kept)
        assert len(set(tokens)) == 4
        for world in (first, second):
            assert all(world("GET", "/whoami", cookie=token).status_code == 200 for token in tokens)
        assert second("POST", "/logout", cookie=tokens[1]).status_code == 204
        for world in (first, second):
            for token in tokens:
                ended(world, token)
            assert world("GET", "/whoami", cookie=other.kept).status_code == 200


@pytest.mark.parametrize("backend", BACKENDS)
def test_restart_revives_no_session_and_ends_none__I2__I3(tmp_path: Path, backend: str) -> None:
    with two_workers(tmp_path, backend) as (first, _):
        ann, bob = Browser(first), Browser(first, "bob")
        left = ann.kept
        ann("POST", "/logout")
    with two_workers(tmp_path, backend) as (first, _):
        ended(first, left)
        assert first("GET", "/whoami", cookie=bob.kept).status_code == 200


def test_log_out_is_remembered_for_as_long_as_the_session_could_have_lived__ASVS_7_4_1(world: World) -> None:
    ann = Browser(world)
    left = ann.kept
    ann("POST", "/logout")
    world.storage.clean_up(CleanUp(world.now + 12 * 3600 - 1))
    ended(world, left)


def test_log_out_again_and_again_is_noted_once(world: World) -> None:
    token = world.log_in("ann")
    noted: list[object] = []
    world.answers.before = lambda question: noted.append(question) if isinstance(question, RevokeToken) else None
    for _ in range(5):
        assert world("POST", "/logout", cookie=token).status_code == 204
    assert len(noted) == 1


def test_tokens_of_a_log_out_for_tokens_may_be_a_session_s(world: World) -> None:
    token = world.log_in("ann")
    assert world("POST", "/auth/logout", bearer=token).status_code == 204
    ended(world, token)


def test_all_log_ins_end_at_once_and_new_ones_may_begin_in_the_same_instant__ASVS_7_4_5(world: World) -> None:
    ann, other, bob = Browser(world), Browser(world), Browser(world, "bob")
    tokens = ann.kept, other.kept
    assert ann("DELETE", "/sessions").status_code == 204
    assert ann.token is None
    for token in tokens:
        ended(world, token)
    again = Browser(world)
    assert (again.is_in(), bob.is_in()) == (True, True)
    for token in tokens:
        ended(world, token)


def test_all_others_end_and_the_one_that_asks_goes_on_with_its_cookie(world: World) -> None:
    ann, other = Browser(world), Browser(world)
    answer = ann("DELETE", "/sessions?others=true")
    assert (answer.status_code, set_cookies(answer)) == (204, [])
    ended(world, other.kept)
    later = Browser(world)
    world.now += 2 * MINUTE
    assert (ann("GET", "/whoami").status_code, later("GET", "/whoami").status_code) == (200, 200)
    assert ann("DELETE", "/sessions?others=true").status_code == 204
    assert (ann.is_in(), later.is_in()) == (True, False)


def test_new_password_ends_all_but_the_one_that_asks__ASVS_7_4_3(world: World) -> None:
    ann, other = Browser(world), Browser(world)
    wanted = {"password": "correct horse battery", "current_password": password_of("ann")}
    assert ann("PUT", "/users/ann/password", json=wanted).status_code == 204
    ended(world, other.kept)
    assert ann.is_in()
    world.now += 2 * MINUTE
    assert ann("GET", "/whoami").status_code == 200
    assert ann.is_in()


def elsewhere(world: World, data: Path, do: Callable[[World], object]) -> None:
    """Something is done by another process at this very moment."""

    def work() -> None:
        sealed = world.service.sessions.backend
        assert isinstance(sealed, ClientKeptSessions)
        other = World(data, storage=world.storage, session={"backend": sealed.sealed.form})
        other.now = world.now
        do(other)
        other.close()

    world.answers.before = lambda question: None
    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_session_that_asks_is_kept_where_somebody_logs_in_at_that_moment(world: World, tmp_path: Path) -> None:
    ann = Browser(world)

    def meanwhile(question: object) -> None:
        if isinstance(question, StartSession):
            elsewhere(world, tmp_path, lambda other: tokens.append(Browser(other).kept))

    tokens: list[str] = []
    world.answers.before = meanwhile
    assert ann("DELETE", "/sessions?others=true").status_code == 204
    assert ann.is_in()
    assert world("GET", "/whoami", cookie=tokens[0]).status_code == 200


def test_two_first_log_ins_of_an_account_at_one_moment_are_both_good(world: World, tmp_path: Path) -> None:
    def meanwhile(question: object) -> None:
        if isinstance(question, StartSession):
            elsewhere(world, tmp_path, lambda other: tokens.append(Browser(other).kept))

    tokens: list[str] = []
    world.answers.before = meanwhile
    tokens.append(Browser(world).kept)
    assert [world("GET", "/whoami", cookie=token).status_code for token in tokens] == [200, 200]


def test_account_that_changes_while_it_logs_in_gets_no_session__C17(world: World) -> None:
    def meanwhile(question: object) -> None:
        if isinstance(question, FindSession):
            world.answers.before = lambda question: None
            world.storage.change_account(ChangeAccount("ann", password_hash="x", stamp="another"))

    for warm in (False, True):
        if warm:
            world.storage.put_accounts([account("ann")])
            Browser(world)
        world.answers.before = meanwhile
        answer = world("POST", "/login", json={"username": "ann", "password": password_of("ann")})
        assert answer.status_code == 503
        refused_by(answer, "C17")
        assert set_cookies(answer) == []


def test_disabled_account_is_out_and_stays_so_when_it_is_enabled_again__ASVS_7_4_2__F36(world: World) -> None:
    ann = Browser(world)
    for change in ("disable", "enable"):
        assert world("POST", f"/users/ann/{change}", auth=basic("root")).status_code == 204
        ended(world, ann.kept)
    assert Browser(world).is_in()


def test_roles_are_those_of_now__S2_10(world: World) -> None:
    ann = Browser(world)
    world.storage.change_account(ChangeAccount("ann", roles=frozenset(("reader",))))
    assert world("GET", "/whoami", cookie=ann.kept).json()["roles"] == ["reader"]


@pytest.mark.parametrize("where", ["subject = ann", "role = reader", "kind = session", "issued < 2100-01-01"])
def test_mass_revocation_ends_them__S2_24(world: World, where: str) -> None:
    ann = Browser(world)
    counted = world("POST", "/revocations", json={"where": where, "dry_run": True}, auth=basic("root")).json()
    assert (counted["revoked"], ann.is_in()) == (1, True)
    world("POST", "/revocations", json={"where": where}, auth=basic("root"))
    ended(world, ann.kept)


# --- one by one ------------------------------------------------------------------------------------------------------


def test_one_of_several_ends_by_its_id__ASVS_7_5_2(world: World) -> None:
    ann, other = Browser(world), Browser(world)
    assert ann("DELETE", f"/sessions/{other.id()}").status_code == 204
    ended(world, other.kept)
    assert ann.is_in()


def test_ended_session_and_invented_id_are_not_there(world: World) -> None:
    ann, other = Browser(world), Browser(world)
    id = other.id()
    ann("DELETE", f"/sessions/{id}")
    for gone in (id, id[::-1], id[:-1] + ("0" if id[-1] != "0" else "1"), "0" * 22):
        is_problem(ann("DELETE", f"/sessions/{gone}"), "not-found")


def test_nobody_ends_somebody_elses_by_its_id__C12(world: World) -> None:
    ann, bob = Browser(world), Browser(world, "bob")
    is_problem(ann("DELETE", f"/sessions/{bob.id()}"), "not-found")
    refused_by(ann("DELETE", f"/sessions/{bob.id()}?subject=bob"), "C12")
    assert bob.is_in()
    assert world("DELETE", f"/sessions/{bob.id()}?subject=bob", auth=basic("root")).status_code == 204
    ended(world, bob.kept)


def listed(world: World, **options: Any) -> list[dict[str, Any]]:
    sessions: list[dict[str, Any]] = world("GET", "/sessions", **options).json()["sessions"]
    return sessions


def test_session_that_asks_is_listed_and_an_entry_stands_for_all_others(world: World) -> None:
    ann, _ = Browser(world), Browser(world)
    (mine,) = listed(world, cookie=ann.kept, headers={"user-agent": "Lynx"})
    assert (mine["id"], mine["current"], mine["address"], mine["user_agent"]) == (ann.id(), True, "127.0.0.1", "Lynx")
    (all_of_them,) = listed(world, auth=basic("root"), params={"subject": "ann"})
    assert (all_of_them["subject"], all_of_them["current"]) == ("ann", False)
    assert all_of_them["expires_at"] == mine["expires_at"]
    assert world("DELETE", f"/sessions/{all_of_them['id']}?subject=ann", auth=basic("root")).status_code == 204
    ended(world, ann.kept)


def test_entry_is_gone_when_no_session_can_be_alive(world: World) -> None:
    Browser(world)
    world.now += 12 * 3600
    assert listed(world, auth=basic("ann")) == []


def test_however_many_log_ins_one_record_is_kept(world: World) -> None:
    browsers = [Browser(world) for _ in range(20)]
    assert len(world.storage.list_sessions(ListSessions("ann", world.now))) == 1
    assert len({each.id() for each in browsers}) == 20


# --- log-in ----------------------------------------------------------------------------------------------------------


def test_every_log_in_has_a_new_id_and_ends_the_one_before__F26__ASVS_7_2_4(world: World) -> None:
    ann = Browser(world)
    left, id = ann.kept, ann.id()
    ann("POST", "/login", json={"username": "ann", "password": password_of("ann")})
    assert ann.id() != id
    ended(world, left)


@pytest.mark.parametrize("planted", ["wws1.one.e30.AA", "wwe1.AAAA", "wwe1.", "wws1.a.b.c"])
def test_planted_cookie_is_worth_nothing__F26(world: World, planted: str) -> None:
    ended(world, planted)
    answer = world(
        "POST", "/login", json={"username": "ann", "password": password_of("ann")}, cookie=planted, secure=True
    )
    assert answer.status_code == 200
    assert new_token(answer) != planted


def test_planted_cookie_of_somebody_else_ends_with_the_log_in__F26(world: World) -> None:
    mallory = Browser(world, "bob")
    answer = world("POST", "/login", json={"username": "ann", "password": password_of("ann")}, cookie=mallory.kept)
    assert world("GET", "/whoami", cookie=new_token(answer)).json()["subject"] == "ann"
    ended(world, mallory.kept)


def test_cookie_is_never_too_long__ASVS_3_3_5(world: World) -> None:
    name, password = '"' * LONGEST_NAME, "correct horse battery"
    user = {"username": name, "password": password}
    assert world("POST", "/users", json=user, auth=basic("root")).status_code == 201
    (line,) = set_cookies(world("POST", "/login", json=user, secure=True))
    assert len(line.partition(";")[0]) < 4096


def test_nothing_that_only_the_owner_or_the_server_knows_is_in_a_cookie__S2_10__F33(world: World) -> None:
    ann = Browser(world)
    for secret in (password_of("ann"), account("ann").stamp, account("ann").password_hash or ""):
        assert secret not in ann.kept
        assert secret.encode().hex() not in ann.kept


# --- by a session's token elsewhere ----------------------------------------------------------------------------------


def test_introspection_tells_of_it__RFC_7662(world: World) -> None:
    add_client(world, "api", roles=frozenset(("verifier",)))
    token = world.log_in("ann")
    told = introspect(world, token, "api").json()
    assert (told["active"], told["sub"], told["roles"]) == (True, "ann", ["clerk", "reader"])
    assert told["exp"] == NOW + 30 * MINUTE
    world("POST", "/logout", bearer=token)
    assert introspect(world, token, "api").json() == {"active": False}
    expired = world.log_in("ann")
    world.now += 31 * MINUTE
    assert introspect(world, expired, "api").json() == {"active": False}


def test_clients_revoke_no_sessions__RFC_7009(world: World) -> None:
    add_client(world)
    token = world.log_in("ann")
    is_error(revoke(world, token), "unsupported_token_type")
    assert world("GET", "/whoami", bearer=token).status_code == 200


# --- data ------------------------------------------------------------------------------------------------------------


@pytest.mark.backends("encrypted")
def test_data_goes_with_the_cookie__S2_42(world: World) -> None:
    ann = Browser(world)
    data = {"cart": [1, 2, {"é": None}], "seen": True, "ratio": 0.5}
    answer = ann("PUT", "/session/data", json=data)
    assert answer.status_code == 204
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert ann("GET", "/session/data").json() == data
    world.now += 10 * MINUTE
    assert ann("GET", "/whoami").status_code == 200
    world.now += 25 * MINUTE
    assert ann("GET", "/session/data").json() == data
    assert ann("DELETE", "/session/data").status_code == 204
    assert ann("GET", "/session/data").json() == {}


@pytest.mark.backends("encrypted")
def test_data_of_a_client_without_a_cookie_jar__S2_41__S2_42(world: World) -> None:
    answer = world("PUT", "/session/data", bearer=world.log_in("ann"), json={"a": 1})
    assert set_cookies(answer) == []
    token = answer.headers["authentication-info"].removeprefix('session_token="').removesuffix('"')
    assert world("GET", "/session/data", bearer=token).json() == {"a": 1}


@pytest.mark.backends("encrypted")
def test_data_that_no_cookie_holds_are_refused_and_the_old_ones_stay__ASVS_3_3_5(world: World) -> None:
    ann = Browser(world)
    fits = 0
    for length in (1000, 2000, 2500, 3000, 4000):
        answer = ann("PUT", "/session/data", json={"a": "x" * length})
        assert len(f"__Host-watchword={ann.kept}") <= 4096
        if answer.status_code == 204:
            fits = length
        else:
            is_problem(answer, "content-too-large")
            assert set_cookies(answer) == []
        assert ann("GET", "/session/data").json() == {"a": "x" * fits}
    assert fits >= 2000
    world.now += 10 * MINUTE
    assert len(set_cookies(ann("GET", "/whoami"))) == 1  # and there is room for its being renewed


@pytest.mark.backends("signed")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_signed_cookie_holds_no_data__S2_10(world: World, method: str) -> None:
    ann = Browser(world)
    content: dict[str, Any] = {"json": {"a": 1}} if method == "PUT" else {}
    is_problem(ann(method, "/session/data", **content), "not-found")
    assert ann.is_in()


@pytest.mark.backends("encrypted")
@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("how", ["POST /logout", "DELETE /sessions"])
def test_session_that_ends_while_it_is_sealed_anew_is_not_revived(
    world: World, tmp_path: Path, nth: int, how: str
) -> None:
    ann = Browser(world)
    token = ann.kept

    def end(question: object) -> None:
        if world.answers.asked == nth:
            elsewhere(world, tmp_path, lambda other: other(*how.split(), cookie=token))

    world.answers.asked, world.answers.before = 0, end
    answer = ann("PUT", "/session/data", json={"a": 1})
    assert world.answers.asked >= nth
    assert answer.status_code in (204, 401, 404)
    for left in (token, *([ann.token] if ann.token else [])):
        assert world("GET", "/whoami", cookie=left).status_code == 401


# --- other ways of keeping sessions, before and after ----------------------------------------------------------------


def test_sessions_go_on_where_the_way_of_keeping_them_changes(tmp_path: Path) -> None:
    storage = open_storage("memory:", tmp_path)
    storage.put_accounts(account(name) for name in ACCOUNTS)

    def with_backend(backend: str) -> World:
        return World(tmp_path, storage=storage, session={"backend": backend})

    worlds = {backend: with_backend(backend) for backend in ("stored", *BACKENDS)}
    tokens = {backend: world.log_in("ann") for backend, world in worlds.items()}
    for backend in BACKENDS:
        for token in tokens.values():
            assert worlds[backend]("GET", "/whoami", cookie=token).status_code == 200
    for backend in BACKENDS:
        ended(worlds["stored"], tokens[backend])
    assert worlds["signed"]("DELETE", "/sessions?others=true", cookie=tokens["stored"]).status_code == 204
    for backend in BACKENDS:
        ended(worlds[backend], tokens[backend])
        assert worlds[backend]("GET", "/whoami", cookie=tokens["stored"]).status_code == 200
    assert worlds["encrypted"]("POST", "/logout", cookie=tokens["stored"]).status_code == 204
    ended(worlds["stored"], tokens["stored"])
    for world in worlds.values():
        world.close()


def test_bound_session_is_its_clients_alone__S2_5(make_world: Callable[..., World]) -> None:
    for backend in BACKENDS:
        world = make_world(session={"backend": backend, "binding": "user-agent"})
        ann = Browser(world, headers={"user-agent": "Lynx"})
        assert ann("GET", "/whoami", headers={"user-agent": "Lynx"}).status_code == 200
        assert refused_by(world("GET", "/whoami", cookie=ann.kept), "C05")
        world.now += 2 * MINUTE
        assert len(set_cookies(ann("GET", "/whoami", headers={"user-agent": "Lynx"}))) == 1
        assert ann("GET", "/whoami", headers={"user-agent": "Lynx"}).status_code == 200
        assert refused_by(world("GET", "/whoami", cookie=ann.kept), "C05")


def test_confirmed_second_factor_raises_the_session_that_asks_and_ends_the_others__ASVS_7_4_3(world: World) -> None:
    ann, other = Browser(world), Browser(world)
    id, generator = begin(world, ann.kept)
    answer = ann("POST", f"/second-factors/{id}/confirm", json={"code": generator.code(step_at(world.now))})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["recovery_codes"]) == 10
    ended(world, other.kept)
    assert ann("GET", "/whoami").status_code == 200
    world.now += 2 * MINUTE
    assert ann("GET", "/whoami").status_code == 200


# --- outages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("down", [FindSession, FindSessionKeys, FindStanding])
def test_outage_logs_nobody_out_and_bars_no_other_way__C17__S0_10(world: World, down: Any) -> None:
    ann = Browser(world)
    world.answers.down = (down,)
    answer = world("GET", "/whoami", cookie=ann.kept)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert set_cookies(answer) == []
    assert world("GET", "/whoami", cookie=ann.kept, auth=basic("ann")).status_code == 200
    world.answers.down = ()
    assert ann.is_in()


def test_nth_answer_that_fails_is_503_or_does_not_matter__C17__F39(world: World) -> None:
    """Through a whole life: log in, be renewed, hold data, end the others, log out."""

    def life() -> Iterator[httpx.Response]:
        answer = world("POST", "/login", json={"username": "ann", "password": password_of("ann")})
        yield answer
        ann = Browser.__new__(Browser)
        ann.world, ann.token = world, new_token(answer) if set_cookies(answer) else world.log_in("ann")
        world.now += 2 * MINUTE
        yield ann("GET", "/whoami")
        yield ann("PUT", "/session/data", json={"a": 1})
        yield ann("DELETE", "/sessions?others=true")
        token = ann.kept
        answer = ann("POST", "/logout")
        yield answer
        if answer.status_code == 204:
            world.answers.fails_at = None
            assert world("GET", "/whoami", cookie=token).status_code == 401

    usual = [answer.status_code for answer in life()]
    world.answers.asked = 0
    list(life())
    questions = world.answers.asked
    assert questions > 20
    for nth in range(1, questions + 1):
        world.answers.asked, world.answers.fails_at = 0, nth
        for expected, answer in zip(usual, life(), strict=True):
            # Where the others were ended and this one could not be kept, it has ended as well: never is it the reverse.
            assert answer.status_code in (expected, 503, 401), (nth, answer.text)
            if answer.status_code == 401:
                assert answer.request.url.path in ("/logout", "/sessions", "/session/data")
        world.answers.fails_at = None


def test_stolen_database_opens_no_session__S2_35__F33(world: World) -> None:
    """What is kept is no token, and none can be made of it."""
    Browser(world)
    (anchor,) = world.storage.list_sessions(ListSessions("ann", world.now))
    for text in (anchor.id, anchor.fingerprint.hex(), "watchword anchor v1ann"):
        assert world("GET", "/whoami", cookie=text).status_code == 401
        assert world("GET", "/whoami", bearer=text).status_code == 401


@pytest.mark.parametrize("backend", BACKENDS)
def test_sessions_move_with_an_export_and_the_keys__S2_10(tmp_path: Path, backend: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    with two_workers(here, backend) as (world, _):
        ann, token = Browser(world), Browser(world).kept
        assert ann("DELETE", "/sessions?others=true").status_code == 204
        kept = ann.kept
        exported = Shell(here)("export", "-").out
    there.mkdir()
    (there / "keys.json").write_bytes((here / "keys.json").read_bytes())
    (there / "keys.json").chmod(0o600)
    (tmp_path / "exported.jsonl").write_text(exported)
    assert Shell(there)("import", str(tmp_path / "exported.jsonl")).code == 0
    with two_workers(there, backend) as (world, _):
        assert world("GET", "/whoami", cookie=kept).status_code == 200
        ended(world, token)


def test_administrator_ends_somebody_elses_and_keeps_all_of_their_own(world: World) -> None:
    root, roots_other, ann = Browser(world, "root"), Browser(world, "root"), Browser(world)
    assert root("DELETE", "/sessions?others=true").status_code == 204
    later = Browser(world, "root")
    assert later("DELETE", "/sessions?subject=ann&others=true").status_code == 204
    ended(world, ann.kept)
    assert (root.is_in(), later.is_in(), roots_other.is_in()) == (True, True, False)
