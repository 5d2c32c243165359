"""POST /login/with/{name}/backchannel-logout: what a logout token ends, and what no other token ends (S2_40).

The provider is asked over HTTP for its keys, as it is in earnest.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.false_provider import LEFT_OUT, RSA_KEY, STRANGER, Answer, FalseProvider, by_rs256, encoded, false_provider
from tests.server.api.second_factor import Holder, enrol
from tests.server.api.world import World, password_of, refused_by, set_cookies
from watchword.core.linked import LinkedIdentity, LinkedLogIn
from watchword.core.policy import Ceiling
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import (
    AddLinkedIdentity,
    EndLinkedSessions,
    FindAccount,
    FindProviderKey,
    SpendOnce,
    StartSession,
)
from watchword.crypto.secret import Secret
from watchword.flows import openid_logout
from watchword.http.message import Peer, Request
from watchword.server.log_out_hints import TIME_TO_GO_ON, kept_fields
from watchword.tokens.log_out_hint import LogOutHint
from watchword.tokens.session import new_session

PATH = "/login/with/corp/backchannel-logout"
NAMES = {"ann": "ann-1", "bob": "bob-2"}


@pytest.fixture(scope="module")
def running() -> Iterator[FalseProvider]:
    with false_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FalseProvider) -> FalseProvider:
    running.honest()
    running.somebody = "ann-1"
    return running


@pytest.fixture
def world(make_world: Callable[..., World], provider: FalseProvider) -> World:
    """Where ann and bob are linked to what the provider calls them."""
    corp = {
        "name": "corp",
        "issuer": provider.url,
        "client_id": "watchword",
        "private_hosts": ["127.0.0.1"],
        "algorithms": ["RS256", "ES256"],
        "timeout": "1s",
    }
    made = make_world(identity_provider=[corp])
    made.now = time.time()
    for name, subject in NAMES.items():
        identity = LinkedIdentity(issuer=provider.url, subject=subject, account=name, created_at=made.now)
        assert made.storage.linked.add(AddLinkedIdentity(identity))
    return made


def begin(world: World, name: str, issuer: str, sid: str | None = "s1") -> str:
    """The token of a session that the provider began."""
    who = Principal(subject=name, realm="r", authentication=Authentication(mechanism="identity-provider"))
    entropy = f"{name} {sid} {issuer[-8:]}".encode().ljust(32)[:32]
    session, token = new_session(who, entropy, world.now, idle_timeout=7200.0, lifetime=7200.0)
    owner = world.storage.find_account(FindAccount(name))
    assert owner is not None
    assert world.storage.start_session(
        StartSession(replace(session, stamp=owner.stamp, linked=LinkedLogIn(issuer, sid)))
    )
    return token


def lives(world: World, token: str) -> bool:
    told: bool = world("GET", "/session", bearer=token).json()["authenticated"]
    return told


def send(world: World, token: str, **options: Any) -> httpx.Response:
    return world("POST", PATH, data={"logout_token": token}, **options)


def is_done(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"


def is_refused(world: World, answer: httpx.Response, reason: str) -> None:
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "This logout token is not taken.",
    }
    told = world.seen.events[-1]
    assert (told.name, told.level) == ("authn_logout_refused", "warning")
    assert told.fields == {"provider": "corp", "client": "127.0.0.1", "reason": reason}


def test_the_session_that_is_named_ends__S2_40(world: World, provider: FalseProvider) -> None:
    ended, other = begin(world, "ann", provider.url), begin(world, "ann", provider.url, "s2")
    bobs, elsewhere = begin(world, "bob", provider.url, "s3"), begin(world, "ann", "https://other.example.com")
    is_done(send(world, provider.logout_token(client_id="watchword", sid="s1")))
    assert [lives(world, each) for each in (ended, other, bobs, elsewhere)] == [False, True, True, True]
    assert world.seen.events[-1].fields == {
        "provider": "corp", "client": "127.0.0.1", "subject": "ann", "reason": "logout at the provider", "sessions": 1,
    }  # fmt: skip


def test_all_sessions_of_the_person_end_where_none_is_named__S2_40(world: World, provider: FalseProvider) -> None:
    mine = [begin(world, "ann", provider.url, sid) for sid in ("s1", "s2", None)]
    others = [begin(world, "bob", provider.url, "s3"), begin(world, "ann", "https://other.example.com")]
    is_done(send(world, provider.logout_token(client_id="watchword")))
    assert [lives(world, each) for each in mine] == [False] * 3
    assert [lives(world, each) for each in others] == [True] * 2


def test_a_session_alone_is_enough__S2_40(world: World, provider: FalseProvider) -> None:
    token = begin(world, "ann", provider.url)
    is_done(send(world, provider.logout_token(client_id="watchword", sub=LEFT_OUT, sid="s1")))
    assert not lives(world, token)


def test_nobody_ends_another_s_session_by_its_name__S2_40(world: World, provider: FalseProvider) -> None:
    token = begin(world, "bob", provider.url)
    is_done(send(world, provider.logout_token(client_id="watchword", sub="ann-1", sid="s1")))
    is_done(send(world, provider.logout_token(client_id="watchword", sub="stranger-9", sid="s1")))
    assert lives(world, token)


def test_a_log_out_that_was_told_already_ends_nothing_anew__S2_40__F2(world: World, provider: FalseProvider) -> None:
    token = provider.logout_token(client_id="watchword")
    is_done(send(world, token))
    world.now += 1
    later = begin(world, "ann", provider.url)
    is_refused(world, send(world, token), "replayed-logout-token")
    assert lives(world, later)


def test_no_cookie_counts_and_none_is_needed__S2_40__F27(world: World, provider: FalseProvider) -> None:
    own, ended = world.log_in("root"), begin(world, "ann", provider.url)
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    is_done(send(world, provider.logout_token(client_id="watchword"), cookie=own, headers=foreign))
    assert (lives(world, own), lives(world, ended)) == (True, False)
    is_refused(world, send(world, "nonsense", cookie=own, headers=foreign), "malformed")
    assert lives(world, own)


OTHERS: Mapping[str, tuple[Callable[[FalseProvider], str], str]] = {
    "an ID token": (
        lambda provider: provider.id_token(client_id="watchword", nonce="n", access_token="a"),
        "type",
    ),
    "an ID token that says it is one": (
        lambda provider: provider.signed(
            {"iss": provider.url, "sub": "ann-1", "aud": "watchword", "nonce": "n", "exp": time.time() + 60},
            {"typ": "logout+jwt"},
        ),
        "claims",
    ),
    "for another client": (lambda provider: provider.logout_token(client_id="another"), "audience"),
    "of another issuer": (
        lambda provider: provider.logout_token(client_id="watchword", iss="https://other.example.com"),
        "issuer",
    ),
    "with a nonce": (lambda provider: provider.logout_token(client_id="watchword", nonce="n"), "claims"),
    "of nobody": (lambda provider: provider.logout_token(client_id="watchword", sub=LEFT_OUT), "claims"),
    "of long ago": (
        lambda provider: provider.logout_token(client_id="watchword", iat=1_600_000_000, exp=1_600_000_120),
        "expired",
    ),
    "of long ago, for good": (
        lambda provider: provider.logout_token(client_id="watchword", iat=1_600_000_000, exp=4_000_000_000),
        "expired",
    ),
}
HEADERS: Mapping[str, tuple[dict[str, Any], Callable[[bytes], bytes], str]] = {
    "unsigned": ({"alg": "none"}, lambda message: b"", "algorithm"),
    "signed by a stranger": ({}, by_rs256(STRANGER), "signature"),
    "signed by a key that nobody has": ({"kid": "unknown"}, by_rs256(RSA_KEY), "unknown-key"),
    "signed by the client's secret": ({"alg": "HS256"}, lambda message: b"0" * 32, "algorithm"),
    "with a key of its own": ({"jwk": {"kty": "oct", "k": encoded(b"k")}}, by_rs256(STRANGER), "header"),
}


@pytest.mark.parametrize("name", [*OTHERS, *HEADERS])
def test_what_is_no_logout_token_for_us_ends_nothing__S2_40(world: World, provider: FalseProvider, name: str) -> None:
    alive = begin(world, "ann", provider.url)
    if name in OTHERS:
        made, reason = OTHERS[name]
        token = made(provider)
    else:
        header, provider.sign, reason = HEADERS[name]
        provider.header.update(header)
        token = provider.logout_token(client_id="watchword")
    is_refused(world, send(world, token), reason)
    assert lives(world, alive)


FORMS: Mapping[str, dict[str, Any]] = {
    "nothing": {"data": {}},
    "JSON": {"json": {"logout_token": "a.b.c"}},
    "two": {
        "content": b"logout_token=a&logout_token=b",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    "in the address": {"params": {"logout_token": "a.b.c"}, "data": {"logout_token": "a.b.c"}},
    "empty": {"data": {"logout_token": ""}},
    "huge": {"data": {"logout_token": "a" * 70_000}},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_it_comes_as_a_form_and_once__S2_40(world: World, name: str) -> None:
    answer = world("POST", PATH, **FORMS[name])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world("GET", PATH).status_code == 405


def test_a_provider_that_is_away_is_an_outage__F6__S2_40(world: World, provider: FalseProvider) -> None:
    alive = begin(world, "ann", provider.url)
    token = provider.logout_token(client_id="watchword")
    provider.answers["/jwks"] = Answer(500)
    refused_by(send(world, token), "C17")
    assert lives(world, alive)


def test_a_storage_that_is_down_is_an_outage__F6__S2_40(world: World, provider: FalseProvider) -> None:
    alive = begin(world, "ann", provider.url)
    token = provider.logout_token(client_id="watchword")
    world.answers.down = (EndLinkedSessions,)
    refused_by(send(world, token), "C17")
    refused_by(world("GET", "/login/with/corp/frontchannel-logout", params={"iss": provider.url, "sid": "s1"}), "C17")
    world.answers.down = ()
    assert lives(world, alive)
    is_done(send(world, token))
    assert not lives(world, alive)


def test_whichever_answer_fails_nothing_is_said_to_have_ended__F39__S2_40(
    world: World, provider: FalseProvider
) -> None:
    """The provider tells it again and again, as it should: the very same token."""
    alive = begin(world, "ann", provider.url)
    number, token = 0, provider.logout_token(client_id="watchword")
    for number in range(1, 20):
        world.answers.asked, world.answers.fails_at = 0, number
        answer = send(world, token)
        world.answers.fails_at = None
        if answer.status_code == 200:
            break
        refused_by(answer, "C17")
        assert lives(world, alive)
    assert (number, lives(world, alive)) == (4, False)
    is_refused(world, send(world, token), "replayed-logout-token")


def test_a_log_out_of_nobody_here_is_told_once__F39__S2_40(world: World, provider: FalseProvider) -> None:
    """Otherwise it would end what begins once that identity is linked."""
    token = provider.logout_token(client_id="watchword", sub="stranger-9")
    world.answers.down = (SpendOnce,)
    refused_by(send(world, token), "C17")
    world.answers.down = ()
    is_done(send(world, token))
    is_refused(world, send(world, token), "replayed-logout-token")


# --- log-ins that wait for their second step -------------------------------------------------------------------------

BACK: Mapping[str, Mapping[str, Any]] = {
    "the person": {},
    "the person's session": {"sid": "s1"},
    "a session": {"sub": LEFT_OUT, "sid": "s1"},
}
ELSEWHERE: Mapping[str, Mapping[str, Any]] = {
    "another session": {"sid": "s2"},
    "another person": {"sub": "bob-2"},
    "another person with its session": {"sub": "bob-2", "sid": "s1"},
}


def half_log_in(world: World, holder: Holder, issuer: str | None, sid: str | None = "s1") -> str:
    """What the provider's word gives who needs a second factor; without an issuer, what the password gives."""
    if issuer is None:
        return holder.half()
    owner = world.storage.find_account(FindAccount(holder.name))
    assert owner is not None
    authentication = Authentication(mechanism="identity-provider", amr=frozenset({"fed"}))
    who = Principal(subject=holder.name, realm="r", stamp=owner.stamp, authentication=authentication)
    return world.service.second_factors.judge.half_log_in(who, world.now, LinkedLogIn(issuer, sid))


