"""/login/with: people come back from an OpenID provider, and a session begins, or nothing does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.false_provider import LEFT_OUT, Answer, FalseProvider, false_provider
from tests.server.api.second_factor import enrol
from tests.server.api.world import World, is_problem, refused_by, set_cookies
from watchword.core.ask import Question
from watchword.core.linked import LinkedIdentity
from watchword.core.policy import place_of
from watchword.core.questions import (
    AddAccount,
    AddLinkedIdentity,
    ChangeAccount,
    DeleteAccount,
    FindAccount,
    FindLinkedIdentity,
    ListSessions,
    RedeemCode,
    SpendOnce,
)
from watchword.core.questions.mail import SpendTurn
from watchword.flows.log_in_with import FROM_ONE_PLACE
from watchword.tokens.log_in_with import LIFETIME

ANN, EVE = "ann-1", "eve-9"
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site"}


@pytest.fixture(scope="module")
def running() -> Iterator[FalseProvider]:
    with false_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FalseProvider) -> FalseProvider:
    running.honest()
    return running


@dataclass
class Browser:
    """A cookie jar, and somebody who logs in with it."""

    world: World
    provider: FalseProvider
    jar: dict[str, str] = field(default_factory=dict[str, str])
    secure: bool = False

    def get(self, target: str, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in self.jar.items())} if self.jar else {}
        answer = self.world("GET", target, headers={**(headers or {}), **cookies}, secure=self.secure, **options)
        for line in set_cookies(answer):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer

    def leave(self, target: str = "/login/with/corp") -> dict[str, str]:
        """Begin a log-in: what the provider is asked."""
        answer = self.get(target)
        assert answer.status_code == 303, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query, strict_parsing=True))

    def back(self, asked: dict[str, str], path: str = "/login/with/corp/callback", **options: Any) -> httpx.Response:
        """Come back from the provider, which logs in `provider.somebody`."""
        query = urlsplit(self.provider.authorized(asked)).query
        return self.get(f"{path}?{query}", **options)

    def log_in(self, target: str = "/login/with/corp", **options: Any) -> httpx.Response:
        return self.back(self.leave(target), **options)

    @property
    def session(self) -> str:
        return self.jar["__Host-watchword" if self.secure else "watchword"]


Enter = Callable[..., Browser]


@pytest.fixture
def enter(make_world: Callable[..., World], provider: FalseProvider) -> Enter:
    """`enter(first_log_in="create")`: a browser at a server with this provider."""

    def make(*, secure: bool = False, **settings: Any) -> Browser:
        corp = {
            "name": "corp",
            "title": "Example Corp.",
            "issuer": provider.url,
            "client_id": "watchword",
            "private_hosts": ["127.0.0.1"],
            "timeout": 0.5,
            **settings,
        }
        world = make_world(identity_provider=[corp])
        world.now = float(int(time.time()))  # the provider goes by the clock on the wall
        return Browser(world, provider, secure=secure)

    return make


def link(world: World, issuer: str, subject: str, account: str) -> None:
    identity = LinkedIdentity(issuer=issuer, subject=subject, account=account, created_at=world.now)
    assert world.answers.wait(AddLinkedIdentity(identity))


def linked_to_ann(browser: Browser) -> Browser:
    link(browser.world, browser.provider.url, ANN, "ann")
    browser.provider.somebody = ANN
    return browser


def sessions_of(world: World, name: str) -> int:
    return len(world.answers.wait(ListSessions(name, world.now)))


def account(world: World, name: str) -> Any:
    return world.answers.wait(FindAccount(name, fresh=True))


# --- there and back --------------------------------------------------------------------------------------------------


def test_linked_person_gets_a_session_and_goes_on_where_they_were__S2_40(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    asked = browser.leave("/login/with/corp?return_to=/docs%3Fa%3Db%23c")
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/login/with/corp/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["client_id"], asked["scope"]) == ("watchword", "openid profile")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    answer = browser.back(asked)
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs?a=b#c")
    assert browser.get("/whoami").json()["subject"] == "ann"
    assert sorted(browser.jar) == ["watchword", "watchword-log-out"]
    (session,) = browser.world.answers.wait(ListSessions("ann", browser.world.now))
    assert session.linked is not None
    assert (session.linked.issuer, session.linked.sid) == (browser.provider.url, "session of ann-1")
    assert (session.amr, session.acr) == (frozenset(("fed",)), None)
    assert browser.world.now - 5 < session.auth_time <= browser.world.now
    (form,) = browser.provider.forms
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert form["client_id"] == "watchword"
    noted = next(event for event in browser.world.seen.events if event.name == "authn_login_success")
    assert noted.fields["provider"] == "corp"


def test_session_before_ends__F1(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    before = browser.jar["watchword"] = browser.world.log_in("bob")
    assert browser.log_in(headers=PAGE).status_code == 303, "it comes from the provider's pages, and was begun here"
    assert browser.session != before
    assert sessions_of(browser.world, "bob") == 0


def test_cookies_are_the_browser_s_alone_over_tls__S2_40(enter: Enter) -> None:
    browser = linked_to_ann(enter(secure=True))
    (line,) = set_cookies(browser.get("/login/with/corp"))
    assert line.startswith("__Host-watchword-login-")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=600"} <= set(line.split("; "))
    assert browser.log_in().status_code == 303
    assert browser.session


def test_tabs_do_not_disturb_each_other_and_do_not_add_up__S2_40(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    tabs = []
    for _ in range(7):
        tabs.append(browser.leave())
        browser.world.now += 1
    assert len(browser.jar) == 5
    assert refused_by(browser.back(tabs[1]), "C10")["code"] == "unknown-log-in"
    assert browser.back(tabs[2]).status_code == 303
    assert browser.back(tabs[6]).status_code == 303
    assert sessions_of(browser.world, "ann") == 1


def test_cookies_of_others_are_left_alone_and_old_ones_are_cleared__S2_40__F11(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    label = "0123456789abcdef"
    theirs = ["watchword-login-", "watchword-login-\u00e4", "watchword-login-a b", "watchword-login-" + "A" * 16]
    junk = "; ".join(f"{name}=x" for name in (*theirs, f"watchword-login-{label}"))
    answer = browser.world("GET", "/login/with/corp", headers={"cookie": junk.encode("latin-1")})
    assert answer.status_code == 303
    _, cleared = set_cookies(answer)
    assert cleared.startswith(f"watchword-login-{label}=; Max-Age=0")
    many = "; ".join(f"watchword-login-{number:016x}=x" for number in range(300))
    assert len(set_cookies(browser.world("GET", "/login/with/corp", headers={"cookie": many}))) == 21


def test_buttons_are_listed_for_everybody__S2_40(enter: Enter) -> None:
    answer = enter().get("/login/providers")
    assert answer.json() == {"providers": [{"name": "corp", "title": "Example Corp.", "url": "/login/with/corp"}]}


def test_unknown_provider_is_not_there(enter: Enter) -> None:
    browser = enter()
    for path in ("/login/with/other", "/login/with/other/callback?state=a&code=b"):
        assert browser.get(path).status_code == 404
    assert browser.provider.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "//h", "/%5Ch", "%5C/h", "////h", "/%09/h", "%0a//h", "%252f%252fh", "/%252f%252fh", "/%255ch", "https:h",
        "https://h", "javascript:alert(1)", "/%5C%5Ch", "\u2044\u2044h", "/\u2024\u2024/h", "http://localhost:80@h",
        "a", "", "/a;b", "/a%250d%250aSet-Cookie:b", "/%2e%2e//h", "/a%2F%2Fh", "/" + "a" * 600, "/..//h", "/.%2e/h",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_a_log_in__S2_40__F32(enter: Enter, target: str) -> None:
    browser = enter()
    answer = browser.get(f"/login/with/corp?return_to={target}")
    assert answer.status_code == 422
    is_problem(answer, "invalid-content")
    assert set_cookies(answer) == []


def test_step_up_asks_for_what_is_missing__S2_40__C15(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    asked = browser.leave("/login/with/corp?max_age=60&acr_values=a%20b&prompt=login")
    assert (asked["max_age"], asked["acr_values"], asked["prompt"]) == ("60", "a b", "login")
    browser.provider.claims["auth_time"] = LEFT_OUT
    assert refused_by(browser.back(asked), "C09")["code"] == "invalid-id-token"
    for wrong in ("max_age=-1", "max_age=x", "prompt=whatever", "acr_values=%22"):
        assert browser.get(f"/login/with/corp?{wrong}").status_code == 422


# --- who may come in -------------------------------------------------------------------------------------------------


def test_stranger_is_refused_unless_policy_makes_accounts__S2_40__C12(enter: Enter) -> None:
    browser = enter()
    assert refused_by(browser.log_in(), "C12")["code"] == "unknown-identity"
    assert list(browser.jar) == []
    browser = enter(first_log_in="create")
    assert browser.log_in().status_code == 303
    made = account(browser.world, "eve")
    assert (made.roles, made.password_hash) == (frozenset(), None)
    assert browser.log_in().status_code == 303
    assert sessions_of(browser.world, "eve") == 1


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("ann", "ann-2"),
        ("Ann", "Ann"),
        ("root", "root-2"),
        ("a:b", None),
        ("\u202eevil", None),
        ("", None),
        (7, None),
        ("x" * 300, None),
    ],
)
def test_name_never_leads_to_an_account_that_is_there__S2_40__F17(enter: Enter, told: object, name: str | None) -> None:
    browser = enter(first_log_in="create")
    browser.provider.claims |= {"preferred_username": told, "email": "ann@example.org", "email_verified": True}
    assert browser.log_in().status_code == 303
    identity = browser.world.answers.wait(FindLinkedIdentity(browser.provider.url, EVE))
    assert identity is not None
    assert identity.account == name if name else identity.account.startswith("corp-")
    assert sessions_of(browser.world, "ann") == 0


def test_first_log_in_in_two_tabs_makes_one_account__S2_40(enter: Enter) -> None:
    browser = enter(first_log_in="create")

    def quicker(question: Question[Any]) -> None:
        if isinstance(question, AddAccount):
            assert browser.world.answers.real.wait(question)

    browser.world.answers.before = quicker
    assert browser.log_in().status_code == 303
    assert account(browser.world, "eve-2") is None
    assert sessions_of(browser.world, "eve") == 1


def test_account_that_goes_away_meanwhile_is_refused__S2_40__C07(enter: Enter) -> None:
    browser = linked_to_ann(enter(roles={"map": {"staff": ["boss"]}}))
    browser.provider.claims["groups"] = "staff"

    def deleted(question: Question[Any]) -> None:
        if isinstance(question, ChangeAccount):
            browser.world.answers.real.wait(DeleteAccount("ann"))

    browser.world.answers.before = deleted
    refused_by(browser.log_in(), "C07")
    assert "watchword" not in browser.jar


CONDITIONS = {"claims": {"groups": ["staff"]}, "email_domains": ["example.org"]}
STAFF = {"groups": ["staff", "x"], "email": "eve@Example.ORG", "email_verified": True}


@pytest.mark.parametrize(
    ("claims", "made"),
    [
        (STAFF, True),
        ({**STAFF, "groups": "staff"}, True),
        ({**STAFF, "groups": ["x"]}, False),
        ({**STAFF, "email_verified": False}, False),
        ({**STAFF, "email_verified": "true"}, False),
        ({**STAFF, "email": "eve@example.org.evil"}, False),
        ({**STAFF, "email": "eve@sub.example.org"}, False),
        ({**STAFF, "email": ["eve@example.org"]}, False),
        ({}, False),
    ],
)
def test_account_is_made_only_where_all_conditions_hold__S2_40__C12(
    enter: Enter, claims: dict[str, object], made: bool
) -> None:
    browser = enter(first_log_in="create-if", create_if=CONDITIONS, scopes=["openid", "email"])
    browser.provider.claims |= claims
    answer = browser.log_in()
    assert answer.status_code == (303 if made else 403)
    assert (account(browser.world, "eve") is not None) == made


def test_claims_that_the_id_token_lacks_are_asked_for__S2_40(enter: Enter) -> None:
    browser = enter(first_log_in="create", roles={"claim": "groups", "map": {"staff": ["clerk"]}})
    browser.provider.claims["preferred_username"] = LEFT_OUT
    browser.provider.user_info |= {"preferred_username": "eva", "groups": ["staff"]}
    assert browser.log_in().status_code == 303
    assert account(browser.world, "eva").roles == {"clerk"}
    browser.provider.user_info["sub"] = "somebody else"
    assert refused_by(browser.log_in(), "C09")["code"] == "invalid-id-token"


def test_roles_follow_the_claim_and_leave_others_alone__S2_40(enter: Enter) -> None:
    roles = {"claim": "realm_access.roles", "map": {"a": ["reader", "auditor"], "b": ["boss"]}}
    browser = linked_to_ann(enter(roles=roles))
    provider = browser.provider
    for told, expected in (
        ({"roles": ["a", "unknown"]}, {"clerk", "reader", "auditor"}),
        ({"roles": ["b"]}, {"clerk", "boss"}),
        ({"roles": "b"}, {"clerk", "boss"}),
        ({"roles": [7, None]}, {"clerk"}),
        ("nonsense", {"clerk"}),
        (LEFT_OUT, {"clerk"}),
    ):
        provider.claims["realm_access"] = told
        assert browser.log_in().status_code == 303
        assert account(browser.world, "ann").roles == expected


def test_last_administrator_stays_one_and_the_operator_is_told__S2_40__F36(enter: Enter) -> None:
    browser = linked_to_ann(enter(roles={"map": {"bosses": ["admin"], "staff": ["reader"], "c": ["clerk"]}}))
    provider, world = browser.provider, browser.world
    provider.claims["groups"] = ["bosses"]
    assert browser.log_in().status_code == 303
    assert world.storage.delete_account(DeleteAccount("root"))
    for groups, expected in (([], {"admin"}), (["staff"], {"admin", "reader"}), ([], {"admin"})):
        provider.claims["groups"] = groups
        assert browser.log_in().status_code == 303
        assert account(world, "ann").roles == expected
        (told,) = (event for event in world.seen.events[-3:] if event.name == "authn_alarm")
        assert told.fields == {
            "mechanism": "identity-provider", "reason": "last-administrator", "client": "127.0.0.1", "about": "ann",
        }  # fmt: skip
    world.storage.change_account(ChangeAccount("bob", roles=frozenset({"admin"})))
    seen = len(world.seen.events)
    assert browser.log_in().status_code == 303
    assert account(world, "ann").roles == frozenset()
    assert "authn_alarm" not in [event.name for event in world.seen.events[seen:]]


def test_two_administrators_who_lose_the_role_at_once_leave_one__S2_40__F2(enter: Enter) -> None:
    browser = linked_to_ann(enter(roles={"map": {"bosses": ["admin"]}}))
    browser.provider.claims["groups"] = ["bosses"]
    assert browser.log_in().status_code == 303
    browser.provider.claims["groups"] = []

    def meanwhile(question: Question[Any]) -> None:
        if isinstance(question, ChangeAccount):
            browser.world.answers.before = lambda question: None
            assert browser.world.storage.delete_account(DeleteAccount("root"))

    browser.world.answers.before = meanwhile
    assert browser.log_in().status_code == 303
    assert "admin" in account(browser.world, "ann").roles


def test_disabled_account_is_refused_like_everywhere__S2_40__C07(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    browser.world.answers.wait(ChangeAccount("ann", disabled=True))
    answer = browser.log_in()
    assert refused_by(answer, "C07")["code"] == "invalid-credentials"
    assert answer.headers["www-authenticate"].startswith("Watchword-Cookie ")
    assert sessions_of(browser.world, "ann") == 0


# --- second factor ---------------------------------------------------------------------------------------------------


def test_second_factor_is_still_due__S2_40__F28__C15(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    holder = enrol(browser.world)
    browser.provider.claims |= {"amr": ["mfa", "pwd"], "acr": "mfa"}
    answer = browser.log_in()
    token = refused_by(answer, "C15")["mfa_token"]
    assert "watchword" not in browser.jar
    for path in ("/auth/login/second-factor",):
        told = browser.world("POST", path, json={"mfa_token": token, "code": holder.fresh_code()})
        assert refused_by(told, "C09")["code"] == "expired-mfa-token"
    finished = holder.finish(token, holder.fresh_code())
    assert finished.status_code == 200
    (session,) = (each for each in browser.world.answers.wait(ListSessions("ann", browser.world.now)) if each.linked)
    assert session.linked is not None
    assert session.linked.issuer == browser.provider.url
    assert session.amr == {"fed", "otp", "mfa"}


@pytest.mark.parametrize("trusted", [{"second_factor_amr": ["mfa"]}, {"second_factor_acr": ["gold"]}])
def test_second_factor_of_a_trusted_provider_counts__S2_40__F28(enter: Enter, trusted: dict[str, object]) -> None:
    browser = linked_to_ann(enter(**trusted))
    enrol(browser.world)
    assert browser.log_in().status_code == 401
    browser.provider.claims |= {"amr": ["mfa"], "acr": "gold"}
    assert browser.log_in().status_code == 303
    assert browser.get("/whoami").status_code == 200


def test_page_asks_for_the_code_and_goes_on__S2_40__F28(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    holder = enrol(browser.world)
    page = browser.log_in("/login/with/corp?return_to=/docs", headers=PAGE)
    assert page.status_code == 401
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert page.headers.get_list("referrer-policy") == ["strict-origin"], "otherwise its Origin would be null"
    assert len(page.headers.get_list("content-security-policy")) == 1
    token = page.text.partition('name="mfa_token" value="')[2].partition('"')[0]
    form = {"mfa_token": token, "code": holder.wrong_code(), "return_to": "/docs"}
    own = {"accept": "text/html", "origin": "http://localhost"}
    path = "/login/with/corp/second-factor"
    wrong = browser.world("POST", path, data=form, headers=own)
    assert (wrong.status_code, "not right" in wrong.text, token in wrong.text) == (401, True, True)
    assert browser.world("POST", path, data={**form, "return_to": "//h"}, headers=own).status_code == 422
    answer = browser.world("POST", path, data={**form, "code": holder.fresh_code()}, headers=own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")
    assert any(line.startswith("watchword=") for line in set_cookies(answer))
    form = {"mfa_token": browser.log_in().json()["mfa_token"], "code": holder.fresh_code()}
    refused_by(browser.world("POST", path, data=form, headers={"origin": "http://h"}), "C14")


# --- who comes back --------------------------------------------------------------------------------------------------


def nothing_was_done(browser: Browser) -> None:
    assert "/token" not in browser.provider.asked
    assert "watchword" not in browser.jar


def test_log_in_of_another_browser_is_worth_nothing__S2_40__F27__C10(enter: Enter) -> None:
    mallory = linked_to_ann(enter())
    victim = Browser(mallory.world, mallory.provider)
    victim.leave()
    asked = mallory.leave()
    for path in ("/login/with/corp/callback",):
        answer = victim.back(asked, path)
        assert answer.status_code == 400
        assert refused_by(answer, "C10")["code"] == "unknown-log-in"
    nothing_was_done(victim)
    assert mallory.back(asked).status_code == 303  # nor was it used up


def test_log_in_comes_back_once__S2_40__F27__C10(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    asked = browser.leave()
    jar = dict(browser.jar)
    assert browser.back(asked).status_code == 303
    for _ in range(2):
        browser.jar = dict(jar)
        assert refused_by(browser.back(asked), "C10")["code"] == "unknown-log-in"
    assert len(browser.provider.forms) == 1


def test_log_in_is_over_on_the_second__S2_40__F8__C10(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    asked = browser.leave()
    browser.world.now += LIFETIME
    refused_by(browser.back(asked), "C10")
    nothing_was_done(browser)


@pytest.mark.parametrize(
    "query",
    ["", "code=a", "state=a", "state=a&code=", "state=&code=a", "state=a&code=b&code=c", "state=a&code=b&error=c",
     "state=a&code=%FF", "state=a&state=b&code=c", "x" * 17_000, "&".join(f"a{n}=b" for n in range(40))],
)  # fmt: skip
def test_what_is_no_answer_of_a_provider_is_refused__S2_40__C10(enter: Enter, query: str) -> None:
    browser = enter()
    assert browser.get(f"/login/with/corp/callback?{query}").status_code in (400, 431)
    assert browser.provider.asked == []


def test_provider_is_not_asked_about_endless_codes__S2_40__F38__C16(enter: Enter) -> None:
    """Its patience with us is everybody's: codes that are none are tried so often from one place, and no more."""
    browser = linked_to_ann(enter())
    place, now = place_of("127.0.0.1"), browser.world.now
    for _ in range(FROM_ONE_PLACE.limit):
        assert browser.world.answers.wait(SpendTurn(f"log-in-with-from:{place}", FROM_ONE_PLACE, now)) == 0
    asked = browser.leave()
    held = browser.back(asked)
    refused_by(held, "C16")
    assert held.headers["retry-after"] == "60"
    assert browser.provider.forms == []
    nothing_was_done(browser)
    elsewhere = Browser(browser.world, browser.provider, secure=True)
    assert elsewhere.back(elsewhere.leave(), address="192.0.2.7").status_code == 303
    browser.world.now += FROM_ONE_PLACE.window
    assert browser.log_in().status_code == 303


