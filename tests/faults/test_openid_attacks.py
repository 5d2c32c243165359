"""Attacks on log-in by an identity provider: none makes a session, and each tells the operator why (F27, F32, S2_40).

Two providers that people may log in by stand beside each other here: `good` is honest unless a test has it lie, and
`evil` belongs to the attacker. Every person is a browser with a cookie jar of its own.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.false_provider import (
    EC_KEY,
    LEFT_OUT,
    RSA_KEY,
    STRANGER,
    Answer,
    FalseProvider,
    by_es256,
    by_rs256,
    encoded,
    false_provider,
    pem,
    public_jwk,
)
from tests.live import Live, live_server
from tests.oidc_provider import Browser
from tests.relying_party import Visitor, parameters_of, provider_table, query, secret_file

CONFIG = """
[log]
format = "json"
[limits]
address_per_minute = 100000
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A Watchword, and the two providers."""

    live: Live
    good: FalseProvider
    evil: FalseProvider

    def callback(self, name: str = "good", **parameters: str) -> str:
        return f"{self.live.url}/login/with/{name}/callback{query(parameters)}"

    def reasons(self) -> list[str]:
        """Those of all refusals so far."""
        lines = (line for line in self.live.log.read_text("utf-8").splitlines() if line.startswith("{"))
        return [event["reasons"] for event in map(json.loads, lines) if "reasons" in event]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    secret = secret_file(tmp_path_factory.mktemp("secret"))
    with false_provider() as good, false_provider() as evil:
        tables = [
            provider_table(name, provider.url, secret, first_log_in="create", algorithms=["RS256", "ES256"])
            for name, provider in (("good", good), ("evil", evil))
        ]
        with live_server(CONFIG + "".join(tables)) as live:
            yield Place(live, good, evil)


@pytest.fixture
def place(running: Place) -> Place:
    running.good.honest()
    running.evil.honest()
    return running


@pytest.fixture
def victim(place: Place) -> Iterator[Visitor]:
    with Browser() as browser:
        yield Visitor(place.live, browser)


@pytest.fixture
def attacker(place: Place) -> Iterator[Visitor]:
    with Browser() as browser:
        yield Visitor(place.live, browser)


def refuses(
    place: Place, visitor: Visitor, url: str, reason: str, statuses: tuple[int, ...] = (400,)
) -> httpx.Response:
    """Whoever goes there gets no session, and the operator learns why."""
    before = len(place.reasons())
    answer = visitor.browser.client.get(url, headers={"accept": "application/json"})
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert not visitor.who()["authenticated"]
    assert "location" not in answer.headers
    told = place.reasons()[before:]
    assert any(reason in each for each in told), told
    return answer


def test_an_honest_log_in_makes_a_session__S2_40(place: Place, victim: Visitor) -> None:
    assert victim.log_in("good", return_to="/session").json()["subject"] == "eve"
    (form,) = place.good.forms
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == place.callback()
    assert len(form["code_verifier"]) >= 43


# --- the browser that began it ---------------------------------------------------------------------------------------


def test_an_attacker_s_answer_logs_nobody_in_elsewhere__F27(place: Place, victim: Visitor, attacker: Visitor) -> None:
    url = attacker.come_back("good")
    refuses(place, victim, url, "unknown-log-in")
    assert place.good.forms == []
    # Nor is anybody who is logged in already moved to the attacker's account.
    place.good.somebody = "ann-1"
    victim.log_in("good")
    assert victim.browser.client.get(url).status_code == 400
    assert victim.logged_in_as == "ann"
    place.good.somebody = "eve-9"
    assert attacker.browser.visit(url).status_code < 500
    assert attacker.logged_in_as == "eve"  # in the browser that began it, it was good


def test_an_answer_counts_once__F2__F27(place: Place, victim: Visitor, attacker: Visitor) -> None:
    url = victim.come_back("good")
    kept = httpx.Cookies(victim.browser.client.cookies)
    victim.browser.visit(url)
    assert victim.logged_in_as == "eve"
    redeemed = len(place.good.forms)
    # Whoever had all of the browser's cookies before, and saw the address.
    attacker.browser.client.cookies = kept
    refuses(place, attacker, url, "log-in-replayed")
    assert len(place.good.forms) == redeemed


def test_an_answer_that_comes_many_times_at_once_counts_once__F1__F27(place: Place, victim: Visitor) -> None:
    url = victim.come_back("good")
    cookies = {cookie.name: cookie.value or "" for cookie in victim.browser.client.cookies.jar}

    def go(_: int) -> int:
        with httpx.Client(trust_env=False, cookies=cookies) as client:
            return client.get(url).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(go, range(6)))
    assert sorted(statuses) == [303, 400, 400, 400, 400, 400]
    assert len(place.good.forms) == 1


def test_a_log_in_ends_the_session_before_it__F26(place: Place, victim: Visitor) -> None:
    victim.log_in("good")
    before = victim.browser.client.cookies["watchword"]
    victim.log_in("good")
    assert victim.browser.client.cookies["watchword"] != before
    with httpx.Client(trust_env=False, cookies={"watchword": before}) as client:
        assert client.get(f"{place.live.url}/whoami").status_code == 401


def test_the_state_of_another_provider_is_none__F27(place: Place, victim: Visitor) -> None:
    told = parameters_of(victim.come_back("good"))
    refuses(place, victim, place.callback("evil", **told), "another-log-in")
    assert (place.good.forms, place.evil.forms) == ([], [])


def test_a_code_of_another_tab_is_none__F27(place: Place, victim: Visitor) -> None:
    first, second = (parameters_of(victim.come_back("good")) for _ in range(2))
    refuses(place, victim, place.callback(**{**first, "code": second["code"]}), "nonce", (401,))


def test_two_tabs_do_not_disturb_each_other__S2_40(place: Place, victim: Visitor) -> None:
    first, second = (victim.come_back("good", return_to="/session") for _ in range(2))
    assert victim.browser.visit(first).json()["subject"] == "eve"
    assert victim.browser.visit(second).json()["subject"] == "eve"


def test_a_stolen_code_is_good_for_nobody_else__F27(place: Place, victim: Visitor, attacker: Visitor) -> None:
    place.good.somebody = "ann-1"
    stolen = parameters_of(victim.come_back("good"))["code"]
    place.good.somebody = "eve-9"
    own = parameters_of(attacker.come_back("good"))
    refuses(place, attacker, place.callback(**{**own, "code": stolen}), "nonce", (401,))
    # The provider was shown another verifier than the one that the code was bound to (RFC 7636).
    sent = place.good.forms[-1]["code_verifier"]
    assert place.good.codes[stolen]["code_challenge"] != challenge_of(sent)
    assert place.good.codes[own["code"]]["code_challenge"] == challenge_of(sent)


def challenge_of(verifier: str) -> str:
    return encoded(sha256(verifier.encode()).digest())


def test_state_nonce_and_verifier_are_new_each_time__S2_40(place: Place, victim: Visitor) -> None:
    for _ in range(3):
        victim.come_back("good")
    asked = list(place.good.codes.values())
    for name in ("state", "nonce", "code_challenge"):
        values = {each[name] for each in asked}
        assert len(values) == 3
        assert all(len(value) >= 43 for value in values)
    assert {each["code_challenge_method"] for each in asked} == {"S256"}


def test_nothing_that_is_secret_is_in_an_address__F33(place: Place, victim: Visitor) -> None:
    victim.log_in("good")
    (form,) = place.good.forms
    visited = " ".join(victim.browser.visited)
    assert form["code_verifier"] not in visited
    log = place.live.log.read_text("utf-8")
    for secret in (form["code"], form["code_verifier"], *place.good.codes):
        assert secret not in log


NO_ANSWERS: dict[str, tuple[Callable[[dict[str, str]], str], str]] = {
    "nothing": (lambda told: "", "unknown-log-in"),
    "no-state": (lambda told: query({"code": told["code"]}), "missing-parameter"),
    "no-code": (lambda told: query({"state": told["state"], "iss": told["iss"]}), "missing-parameter"),
    "empty-code": (lambda told: query({**told, "code": ""}), "missing-parameter"),
    "two-codes": (lambda told: query(told) + "&code=other", "repeated-parameter"),
    "two-states": (lambda told: query(told) + "&state=other", "repeated-parameter"),
    "two-issuers": (lambda told: query(told) + "&iss=https%3A%2F%2Fevil.example", "repeated-parameter"),
    "code-and-error": (lambda told: query({**told, "error": "access_denied"}), "bad-parameters"),
    "semicolons": (lambda told: query(told).replace("&", ";"), "missing-parameter"),
    "not-utf-8": (lambda told: query(told) + "&a=%ff", "not-form-urlencoded"),
    "many-parameters": (lambda told: query(told) + "&a=b" * 100, "not-form-urlencoded"),
    "state-guessed": (lambda told: query({**told, "state": "A" * 43}), "unknown-log-in"),
    "state-cut-short": (lambda told: query({**told, "state": told["state"][:-1]}), "unknown-log-in"),
    "no-issuer-where-one-is-promised": (lambda told: query({"state": told["state"], "code": told["code"]}), "another"),
    "issuer-with-a-slash": (lambda told: query({**told, "iss": told["iss"] + "/"}), "another-log-in"),
    "issuer-of-the-attacker": (lambda told: query({**told, "iss": "https://evil.example"}), "another-log-in"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_of_the_provider_is_refused__F27__S2_40(place: Place, victim: Visitor, name: str) -> None:
    changed, reason = NO_ANSWERS[name]
    told = parameters_of(victim.come_back("good"))
    answer = victim.browser.client.get(place.callback() + changed(told), headers={"accept": "application/json"})
    assert answer.status_code == 400, answer.text
    assert not victim.who()["authenticated"]
    if name != "nothing":
        assert reason in place.reasons()[-1]
    assert place.good.forms == []


ERRORS = {
    "access_denied": (401, 403),
    "login_required": (401, 403),
    "server_error": (503,),
    "temporarily_unavailable": (503,),
    "invalid_scope": (503,),
    "<script>alert(1)</script>": (503,),
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_the_provider_is_told_and_never_repeated__S2_40__F33(
    place: Place, victim: Visitor, error: str
) -> None:
    place.good.authorization.update(
        {"code": LEFT_OUT, "error": error, "error_description": "<b>call 555</b>", "error_uri": "https://evil.example"}
    )
    url = victim.come_back("good")
    for accept in ("application/json", "text/html"):
        with Browser() as browser:
            browser.client.cookies = httpx.Cookies(victim.browser.client.cookies)
            answer = browser.client.get(url, headers={"accept": accept})
            assert answer.status_code in (*ERRORS[error], 400)  # the second time it has come back before
            assert "script" not in answer.text
            assert "evil.example" not in answer.text + str(answer.headers)
            assert "555" not in answer.text
    assert not victim.who()["authenticated"]
    assert (503 in ERRORS[error]) == ("unavailable" in place.live.log.read_text("utf-8").splitlines()[-2])


# --- two providers ---------------------------------------------------------------------------------------------------


def test_an_attacker_s_provider_gets_no_code_of_another__S2_40(place: Place, victim: Visitor) -> None:
    # The classical mix-up (RFC 9700 section 4.4): the victim begins at the attacker's, which sends the browser on.
    place.evil.discovery["authorization_endpoint"] = f"{place.good.url}/authorize"
    with live_copy(place) as fresh:
        browser = Visitor(fresh, victim.browser)
        url = browser.come_back("evil")
        assert parameters_of(url)["iss"] == place.good.url
        answer = victim.browser.client.get(url, headers={"accept": "application/json"})
        assert answer.status_code == 400
        assert place.evil.forms == []
        assert not browser.who()["authenticated"]


def live_copy(place: Place) -> Any:
    """The same Watchword again, which has not asked any provider yet."""
    return live_server((place.live.data / "watchword.toml").read_text("utf-8"))


def test_people_of_one_provider_are_not_those_of_another__S2_40(
    place: Place, victim: Visitor, attacker: Visitor
) -> None:
    place.good.somebody = place.evil.somebody = "same-5"
    place.good.claims.update({"email": "ann@example.org", "email_verified": True})
    place.evil.claims.update({"email": "ann@example.org", "email_verified": True})
    victim.log_in("good")
    attacker.log_in("evil")
    names = [victim.logged_in_as, attacker.logged_in_as]
    assert names[0] == "same"
    assert names[1] not in (None, "same")


def test_a_token_of_another_provider_is_none__S2_40(place: Place, victim: Visitor) -> None:
    url = victim.come_back("good")
    asked = place.good.codes[parameters_of(url)["code"]]
    place.good.tokens["id_token"] = place.evil.id_token(
        client_id=asked["client_id"], nonce=asked["nonce"], access_token="a"
    )
    refuses(place, victim, url, "issuer", (401,))


# --- ID tokens -------------------------------------------------------------------------------------------------------

NOW = int(time.time())
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": ({"iss": "https://login.example.com"}, "issuer"),
    "of the issuer and more": ({"iss": "{url}.evil.example"}, "issuer"),
    "of a list of issuers": ({"iss": ["{url}"]}, "issuer"),
    "of no issuer": ({"iss": LEFT_OUT}, "issuer"),
    "for another client": ({"aud": "another-client"}, "audience"),
    "for a client whose name begins so": ({"aud": "watchword-at-good-2"}, "audience"),
    "for nobody": ({"aud": LEFT_OUT}, "audience"),
    "for none of a list": ({"aud": []}, "audience"),
    "for us and another": ({"aud": ["watchword-at-good", "another-client"]}, "audience"),
    "for us, used by another": ({"azp": "another-client"}, "audience"),
    "of another log-in": ({"nonce": "another"}, "nonce"),
    "of no log-in": ({"nonce": LEFT_OUT}, "nonce"),
    "of an empty log-in": ({"nonce": ""}, "nonce"),
    "of a number": ({"nonce": 0}, "claims"),
    "that has expired": ({"exp": NOW - 60}, "expired"),
    "that never expires": ({"exp": LEFT_OUT}, "claims"),
    "that expires never again": ({"exp": 1e300}, "claims"),
    "of long ago": ({"iat": NOW - 3600}, "expired"),
    "of no time": ({"iat": LEFT_OUT}, "claims"),
    "of the future": ({"iat": NOW + 3600}, "not-yet-valid"),
    "for the future": ({"nbf": NOW + 3600}, "not-yet-valid"),
    "proven in the future": ({"auth_time": NOW + 3600}, "not-yet-valid"),
    "of nobody": ({"sub": LEFT_OUT}, "claims"),
    "of somebody empty": ({"sub": ""}, "claims"),
    "of somebody numbered": ({"sub": 9}, "claims"),
    "of somebody null": ({"sub": None}, "claims"),
    "of somebody long": ({"sub": "e" * 256}, "claims"),
    "of somebody who cannot be printed": ({"sub": "eve\r\nSet-Cookie: a=b"}, "claims"),
    "of another access token": ({"at_hash": encoded(b"0" * 16)}, "token-hash"),
    "of a session that is no text": ({"sid": {"a": 1}}, "claims"),
    "that is a log-out": ({"events": {}, "nonce": LEFT_OUT}, "nonce"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_id_token_that_is_not_about_this_log_in_is_refused__S2_40(place: Place, victim: Visitor, name: str) -> None:
    changes, code = CLAIMS[name]
    place.good.claims.update(filled_in(changes, place.good.url))
    refuses(place, victim, victim.come_back("good"), code, (401,))


def filled_in(changes: dict[str, Any], url: str) -> dict[str, Any]:
    """The same with the issuer's own URL."""
    return {
        name: [each.replace("{url}", url) for each in value]
        if isinstance(value, list)
        else value.replace("{url}", url)
        if isinstance(value, str)
        else value
        for name, value in changes.items()
    }