@pytest.mark.parametrize("named", BACK)
def test_half_a_log_in_ends_with_the_sessions__S2_40__F28__C09(
    world: World, provider: FalseProvider, named: str
) -> None:
    ann = enrol(world)
    token, own = half_log_in(world, ann, provider.url), half_log_in(world, ann, None)
    is_done(send(world, provider.logout_token(client_id="watchword", **BACK[named])))
    assert refused_by(ann.finish(token, ann.fresh_code()), "C09")["code"] == "expired-mfa-token"
    assert ann.finish(own, ann.fresh_code()).status_code == 200, "it is none of the provider's"
    assert ann.finish(half_log_in(world, ann, provider.url), ann.fresh_code()).status_code == 200


@pytest.mark.parametrize("named", ELSEWHERE)
def test_half_a_log_in_outlives_the_log_out_of_others__S2_40(world: World, provider: FalseProvider, named: str) -> None:
    ann = enrol(world)
    token = half_log_in(world, ann, provider.url)
    is_done(send(world, provider.logout_token(client_id="watchword", **ELSEWHERE[named])))
    assert ann.finish(token, ann.fresh_code()).status_code == 200


def test_half_a_log_in_ends_by_the_front_channel_and_with_its_identity__S2_40__C09(
    world: World, provider: FalseProvider
) -> None:
    ann = enrol(world)
    token = half_log_in(world, ann, provider.url)
    told = {"iss": provider.url, "sid": "s1"}
    assert world("GET", "/login/with/corp/frontchannel-logout", params=told).status_code == 200
    refused_by(ann.finish(token, ann.recovery_codes[0]), "C09")
    token = half_log_in(world, ann, provider.url, "s2")
    (linked,) = world("GET", "/identities", bearer=ann.session).json()["identities"]
    assert world("DELETE", f"/identities/{linked['id']}", bearer=ann.session).status_code == 204
    refused_by(ann.finish(token, ann.recovery_codes[0]), "C09")
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200, "no code was used up"


