"""What is known of identity providers: fetched once, for an hour, and for a day while they are away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.false_provider import EC_KEY, RSA_KEY, Answer, FalseProvider, false_provider, in_json, public_jwk
from tests.quickness import answered_in_time
from tests.stores.test_slots import until
from watchword.core.ask import AnswerFailed
from watchword.core.identity_providers import CodeRefused, RedeemedCode
from watchword.core.questions import FindProviderKey, FindProviderMetadata, FindUserInfo, RedeemCode
from watchword.crypto.secret import Secret
from watchword.http.authorization_code import ClientAuthentication
from watchword.outgoing.http import Outgoing
from watchword.outgoing.openid import GOES_ON_FOR, NOT_SOONER, REFRESHED_AFTER, OpenIdClient, OpenIdProviders

T = TypeVar("T")

DISCOVERY, KEYS = "/.well-known/openid-configuration", "/jwks"
AWAY = Answer(503)


@pytest.fixture(scope="module")
def running() -> Iterator[FalseProvider]:
    with false_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FalseProvider) -> FalseProvider:
    running.honest()
    return running


@dataclass
class Known:
    """What a server with this provider knows, and a clock."""

    provider: FalseProvider
    at: float = 0.0
    patience: float = 30.0
    authentication: ClientAuthentication = "client_secret_basic"

    def __post_init__(self) -> None:
        client = OpenIdClient(
            issuer=self.provider.url,
            client_id="watch word",
            algorithms=frozenset(("RS256", "PS256", "ES256")),
            authentication=self.authentication,
            secret=None if self.authentication == "none" else Secret("s:e%c ret"),
            outgoing=Outgoing("corp", patience=self.patience, at_once=4, private_hosts=["127.0.0.1"]),
            patience=self.patience,
            at_once=2,
            private_hosts=frozenset(("127.0.0.1",)),
        )
        self.providers = OpenIdProviders({"corp": client}, clock=lambda: self.at)

    def metadata(self) -> Any:
        return self.providers.find_metadata(FindProviderMetadata("corp"))

    def key(self, kid: str | None = "rsa", algorithm: str = "RS256") -> Any:
        return self.providers.find_key(FindProviderKey("corp", kid, algorithm))

    def redeem(self) -> Any:
        return self.providers.redeem_code(RedeemCode("corp", Secret("c+d"), Secret("verifier"), "http://h/callback"))

    def asked(self, path: str) -> int:
        return self.provider.asked.count(path)


def failure(work: Callable[[], object]) -> str:
    with pytest.raises(AnswerFailed) as error:
        work()
    return str(error.value)


def test_it_is_asked_once_an_hour__S2_40(provider: FalseProvider) -> None:
    known = Known(provider)
    assert known.metadata().token_endpoint == f"{provider.url}/token"
    assert known.metadata().tells_issuer
    assert known.key().kid == "rsa"
    known.at = REFRESHED_AFTER - 1
    known.metadata()
    known.key()
    assert (known.asked(DISCOVERY), known.asked(KEYS)) == (1, 1)
    known.at = REFRESHED_AFTER
    provider.discovery["end_session_endpoint"] = f"{provider.url}/farewell"
    assert known.metadata().end_session_endpoint == f"{provider.url}/farewell"
    assert (known.asked(DISCOVERY), known.asked(KEYS)) == (2, 1)


def test_what_is_known_goes_on_for_a_day_while_it_is_away__S2_40__C17(provider: FalseProvider) -> None:
    known = Known(provider)
    key = known.key()
    provider.answers |= {DISCOVERY: AWAY, KEYS: AWAY}
    known.at = GOES_ON_FOR - 1
    assert known.key() == key
    assert known.metadata().issuer == provider.url
    known.at = GOES_ON_FOR
    assert "503" in failure(known.metadata)
    assert "503" in failure(known.key)


def test_provider_that_is_away_is_not_asked_by_everybody__S2_40__F6(provider: FalseProvider) -> None:
    known = Known(provider)
    provider.answers[DISCOVERY] = AWAY
    for _ in range(5):
        assert "503" in failure(known.metadata)
    assert known.asked(DISCOVERY) == 1
    provider.answers.clear()
    known.at = NOT_SOONER
    assert known.metadata().issuer == provider.url


def test_key_that_is_not_known_is_asked_for_but_not_all_the_time__S2_40__F6(provider: FalseProvider) -> None:
    known = Known(provider)
    known.key()
    provider.answers[KEYS] = in_json({"keys": [public_jwk(RSA_KEY, "next", "RS256")]})
    assert known.key("next").kid == "next"
    assert known.asked(KEYS) == 2
    for _ in range(5):
        assert known.key("nobody's") is None
    assert known.asked(KEYS) == 2
    known.at = NOT_SOONER
    assert known.key("nobody's") is None
    assert known.asked(KEYS) == 3
    known.at *= 2
    provider.answers[KEYS] = AWAY
    assert "503" in failure(lambda: known.key("another")), "nobody knows that it is not there"
    assert known.key("next").kid == "next"


def test_many_who_need_it_at_once_ask_once_and_not_too_many_wait__S2_40__F6(provider: FalseProvider) -> None:
    known = Known(provider)
    let_go = threading.Event()
    provider.answers[DISCOVERY] = Answer(content=json.dumps(provider.metadata()).encode(), held=let_go)

    def ask() -> str:
        try:
            return str(known.metadata().issuer)
        except AnswerFailed as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(ask) for _ in range(6)]
        until(lambda: sum(answer.done() for answer in answers) == 3)
        let_go.set()
        told = [answer.result() for answer in answers]
    assert known.asked(DISCOVERY) == 1
    assert told.count(provider.url) == 3, "one asks, two wait"
    assert told.count("too many wait for the identity provider") == 3


def test_key_is_bound_to_one_algorithm__S2_40__F7(provider: FalseProvider) -> None:
    known = Known(provider)
    bare = {name: value for name, value in public_jwk(RSA_KEY, "bare", "RS256").items() if name != "alg"}
    provider.answers[KEYS] = in_json({"keys": [bare, public_jwk(EC_KEY, "ec", "ES256"), {"kty": "oct", "k": "AAAA"}]})
    assert known.key("bare", "RS256").alg == "RS256"
    assert known.key("bare", "PS256").alg == "PS256"
    assert known.key("ec", "RS256") is None
    assert known.key(None, "ES256").kid == "ec", "a token that names no key can only mean the only one"
    assert known.key("bare", "HS256") is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"issuer": "https://h"}, "another issuer"),
        ({"issuer": None}, "another issuer"),
        ({"token_endpoint": "http://192.0.2.1/token"}, "token_endpoint"),
        ({"token_endpoint": "ftp://h/"}, "token_endpoint"),
        ({"token_endpoint": ["https://h/"]}, "token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://h/#a"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://h\\@evil/"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://a@h/"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://h/a\r\nSet-Cookie: a=b"}, "authorization_endpoint"),
        ({"authorization_endpoint": "https://h/" + "a" * 2100}, "authorization_endpoint"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({"userinfo_endpoint": "http://h/"}, "userinfo_endpoint"),
    ],
    ids=str,
)
def test_metadata_that_cannot_be_used_is_no_answer__S2_40__F6(
    provider: FalseProvider, told: dict[str, object], why: str
) -> None:
    provider.discovery |= told
    said = failure(Known(provider).metadata)
    assert why in said
    assert "evil" not in said


def test_client_proves_itself_as_configured__S2_40(provider: FalseProvider) -> None:
    """RFC 6749 section 2.3.1: id and secret are form-urlencoded, each by itself, before they are joined."""
    sent: dict[str, Any] = {}
    ways: tuple[ClientAuthentication, ...] = ("client_secret_basic", "client_secret_post", "none")
    for authentication in ways:
        given = Known(provider, authentication=authentication).redeem()
        assert isinstance(given, RedeemedCode)
        assert given.access_token is not None
        sent[authentication] = provider.forms.pop()
    common = {
        "grant_type": "authorization_code",
        "code": "c+d",
        "redirect_uri": "http://h/callback",
        "code_verifier": "verifier",
    }
    basic = "Basic d2F0Y2grd29yZDpzJTNBZSUyNWMrcmV0"  # watch+word:s%3Ae%25c+ret
    assert sent["client_secret_basic"] == {**common, "authorization": basic}
    post = {"client_id": "watch word", "client_secret": "s:e%c ret", "authorization": ""}
    assert sent["client_secret_post"] == {**common, **post}
    assert sent["none"] == {**common, "client_id": "watch word", "authorization": ""}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200), Answer(200, b'{"id_token": 7}'), Answer(200, b'{"id_token": "%s"}' % (b"a" * 20_000)),
        Answer(400, b'{"error": "invalid_client"}'), Answer(400, b'{"error": ["invalid_grant"]}'), Answer(400, b"no"),
        Answer(401, b'{"error": "invalid_client"}'), Answer(403, b'{"error": "invalid_grant"}'), Answer(429),
        Answer(307, fields={"Location": "/other"}), Answer(500, b'{"error": "invalid_grant"}'),
        Answer(200, b'{"id_token": "a", "id_token": "b"}'), Answer(200, b"x" * 300_000),
    ],
    ids=lambda answer: f"{answer.status}-{answer.content[:30].decode()}",
)  # fmt: skip
def test_nothing_but_a_clear_refusal_of_the_code_is_one__S2_40__C17(provider: FalseProvider, answer: Answer) -> None:
    known = Known(provider)
    provider.answers["/token"] = answer
    said = failure(known.redeem)
    assert not any(secret in said for secret in ("c+d", "verifier", "s:e%c ret"))
    assert known.asked("/token") == 1
    provider.answers["/token"] = Answer(400, b'{"error": "invalid_grant"}')
    assert known.redeem() == CodeRefused()


def test_code_is_sent_once__S2_40__F2(provider: FalseProvider) -> None:
    known, let_go = Known(provider, patience=0.3), threading.Event()
    provider.answers["/token"] = Answer(held=let_go)

    def metadata() -> object:
        known.at += NOT_SOONER
        return known.metadata()

    answered_in_time(metadata)
    failure(known.redeem)
    assert known.asked("/token") == 1
    let_go.set()


def test_person_is_asked_about_with_the_access_token__S2_40(provider: FalseProvider) -> None:
    known = Known(provider)
    told = known.providers.find_user_info(FindUserInfo("corp", Secret("token")))
    assert told == {"sub": "eve-9"}
    provider.answers["/me"] = Answer(401)
    assert "401" in failure(lambda: known.providers.find_user_info(FindUserInfo("corp", Secret("token"))))


def test_nobody_answers_for_a_provider_that_is_not_configured__S2_40(provider: FalseProvider) -> None:
    assert "other" in failure(lambda: Known(provider).providers.find_metadata(FindProviderMetadata("other")))
