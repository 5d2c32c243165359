"""One table for all ways of keeping sessions (S2.12): the same requests get the same answers, but for the tokens.

Each story is a list of requests, told to one server for each way. A cookie jar keeps what answers set; `{kept}` is what
it held when the story said so, `{bearer}` a token that came in the content of a log-in. Compared are the status, the
names and values of all fields, and the content; hidden are only tokens and random names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.server.api.world import EVERY_BACKEND, World, basic, password_of, set_cookies

ANN = {"username": "ann", "password": password_of("ann")}
FOREIGN = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Ask:
    """One request. `wait` seconds before it; `by` names the token that it brings, `keep` what the jar held then."""

    method: str
    target: str
    by: str = "jar"
    wait: float = 0
    keep: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


def ask(method: str, target: str, by: str = "jar", *, wait: float = 0, keep: str = "", **options: Any) -> Ask:
    return Ask(method, target, by, wait, keep, options)


LOG_IN = ask("POST", "/login", json=ANN)
FOR_BEARER = ask("POST", "/login", by="none", json={**ANN, "delivery": "body"}, keep="bearer")
WHOAMI, BY_BEARER = ask("GET", "/whoami"), ask("GET", "/whoami", by="bearer")

STORIES: Mapping[str, Sequence[Ask]] = {
    "in_and_out__S2_1__S2_2": (
        WHOAMI, LOG_IN, WHOAMI, ask("GET", "/session", keep="old"), ask("POST", "/logout"), WHOAMI,
        ask("GET", "/whoami", by="old"), ask("GET", "/session", by="old"), ask("POST", "/logout", by="old"),
    ),
    "wrong_password__C07__S0_4": (
        ask("POST", "/login", json={**ANN, "password": "wrong"}), WHOAMI, LOG_IN,
        ask("GET", "/whoami", auth=("ann", "wrong")), ask("GET", "/whoami", auth=basic("ann")),
    ),
    "idle__S0_5__S0_10__S2_2": (
        LOG_IN, ask("GET", "/whoami", wait=30 * MINUTE, keep="old"), WHOAMI, ask("GET", "/whoami", by="old"),
        ask("GET", "/whoami", by="old", auth=basic("ann")), ask("GET", "/whoami", by="old", auth=("ann", "wrong")),
        ask("GET", "/session", by="old"), ask("GET", "/users", by="old", auth=basic("ann")),
    ),
    "too_old__ASVS_7_3_2": (
        LOG_IN, *(ask("GET", "/session", wait=29 * MINUTE) for _ in range(24)), ask("GET", "/whoami", wait=29 * MINUTE),
    ),
    "bearer__S2_41": (
        FOR_BEARER, BY_BEARER, ask("GET", "/session", by="bearer"), ask("GET", "/users", by="bearer"),
        ask("POST", "/logout", by="bearer"), BY_BEARER,
    ),
    "idle_bearer__C09": (FOR_BEARER, ask("GET", "/whoami", by="bearer", wait=30 * MINUTE)),
    "roles_and_owners__C12__C13": (
        LOG_IN, ask("GET", "/users"), ask("GET", "/users/ann"), ask("GET", "/users/bob"), ask("GET", "/roles/bob"),
        ask("GET", "/tokens/bob"), ask("DELETE", "/sessions?subject=bob"), ask("POST", "/revocations", json={}),
    ),
    "pages_of_others__C14__F27": (
        LOG_IN, ask("POST", "/keys", json={}, headers=FOREIGN), ask("POST", "/logout", headers=FOREIGN), WHOAMI,
        ask("GET", "/whoami", headers=FOREIGN), ask("DELETE", "/sessions", headers=FOREIGN), WHOAMI,
        ask("POST", "/login", headers=FOREIGN, json=ANN),
    ),
    "fixation__F26": (
        LOG_IN, ask("POST", "/login", json=ANN, keep="old"), ask("GET", "/whoami", by="old"), WHOAMI,
        ask("GET", "/whoami", by="planted"), ask("POST", "/login", by="planted", json=ANN), WHOAMI,
    ),
    "twice__F26": (LOG_IN, ask("GET", "/whoami", by="twice"), ask("POST", "/logout", by="twice"), WHOAMI),
    "both__S0_11__F20": (
        LOG_IN, ask("GET", "/whoami", auth=("ann", "wrong")), ask("GET", "/whoami", auth=basic("bob")),
        ask("GET", "/roles/bob", auth=basic("bob")), ask("GET", "/whoami", headers={"authorization": "Basic !!!"}),
        ask("GET", "/whoami", by="none", headers={"authorization": "Basic !!!"}),
    ),
    "no_popups": (
        LOG_IN, ask("POST", "/logout", keep="old"), ask("GET", "/whoami?noauthchallenge", by="old"),
        ask("GET", "/whoami", by="old", headers={"sec-fetch-dest": "empty"}),
        ask("GET", "/whoami", by="old", headers=PAGE),
    ),
    "ending_all__ASVS_7_4_5": (
        LOG_IN, ask("DELETE", "/sessions", keep="old"), WHOAMI, ask("GET", "/whoami", by="old"), LOG_IN, WHOAMI,
    ),
    "ending_the_others__ASVS_7_4_3": (
        FOR_BEARER, LOG_IN, ask("DELETE", "/sessions?others=true"), BY_BEARER, WHOAMI, ask("GET", "/session"),
    ),
    "ending_one": (
        LOG_IN, ask("DELETE", "/sessions/{own}", keep="old"), ask("GET", "/whoami", by="old"), WHOAMI,
        LOG_IN, ask("DELETE", "/sessions/nothing"), ask("DELETE", "/sessions/{bobs}"), WHOAMI,
    ),
    "another_password__ASVS_6_2_3": (
        FOR_BEARER, LOG_IN,
        ask("PUT", "/users/ann/password", json={"password": "another one", "current_password": "wrong"}),
        ask("PUT", "/users/ann/password", json={"password": "another one", "current_password": ANN["password"]}),
        WHOAMI, BY_BEARER, ask("POST", "/login", by="none", json=ANN),
    ),
    "disabled__ASVS_7_4_2": (
        LOG_IN, FOR_BEARER, ask("POST", "/users/ann/disable", by="none", auth=basic("root")), BY_BEARER,
        ask("GET", "/whoami", keep="old"), ask("POST", "/users/ann/enable", by="none", auth=basic("root")),
        ask("GET", "/whoami", by="old"), ask("POST", "/login", json=ANN), WHOAMI,
    ),
    "deleted__ASVS_7_4_2": (
        LOG_IN, ask("DELETE", "/users/ann", by="none", auth=basic("root")), ask("GET", "/whoami", keep="old"),
        ask("POST", "/users", by="none", auth=basic("root"), json=ANN), ask("GET", "/whoami", by="old"),
    ),
    "fewer_roles__ASVS_8_3_2": (
        LOG_IN, ask("PATCH", "/users/ann", by="none", auth=basic("root"), json={"roles": []}), WHOAMI,
    ),
    "revoked_by_a_criterion__S2_24": (
        LOG_IN, ask("POST", "/revocations", by="none", auth=basic("root"), json={"where": "role = reader"}), WHOAMI,
    ),
    "xml_and_forms__S2_37": (
        ask("POST", "/login", data=ANN, headers={"accept": "application/xml"}), ask("GET", "/session"),
    ),
    "openmrs__S0_2": (
        ask("GET", "/ws/rest/v1/session"), ask("GET", "/ws/rest/v1/session", auth=basic("ann")), WHOAMI,
        ask("GET", "/ws/rest/v1/session"), ask("DELETE", "/ws/rest/v1/session"), WHOAMI,
    ),
    "forward_auth__C26": (
        ask("GET", "/verify"), LOG_IN, ask("GET", "/verify"), ask("GET", "/verify/nginx?numbered"),
        ask("GET", "/verify/traefik"), ask("POST", "/logout", keep="old"),
        ask("GET", "/verify/nginx?numbered", by="old"),
    ),
    "other_methods__C27": (
        LOG_IN, ask("HEAD", "/whoami"), ask("OPTIONS", "/session"), ask("DELETE", "/whoami"), ask("GET", "/nowhere"),
    ),
    "keys_by_session__C15": (
        LOG_IN, ask("POST", "/keys", json={"name": "ci"}), ask("GET", "/keys"), ask("GET", "/tokens/ann"),
    ),
}  # fmt: skip


class Teller:
    """Tells a story to one server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jar: str | None = None
        self.names = {"planted": "ww_s_" + "0" * 43 + "_000000"}
        bob = world("POST", "/login", json={"username": "bob", "password": password_of("bob")}).json()
        self.names["bobs"] = bob["session"]["id"]
        self.names["own"] = ""

    def __call__(self, asked: Ask) -> httpx.Response:
        self.world.now += asked.wait
        before = self.jar
        answer = self.world(
            asked.method, asked.target.format(**self.names), **self._carried(asked.by), **dict(asked.options)
        )
        for line in set_cookies(answer):
            value = line.partition("=")[2].partition(";")[0]
            self.jar = value or None
        if asked.target == "/login" and answer.status_code == 200 and "json" in answer.headers["content-type"]:
            self.names["own"] = answer.json()["session"]["id"]
            if "session_token" in answer.text:
                self.names["bearer"] = answer.json()["session_token"]
        if asked.keep == "old":
            assert before is not None
            self.names["old"] = before
        return answer

    def _carried(self, by: str) -> dict[str, Any]:
        match by:
            case "none":
                return {}
            case "jar":
                return {} if self.jar is None else {"cookie": self.jar}
            case "bearer":
                return {"bearer": self.names["bearer"]}
            case "twice":
                return {"headers": {"cookie": f"watchword={self.jar}; watchword={self.names['planted']}"}}
            case name:
                return {"cookie": self.names[name]}