def test_a_log_in_that_is_about_to_begin_its_session_begins_none__S2_40__F2(
    world: World, provider: FalseProvider
) -> None:
    ann = enrol(world)
    token, code = half_log_in(world, ann, provider.url), ann.fresh_code()

    def meanwhile(question: object) -> None:
        if isinstance(question, StartSession):
            world.answers.before = lambda question: None
            world.storage.linked.end_sessions(EndLinkedSessions(provider.url, world.now, sid="s1"))

    world.answers.before = meanwhile
    refused_by(ann.finish(token, code), "C17")
    listed = world("GET", "/sessions", bearer=ann.session).json()["sessions"]
    assert [each["current"] for each in listed] == [True]


def test_what_begins_while_the_provider_is_asked_for_its_keys_ends_too__S2_40__F2(
    world: World, provider: FalseProvider
) -> None:
    ann, begun = enrol(world), list[str]()

    def meanwhile(question: object) -> None:
        if isinstance(question, FindProviderKey):
            world.now += 1
            begun.append(half_log_in(world, ann, provider.url))

    world.answers.before = meanwhile
    is_done(send(world, provider.logout_token(client_id="watchword", sid="s1")))
    refused_by(ann.finish(begun[0], ann.fresh_code()), "C09")


def test_names_that_are_made_up_fill_no_storage_and_sessions_end_all_the_same__F15__S2_40(
    world: World, provider: FalseProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid_logout, "FROM_ONE_PLACE", Ceiling(limit=2, window=60.0))
    seen: list[EndLinkedSessions] = []
    world.answers.before = lambda asked: seen.append(asked) if isinstance(asked, EndLinkedSessions) else None
    alive = begin(world, "ann", provider.url, "s9")
    for sid in ("a" * 1024, "b" * 1024, "c" * 1024, "s9"):
        told = {"iss": provider.url, "sid": sid}
        assert world("GET", "/login/with/corp/frontchannel-logout", params=told).status_code == 200
    assert [asked.at is None for asked in seen] == [False, False, True, True]
    assert not lives(world, alive)


