"""What an identity provider publishes of itself and its keys, when it lies, drips, swells or points at others (S2_40).

None of it is an answer that anybody is refused with: each is an outage, and the operator is told which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.false_provider import (
    EC_KEY,
    LEFT_OUT,
    RSA_KEY,
    Answer,
    FalseProvider,
    encoded,
    false_provider,
    in_json,
    pem,
    public_jwk,
)
from watchword.core.ask import AnswerFailed
from watchword.core.questions import FindProviderKey, FindProviderMetadata, FindUserInfo, RedeemCode
from watchword.crypto.secret import Secret
from watchword.outgoing.http import NoAnswer, Outgoing
from watchword.outgoing.openid import OpenIdClient, OpenIdProviders

DISCOVERY = "/.well-known/openid-configuration"
IMPATIENCE = 0.5
"""Seconds that a provider is waited for that takes longer; others have time, on a machine that does much else."""


@pytest.fixture(scope="module")
def running() -> Iterator[FalseProvider]:
    with false_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: FalseProvider) -> FalseProvider:
    running.honest()
    return running


@pytest.fixture
def asking(provider: FalseProvider) -> OpenIdProviders:
    return newcomer(provider)


def newcomer(provider: FalseProvider, patience: float = 20.0) -> OpenIdProviders:
    """Who asks the provider, and has never asked it before."""
    client = OpenIdClient(
        issuer=provider.url,
        client_id="watchword",
        algorithms=frozenset(("RS256", "ES256")),
        authentication="client_secret_basic",
        secret=Secret("the secret of the client"),
        outgoing=Outgoing("evil", patience=patience, private_hosts=("127.0.0.1",)),
        patience=patience,
        private_hosts=frozenset(("127.0.0.1",)),
    )
    return OpenIdProviders({"evil": client}, clock=lambda: 0.0)


METADATA, KEY = FindProviderMetadata("evil"), FindProviderKey("evil", "rsa", "RS256")
CODE = RedeemCode("evil", Secret("code"), Secret("v" * 43), "https://auth.example.com/login/with/evil/callback")


def test_an_honest_provider_is_understood__S2_40(provider: FalseProvider, asking: OpenIdProviders) -> None:
    assert asking.find_metadata(METADATA).issuer == provider.url
    assert asking.find_key(KEY) is not None
    assert asking.find_key(FindProviderKey("evil", "ec", "ES256")) is not None


NAMES_ANOTHER = {
    "of another issuer": {"issuer": "https://login.example.com"},
    "of the issuer with a slash": {"issuer": "{url}/"},
    "of the issuer in other letters": {"issuer": "HTTP://127.0.0.1"},
    "of nobody": {"issuer": LEFT_OUT},
    "of two issuers": {"issuer": ["{url}"]},
    "without a place to log in": {"authorization_endpoint": LEFT_OUT},
    "without a place to redeem codes": {"token_endpoint": LEFT_OUT},
    "without keys": {"jwks_uri": LEFT_OUT},
    "with a script": {"authorization_endpoint": "javascript:alert(1)"},
    "with data": {"authorization_endpoint": "data:text/html,x"},
    "in cleartext": {"token_endpoint": "http://login.example.com/token"},
    "in cleartext to this machine by name": {"token_endpoint": "http://localhost/token"},
    "in cleartext to this machine, short": {"token_endpoint": "http://127.1/token"},
    "in cleartext to this machine, as a number": {"token_endpoint": "http://2130706433/token"},
    "with user information": {"token_endpoint": "http://127.0.0.1@login.example.com/token"},
    "with user information by https": {"authorization_endpoint": "https://login.example.com@evil.example/"},
    "with a backslash": {"authorization_endpoint": "https://evil.example\\@login.example.com/"},
    "with a line break": {"authorization_endpoint": "https://login.example.com/\r\nSet-Cookie: a=b"},
    "with a fragment": {"authorization_endpoint": "https://login.example.com/#a"},
    "with another host by a tab": {"authorization_endpoint": "https://login\t.example.com/"},
    "with a file": {"jwks_uri": "file:///etc/passwd"},
    "with a number": {"jwks_uri": 5},
    "without end": {"authorization_endpoint": "https://login.example.com/" + "a" * 5000},
    "with a log-out that is a script": {"end_session_endpoint": "javascript:alert(1)"},
}


@pytest.mark.parametrize("told", NAMES_ANOTHER.values(), ids=[f"{name}__S2_40__F32" for name in NAMES_ANOTHER])
def test_a_document_that_lies_is_an_outage(
    told: dict[str, Any], provider: FalseProvider, asking: OpenIdProviders
) -> None:
    text = json.dumps({name: value for name, value in told.items() if value is not LEFT_OUT})
    provider.discovery.update({**told, **json.loads(text.replace("{url}", provider.url))})
    with pytest.raises(AnswerFailed) as failure:
        asking.find_metadata(METADATA)
    assert "discovery document" in str(failure.value)
    assert "evil.example" not in str(failure.value)
    assert provider.asked == [DISCOVERY]


DOCUMENTS = {
    "huge": Answer(content=b'{"a": "' + b"a" * 1_000_000 + b'"}'),
    "slow": Answer(delay=2 * IMPATIENCE),
    "redirected": Answer(302, b"", {"Location": "/elsewhere"}),
    "redirected for good": Answer(308, b"", {"Location": "http://169.254.169.254/latest/meta-data"}),
    "refused with a challenge": Answer(401, b"{}", {"WWW-Authenticate": "Basic"}),
    "an error": Answer(500),
    "a page": Answer(content=b"<!DOCTYPE html><title>Captive portal</title>"),
    "half": Answer(content=b'{"issuer": "'),
    "a list": Answer(content=b"[]"),
    "nested": Answer(content=b"[" * 20_000),
    "of two minds": Answer(content=b'{"issuer": "a", "issuer": "b"}'),
    "nothing": Answer(content=b""),
    "a secret in its place": Answer(content=b"\xff\xfe"),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=[f"{name}__F6" for name in DOCUMENTS])
def test_a_document_that_is_none_is_an_outage(document: Answer, path: str, provider: FalseProvider) -> None:
    asking = newcomer(provider, IMPATIENCE) if document.delay else newcomer(provider)
    provider.answers[path] = document
    with pytest.raises(AnswerFailed):
        asking.find_key(KEY)
    assert "/elsewhere" not in provider.asked
    # Whoever comes now does not wait for it: nobody asks more often than every few seconds.
    asked = len(provider.asked)
    with pytest.raises(AnswerFailed):
        asking.find_key(KEY)
    assert len(provider.asked) == asked


PRIVATE = (
    *("https://10.0.0.1", "https://192.168.1.1", "https://172.16.0.1", "https://169.254.169.254", "https://127.0.0.2"),
    *("https://0.0.0.0", "https://[::1]", "https://[fe80::1]", "https://[fd00::1]", "https://[::ffff:127.0.0.1]"),
    *("https://localhost", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://127.1"),
)


@pytest.mark.parametrize("where", PRIVATE)
def test_no_endpoint_on_a_private_address_is_asked__S1_4__S2_40(
    where: str, provider: FalseProvider, asking: OpenIdProviders
) -> None:
    port = provider.url.rpartition(":")[2]
    told = {"token_endpoint": "token", "userinfo_endpoint": "me", "jwks_uri": "jwks"}
    provider.discovery.update({name: f"{where}:{port}/{path}" for name, path in told.items()})
    questions: tuple[Callable[[], object], ...] = (
        lambda: asking.redeem_code(CODE),
        lambda: asking.find_user_info(FindUserInfo("evil", Secret("token"))),
        lambda: asking.find_key(KEY),
    )
    for ask in questions:
        with pytest.raises(NoAnswer) as failure:
            ask()
        assert failure.value.kind == "not-permitted"
    assert set(provider.asked) == {DISCOVERY}


RSA_JWK = public_jwk(RSA_KEY, "rsa", "RS256")
USELESS = {
    "a shared secret": [{"kty": "oct", "k": encoded(pem(RSA_KEY)), "kid": "rsa", "alg": "RS256"}],
    "a shared secret for its own algorithm": [{"kty": "oct", "k": encoded(b"k" * 32), "kid": "rsa", "alg": "HS256"}],
    "a private key": [{**RSA_JWK, "d": "AQAB"}],
    "a key for encryption": [{**RSA_JWK, "use": "enc"}],
    "a key that signs nothing": [{**RSA_JWK, "key_ops": ["encrypt"]}],
    "a weak key": [{**RSA_JWK, "n": encoded(b"\xff" * 64)}],
    "a key of another algorithm": [{**public_jwk(EC_KEY, "rsa", "ES256")}],
    "a key of no kind": [{"kty": "none", "kid": "rsa", "alg": "none"}],
    "text": ["rsa"],
    "none": [],
}


@pytest.mark.parametrize("keys", USELESS.values(), ids=[f"{name}__S2_40" for name in USELESS])
def test_what_is_no_key_for_signatures_verifies_none(
    keys: list[Any], provider: FalseProvider, asking: OpenIdProviders
) -> None:
    provider.answers["/jwks"] = in_json({"keys": keys})
    assert asking.find_key(KEY) is None
    assert asking.find_key(FindProviderKey("evil", "rsa", "HS256")) is None
    assert asking.find_key(FindProviderKey("evil", "rsa", "none")) is None


def test_names_that_nobody_knows_do_not_make_us_ask_again_and_again__F12(
    provider: FalseProvider, asking: OpenIdProviders
) -> None:
    assert asking.find_key(KEY) is not None
    for number in range(50):
        assert asking.find_key(FindProviderKey("evil", f"unknown-{number}", "RS256")) is None
    assert provider.asked.count("/jwks") <= 2
    assert asking.find_key(KEY) is not None


def test_a_token_endpoint_that_speaks_of_credentials_refuses_nobody__S1_3(
    provider: FalseProvider, asking: OpenIdProviders
) -> None:
    for status in (200, 204, 302, 400, 401, 403, 407, 429, 500, 503):
        provider.answers["/token"] = Answer(status, b'{"error": "invalid_client"}', {"WWW-Authenticate": "Basic"})
        with pytest.raises(AnswerFailed) as failure:
            asking.redeem_code(CODE)
        assert "the secret of the client" not in str(failure.value)