_HIDDEN = (
    (re.compile(r"ww(?:_s_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}|[se]1\.[0-9A-Za-z._-]+)"), "<token>"),
    (re.compile(r"\b[0-9A-Za-z]{22}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{18}\b"), "<request>"),
    (re.compile(r"ww_[kt]_[0-9A-Za-z_]+"), "<secret>"),
    (re.compile(r'("hint":\s*)"[^"]*"'), r"\1<hint>"),
)
_RENEWAL = re.compile(r"watchword=<token>; Max-Age=\d+; Path=/; HttpOnly; SameSite=Lax")


def seen(asked: Ask, answer: httpx.Response) -> tuple[object, ...]:
    """An answer as it is compared. A cookie that is set anew is no part of it: who keeps none needs none."""
    text, lines = answer.text, [f"{name}: {value}" for name, value in answer.headers.multi_items()]
    for pattern, hidden in _HIDDEN:
        text, lines = pattern.sub(hidden, text), [pattern.sub(hidden, line) for line in lines]
    logs_in = asked.target in ("/login", "/ws/rest/v1/session")
    if not logs_in and answer.is_success:
        lines = [line for line in lines if not _RENEWAL.search(line)]
    if "session_token" in text:
        lines = [line for line in lines if not line.startswith("content-length")]
    return answer.status_code, sorted(lines), text


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_whoever_keeps_the_sessions_the_answers_are_the_same__S2_12(
    story: Sequence[Ask], make_world: Callable[..., World]
) -> None:
    tellers = [Teller(make_world(session={"backend": backend})) for backend in EVERY_BACKEND]
    for asked in story:
        stored, *others = (seen(asked, teller(asked)) for teller in tellers)
        for backend, other in zip(EVERY_BACKEND[1:], others, strict=True):
            assert other == stored, (backend, asked)


def test_stories_meet_many_cells(make_world: Callable[..., World]) -> None:
    """Otherwise they would prove little."""
    cells: set[str] = set()
    for story in STORIES.values():
        world = make_world()
        teller = Teller(world)
        for asked in story:
            teller(asked)
        cells |= set(world.seen.cells)
    assert cells >= {"C00", "C01", "C03", "C05", "C06", "C07", "C08", "C09", "C12", "C13", "C14"}