# --- going on to the provider ----------------------------------------------------------------------------------------


def go_on(world: World, **options: Any) -> httpx.Response:
    return world("GET", "/login/with/corp/logout", **options)


def test_browsers_go_on_to_where_the_provider_logs_people_out__S2_40(world: World, provider: FalseProvider) -> None:
    answer = go_on(world, params={"post_logout_redirect_uri": "https://evil.example", "client_id": "evil"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{provider.url}/end?client_id=watchword")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("/", "https%3A%2F%2Fauth.example.com%2F"),
        ("https://www.example.com/bye", "https%3A%2F%2Fwww.example.com%2Fbye"),
    ],
)
def test_the_provider_is_told_where_people_come_from__S2_40__F32(
    make_world: Callable[..., World], provider: FalseProvider, page: str, told: str
) -> None:
    corp = {"name": "corp", "issuer": provider.url, "client_id": "w", "private_hosts": ["127.0.0.1"]}
    world = make_world(
        server={"public_url": "https://auth.example.com"}, identity_provider=[{**corp, "after_logout": page}]
    )
    answer = go_on(world, secure=True, headers={"host": "evil.example"})
    assert (
        answer.headers["location"]
        .replace("https:%2F%2F", "https%3A%2F%2F")
        .endswith(f"/end?client_id=w&post_logout_redirect_uri={told}")
    )