def by_hmac(key: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.digest(key, message, "sha256")


PUBLIC_JWK = public_jwk(RSA_KEY, "rsa", "RS256")
SIGNED: dict[str, tuple[dict[str, Any], Callable[[bytes], bytes], str]] = {
    "unsigned": ({"alg": "none"}, lambda message: b"", "algorithm"),
    "unsigned in other letters": ({"alg": "nOnE"}, lambda message: b"", "algorithm"),
    "unsigned without saying so": ({"alg": LEFT_OUT}, lambda message: b"", "malformed"),
    "unsigned with a good header": ({}, lambda message: b"", "signature"),
    "by a stranger": ({}, by_rs256(STRANGER), "signature"),
    "by the public key as a secret (PEM)": ({"alg": "HS256"}, by_hmac(pem(RSA_KEY)), "algorithm"),
    "by the public key as a secret (JWK)": ({"alg": "HS256"}, by_hmac(json.dumps(PUBLIC_JWK).encode()), "algorithm"),
    "by the client's secret": ({"alg": "HS256"}, by_hmac(b"the-secret-of-watchword-0123456789"), "algorithm"),
    "by another algorithm of the same key": ({"alg": "PS256"}, by_rs256(RSA_KEY), "algorithm"),
    "by one key in another's name": ({"kid": "ec"}, by_rs256(RSA_KEY), "unknown-key"),
    "by an algorithm in another key's name": ({"alg": "ES256"}, by_es256(EC_KEY), "unknown-key"),
    "by RSA where ECDSA is said": ({"alg": "ES256", "kid": "ec"}, by_rs256(RSA_KEY), "signature"),
    "by nulls where ECDSA is said": ({"alg": "ES256", "kid": "ec"}, lambda message: bytes(64), "signature"),
    "by a key that it brings": ({"jwk": public_jwk(STRANGER, "rsa", "RS256")}, by_rs256(STRANGER), "header"),
    "by a key from elsewhere": ({"jku": "http://127.0.0.1:1/jwks"}, by_rs256(STRANGER), "header"),
    "by a certificate that it brings": ({"x5c": ["AAAA"]}, by_rs256(STRANGER), "header"),
    "by a certificate from elsewhere": ({"x5u": "http://127.0.0.1:1/"}, by_rs256(STRANGER), "header"),
    "by a file": ({"kid": "../../../../dev/null"}, by_hmac(b""), "unknown-key"),
    "by a query": ({"kid": "rsa' OR '1'='1"}, by_rs256(RSA_KEY), "unknown-key"),
    "by a name that breaks lines": ({"kid": "rsa\r\nevent: granted"}, by_rs256(RSA_KEY), "malformed"),
    "by a list of names": ({"kid": ["rsa"]}, by_rs256(RSA_KEY), "malformed"),
    "by nobody of several": ({"kid": "unknown"}, by_rs256(RSA_KEY), "unknown-key"),
    "compressed": ({"zip": "DEF"}, by_rs256(RSA_KEY), "header"),
    "encrypted": ({"enc": "A128GCM"}, by_rs256(RSA_KEY), "header"),
    "with extensions": ({"crit": ["b64"], "b64": False}, by_rs256(RSA_KEY), "critical"),
    "as a logout token": ({"typ": "logout+jwt"}, by_rs256(RSA_KEY), "type"),
    "as an access token": ({"typ": "at+jwt"}, by_rs256(RSA_KEY), "type"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_id_token_that_the_provider_did_not_sign_is_refused__S2_40(place: Place, victim: Visitor, name: str) -> None:
    header, sign, code = SIGNED[name]
    place.good.header.update(header)
    place.good.sign = sign
    refuses(place, victim, victim.come_back("good"), code, (401,))


FORMS: dict[str, Callable[[str], str]] = {
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: token + ".AAAA",
    "five parts": lambda token: token + ".AAAA.AAAA",
    "JSON": lambda token: json.dumps(dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))),
    "padding": lambda token: token + "==",
    "a line break": lambda token: token + "\n",
    "an ID token twice": lambda token: f"{token},{token}",
    "nothing of it": lambda token: "..",
    "another signature": lambda token: token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB"),
}


@pytest.mark.parametrize("name", FORMS)
def test_id_token_in_another_form_is_refused__S2_40(place: Place, victim: Visitor, name: str) -> None:
    url = victim.come_back("good")
    asked = place.good.codes[parameters_of(url)["code"]]
    token = place.good.id_token(client_id=asked["client_id"], nonce=asked["nonce"], access_token="a")
    place.good.tokens["id_token"] = FORMS[name](token)
    answer = victim.browser.client.get(url, headers={"accept": "application/json"})
    assert answer.status_code == 401, answer.text
    assert not victim.who()["authenticated"]


@pytest.mark.parametrize(
    "token", [LEFT_OUT, None, 5, [], "x" * 200_000], ids=["left out", "null", "number", "list", "huge"]
)
def test_a_provider_that_gives_no_id_token_refuses_nobody__S2_40__S1_3(
    place: Place, victim: Visitor, token: object
) -> None:
    place.good.tokens["id_token"] = token
    answer = victim.browser.client.get(victim.come_back("good"), headers={"accept": "application/json"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert not victim.who()["authenticated"]


def test_the_same_id_token_is_good_for_one_log_in__S2_40(place: Place, victim: Visitor, attacker: Visitor) -> None:
    url = victim.come_back("good")
    asked = place.good.codes[parameters_of(url)["code"]]
    place.good.tokens["id_token"] = place.good.id_token(
        client_id=asked["client_id"], nonce=asked["nonce"], access_token="a"
    )
    place.good.tokens["access_token"] = "a"
    victim.browser.visit(url)
    assert victim.logged_in_as == "eve"
    refuses(place, attacker, attacker.come_back("good"), "nonce", (401,))


# --- what else the provider says of somebody ------------------------------------------------------------------------


def test_what_is_said_of_somebody_else_is_not_believed__S2_40(place: Place, victim: Visitor) -> None:
    place.good.claims["preferred_username"] = LEFT_OUT
    place.good.somebody = "yan-6"  # who has no account yet
    place.good.user_info.update({"sub": "ann-1", "preferred_username": "ann"})
    refuses(place, victim, victim.come_back("good"), "other-subject", (401,))
    assert "/me" in place.good.asked


@pytest.mark.parametrize(
    "told",
    [Answer(500), Answer(401, b"{}", {"WWW-Authenticate": "Bearer"}), Answer(content=b"<html>"), Answer(302)],
    ids=["error", "challenge", "page", "redirect"],
)
def test_a_provider_that_does_not_say_more_refuses_nobody__S2_40__S1_3(
    place: Place, victim: Visitor, told: Answer
) -> None:
    place.good.somebody = "zoe-7"  # who has no account yet
    place.good.claims["preferred_username"] = LEFT_OUT
    place.good.answers["/me"] = told
    answer = refuses(place, victim, victim.come_back("good"), "no-answer", (503,))
    assert "www-authenticate" not in answer.headers


# --- where people go afterwards --------------------------------------------------------------------------------------

ELSEWHERE = (
    *("//evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "////evil.example"),
    *("/\\/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/%2f%2fevil.example"),
    *("https:evil.example", "https:/evil.example", "https://evil.example", "http://localhost:80@evil.example"),
    *("https://a@b@evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x"),
    *("/\t/evil.example", "/%5cevil.example", "%2f%2fevil", "/..//evil.example", "/.//evil.example"),
    *("//\uff45vil.example", "/\uff0fevil.example", "//evil\u3002example", "?next=//evil.example", "evil.example"),
    *("@evil.example", "/@evil.example/..//x", "/a\x00//evil.example", "/a\r\nX: y"),
)
"""The corpus of open redirects, as far as a page of our own is asked for."""


@pytest.mark.parametrize("wanted", ELSEWHERE, ids=[ascii(each) for each in ELSEWHERE])
def test_nobody_is_sent_elsewhere_after_a_log_in__F32(place: Place, victim: Visitor, wanted: str) -> None:
    url = f"{place.live.url}/login/with/good{query({'return_to': wanted})}"
    begun = victim.browser.client.get(url, headers={"accept": "application/json"})
    if begun.status_code == 422:
        return
    back = victim.browser.visit(begun.headers["location"], stop_before=f"{place.live.url}/login/with/good/callback")
    arrived = victim.browser.client.get(back.headers["location"])
    assert arrived.status_code == 303, "somebody was logged in"
    after = arrived.headers["location"]
    assert after.startswith("/"), after
    assert str(httpx.URL(place.live.url).join(after)).startswith(f"{place.live.url}/"), after
    assert not after.startswith(("//", "/\\"))
    assert not any(each in after for each in "\\\t\r\n\x00")


def test_the_provider_is_told_one_place_to_send_people_to__F32(place: Place, victim: Visitor) -> None:
    victim.browser.client.headers["host"] = victim.live.url.partition("//")[2]
    for name in ("redirect_uri", "state", "nonce", "client_id", "scope"):
        victim.come_back("good", **{name: "https://evil.example"})
    assert {each["redirect_uri"] for each in place.good.codes.values()} == {place.callback()}
    assert not any("evil" in value for each in place.good.codes.values() for value in each.values())