def test_answer_of_another_provider_is_refused__S2_40__F27__C10(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    for issuer in ("https://mallory.example", LEFT_OUT):  # RFC 9207
        browser.provider.authorization["iss"] = issuer
        refused_by(browser.log_in(), "C10")
    nothing_was_done(browser)


def test_answer_belongs_to_the_provider_that_was_asked_though_nobody_says_whose_it_is__S2_40__F27__C10(
    make_world: Callable[..., World], provider: FalseProvider
) -> None:
    """A provider that answers elsewhere in another's name (mix-up): without RFC 9207 only the cookie tells."""
    with false_provider() as honest:
        both = [
            {"name": name, "title": name, "issuer": each.url, "client_id": "watchword", "private_hosts": ["127.0.0.1"]}
            for name, each in (("evil", provider), ("honest", honest))
        ]
        world = make_world(identity_provider=both)
        world.now = float(int(time.time()))
        link(world, honest.url, ANN, "ann")
        honest.somebody = ANN
        honest.discovery["authorization_response_iss_parameter_supported"] = LEFT_OUT
        honest.authorization["iss"] = LEFT_OUT
        victim = Browser(world, honest)
        asked = victim.leave("/login/with/evil")
        refused_by(victim.back(asked, "/login/with/honest/callback"), "C10")
        assert honest.forms == []
        assert sessions_of(world, "ann") == 0
        asked = victim.leave("/login/with/honest")
        assert victim.back(asked, "/login/with/honest/callback").status_code == 303


def test_no_is_told_apart_from_an_outage__S2_40__C07__C17(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    for error, status, code in (
        ("access_denied", 401, "log-in-refused"),
        ("login_required", 401, "log-in-refused"),
        ("temporarily_unavailable", 503, "unavailable"),
        ("server_error", 503, "unavailable"),
        ("invalid_scope", 503, "unavailable"),
        ("<script>", 503, "unavailable"),
    ):
        browser.provider.authorization |= {"code": LEFT_OUT, "error": error}
        answer = browser.log_in()
        assert answer.status_code == status
        is_problem(answer, code)
        challenges = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
        assert challenges == (["Watchword-Cookie"] if status == 401 else [])
        assert ("retry-after" in answer.headers) == (status == 503)
    nothing_was_done(browser)


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://h"}, {"aud": "h"}, {"aud": ["watchword", "h"]}, {"azp": "h"}, {"nonce": "h"},
        {"nonce": LEFT_OUT}, {"exp": 1}, {"sub": LEFT_OUT}, {"at_hash": "h"},
    ],
    ids=lambda lie: next(iter(lie)),
)  # fmt: skip
def test_word_that_is_not_good_is_refused__S2_40__C09(enter: Enter, lie: dict[str, object]) -> None:
    browser = linked_to_ann(enter())
    browser.provider.claims |= lie
    assert refused_by(browser.log_in(), "C09")["code"] == "invalid-id-token"
    assert "watchword" not in browser.jar