def test_a_provider_without_log_out_has_no_such_page__S2_40(world: World, provider: FalseProvider) -> None:
    provider.discovery["end_session_endpoint"] = LEFT_OUT
    assert go_on(world).status_code == 404


def test_a_provider_that_is_away_logs_nobody_out__F6__S2_40(world: World, provider: FalseProvider) -> None:
    provider.answers["/.well-known/openid-configuration"] = Answer(503)
    refused_by(go_on(world), "C17")


# --- who it is that goes on ------------------------------------------------------------------------------------------


@dataclass
class Browser:
    """A cookie jar as browsers have them: a cookie belongs to a path, and goes nowhere else."""

    world: World
    provider: FalseProvider
    jar: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def __call__(self, method: str, target: str, **options: Any) -> httpx.Response:
        path = target.partition("?")[0]
        fits = [f"{name}={value}" for (name, where), value in self.jar.items() if path == where or where == "/"]
        headers = {**options.pop("headers", {}), **({"cookie": "; ".join(fits)} if fits else {})}
        answer = self.world(method, target, headers=headers, **options)
        for line in set_cookies(answer):
            (name, value), attributes = line.partition(";")[0].split("=", 1), line.partition(";")[2]
            place = name, attributes.partition("Path=")[2].partition(";")[0]
            self.jar.pop(place, None)
            if "Max-Age=0" not in attributes:
                self.jar[place] = value
        return answer

    def log_in(self) -> httpx.Response:
        asked = dict(parse_qsl(urlsplit(self("GET", "/login/with/corp").headers["location"]).query))
        back = urlsplit(self.provider.authorized(asked))
        return self("GET", f"{back.path}?{back.query}")

    def log_out(self) -> None:
        assert self("POST", "/logout").status_code == 204

    def goes_on(self) -> dict[str, str]:
        """What the provider is told."""
        return dict(parse_qsl(urlsplit(self("GET", "/login/with/corp/logout").headers["location"]).query))

    def holds(self) -> list[str]:
        return sorted(path for name, path in self.jar if "log-out" in name)


@pytest.fixture
def browser(world: World, provider: FalseProvider) -> Browser:
    return Browser(world, provider)


def told_of(hint: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(urlsafe_b64decode(hint.split(".")[1] + "=="))
    return told


def test_the_provider_is_told_who_logs_out__S2_40(browser: Browser) -> None:
    answer = browser.log_in()
    assert answer.status_code == 303
    (kept,) = (line for line in set_cookies(answer) if line.startswith("watchword-log-out="))
    assert {"HttpOnly", "SameSite=Strict", "Path=/logout"} <= set(kept.split("; "))
    browser.log_out()
    assert browser.holds() == ["/login/with/corp/logout"]
    told = browser.goes_on()
    assert set(told) == {"client_id", "id_token_hint"}
    assert (told_of(told["id_token_hint"])["sub"], browser.holds()) == ("ann-1", [])
    assert set(browser.goes_on()) == {"client_id"}, "once"


def test_a_second_step_in_between_changes_nothing__S2_40__F28(browser: Browser) -> None:
    ann = enrol(browser.world)
    token = refused_by(browser.log_in(), "C15")["mfa_token"]
    assert browser.holds() == ["/logout"]
    sent = {"mfa_token": token, "code": ann.fresh_code()}
    assert browser("POST", "/login/second-factor", json=sent).status_code == 200
    browser.log_out()
    assert told_of(browser.goes_on()["id_token_hint"])["sub"] == "ann-1"


def _nothing(browser: Browser) -> None:
    browser.goes_on()


def _session_over(browser: Browser) -> None:
    browser.world.now += 7 * 3600
    browser.log_out()


def _another_logs_in(browser: Browser) -> None:
    sent = {"username": "bob", "password": password_of("bob")}
    assert browser("POST", "/login", json=sent).status_code == 200
    browser.log_out()


def _another_logs_in_there(browser: Browser) -> None:
    """With an ID token that is too long to take the place of the one before."""
    browser.provider.somebody = "bob-2"
    browser.provider.claims["groups"] = ["a group with a long name"] * 100
    assert browser.log_in().status_code == 303
    browser.log_out()


def _too_late(browser: Browser) -> None:
    browser.log_out()
    browser.world.now += TIME_TO_GO_ON


def _moved_by_hand(browser: Browser) -> None:
    browser.jar["watchword-log-out", "/login/with/corp/logout"] = browser.jar["watchword-log-out", "/logout"]


def _asked_by_another_site(browser: Browser) -> None:
    browser("POST", "/logout", headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})