def test_code_that_the_provider_does_not_take_is_refused__S2_40__C09(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    browser.provider.answers["/token"] = Answer(400, b'{"error": "invalid_grant"}')
    assert refused_by(browser.log_in(), "C09")["code"] == "invalid-id-token"


HTML = Answer(200, b"<html>", {"Content-Type": "text/html"})


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks", "/me"])
@pytest.mark.parametrize(
    "fault",
    [Answer(302), Answer(407), Answer(503), HTML, Answer(401, b'{"error": "invalid_client"}'), Answer(delay=0.7)],
    ids=lambda fault: f"{fault.status}-{fault.content.decode()}-{fault.delay}",
)
def test_provider_that_is_ill_is_503_and_logs_nobody_in_or_out__S2_40__C17(
    enter: Enter, path: str, fault: Answer
) -> None:
    browser = linked_to_ann(enter(roles={"map": {"staff": ["clerk"]}}))
    browser.provider.answers[path] = fault
    answer = browser.get("/login/with/corp")
    if path == "/.well-known/openid-configuration":
        assert set_cookies(answer) == []
    else:
        asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        answer = browser.back(asked)
    assert answer.status_code == 503
    refused_by(answer, "C17")
    assert answer.headers["retry-after"].isdigit()
    assert answer.headers.get_list("www-authenticate") == []
    assert "watchword" not in browser.jar
    assert account(browser.world, "ann").roles == {"clerk", "reader"}


def test_nth_answer_that_fails_is_503_and_begins_no_session__S2_40__C17__F39(enter: Enter) -> None:
    browser = linked_to_ann(enter(roles={"map": {"staff": ["staff"]}}))
    browser.provider.claims["groups"] = ["staff"]
    failed = 0
    while failed < 30:
        asked = browser.leave()
        browser.world.answers.asked, browser.world.answers.fails_at = 0, failed + 1
        answer = browser.back(asked)
        browser.world.answers.fails_at = None
        if answer.status_code == 303:
            break
        refused_by(answer, "C17")
        assert sessions_of(browser.world, "ann") == 0
        failed += 1
    assert 7 <= failed < 30


def test_nobody_asks_the_provider_before_the_log_in_is_spent__S2_40__F27(enter: Enter) -> None:
    browser = linked_to_ann(enter())
    browser.leave()
    order: list[type[Question[Any]]] = []
    browser.world.answers.before = lambda question: order.append(type(question))
    browser.log_in()
    spent = order.index(SpendOnce)
    assert RedeemCode in order[spent:]
    assert RedeemCode not in order[:spent]


def test_refusal_of_a_navigation_is_a_page_with_a_way_on__S2_40(enter: Enter) -> None:
    browser = enter(title="<b>Corp & Co.")
    page = browser.log_in("/login/with/corp?return_to=/docs%3Fa%26b", headers=PAGE)
    assert page.status_code == 403
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Log in with &lt;b&gt;Corp &amp; Co. again" in page.text
    assert 'href="/login/with/corp?return_to=%2Fdocs%3Fa%26b&amp;prompt=login"' in page.text
    assert page.headers.get_list("cache-control") == ["no-store"]
    assert page.headers["auth-decision"].startswith("C12;")