LATER = (
    *(_nothing, _session_over, _another_logs_in, _another_logs_in_there),
    *(_too_late, _moved_by_hand, _asked_by_another_site),
)


@pytest.mark.parametrize("happens", LATER, ids=lambda happens: happens.__name__.strip("_"))
def test_whoever_uses_the_browser_later_is_told_no_name__S2_40__F33(
    browser: Browser, happens: Callable[[Browser], None]
) -> None:
    assert browser.log_in().status_code == 303
    happens(browser)
    assert set(browser.goes_on()) == {"client_id"}


def test_who_was_not_logged_in_is_kept_nothing_of__S2_40(browser: Browser) -> None:
    browser.provider.somebody = "stranger-9"
    refused_by(browser.log_in(), "C12")
    assert browser.holds() == []


@pytest.mark.parametrize("reason", ["not wanted", "no page there", "too long"])
def test_without_need_or_room_no_id_token_is_kept__S2_40(
    make_world: Callable[..., World], provider: FalseProvider, reason: str
) -> None:
    corp = {"name": "corp", "issuer": provider.url, "client_id": "watchword", "private_hosts": ["127.0.0.1"]}
    world = make_world(identity_provider=[{**corp, "id_token_hint": reason != "not wanted", "first_log_in": "create"}])
    world.now = time.time()
    if reason == "no page there":
        provider.discovery["end_session_endpoint"] = LEFT_OUT
    if reason == "too long":
        provider.claims["groups"] = ["a group with a long name"] * 100
    browser = Browser(world, provider)
    assert browser.log_in().status_code == 303
    assert browser.holds() == []


def test_a_log_in_that_keeps_one_fits_into_the_buffers_of_proxies__S2_40(browser: Browser) -> None:
    """nginx has 4096 bytes for all fields of an answer, where nobody tells it otherwise; some are the proxy's own."""
    sizes = []
    for length in range(960, 1400, 20):
        browser.provider.claims["groups"] = "g" * length
        answer = browser.log_in()
        if not any(line.startswith("watchword-log-out") for line in set_cookies(answer)):
            break
        sizes.append(sum(len(name) + len(value) + 4 for name, value in answer.headers.raw))
    else:
        raise AssertionError("nothing is too long")
    assert sizes
    assert max(sizes) < 3800


def test_over_tls_the_cookie_is_secure__S2_40(world: World, provider: FalseProvider) -> None:
    sealing, entropy = world.service.second_factors.judge.sealing, world.service.engine.entropy
    hint = LogOutHint(provider="corp", subject="ann", id_token=Secret("a.b.c"), expires_at=world.now + 60)
    request = Request("GET", b"/", (), Peer("192.0.2.1", secure=True))
    ((_, line),) = kept_fields(request, hint, sealing, entropy, world.now)
    assert line.startswith(b"__Secure-watchword-log-out=")
    assert b"; Secure;" in line


def test_no_id_token_is_told_to_the_log__S2_40__F33(browser: Browser) -> None:
    browser.log_in()
    browser.log_out()
    hint = browser.goes_on()["id_token_hint"]
    told = str([(event.name, event.fields) for event in browser.world.seen.events])
    assert not any(part in told for part in hint.split("."))
