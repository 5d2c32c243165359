"""How OAuth clients authenticate (RFC 6749 section 2.3, RFC 7523), and how they are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from tests.server.api.oauth import (
    ISSUER,
    KEY,
    SECRET,
    add_client,
    ask_token,
    assertion,
    by_assertion,
    client_token,
    introspect,
    is_error,
    key_set,
)
from tests.server.api.world import CHEAP, World
from watchword.core.questions import ChangeClient, CheckClientSecret, FindClient, SpendOnce
from watchword.crypto.jose.key import generate
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret

GRANT = {"grant_type": "client_credentials"}
BASIC = 'Basic realm="RESTHeart Realm", charset="UTF-8"'


def post(world: World, form: Mapping[str, str], **options: Any) -> httpx.Response:
    return world("POST", "/oauth2/token", data={**GRANT, **form}, **options)


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_secret_comes_in_authorization_or_in_the_form__S2_43(world: World) -> None:
    add_client(world)
    assert post(world, {}, auth=("svc", SECRET)).status_code == 200
    assert post(world, {"client_id": "svc", "client_secret": SECRET}).status_code == 200
    assert post(world, {"client_id": "svc"}, auth=("svc", SECRET)).status_code == 200


@pytest.mark.parametrize("secret", ["a b", "50% off", "a+b", "a:b:c", "ünï", "&=;"])
def test_id_and_secret_are_form_urlencoded_inside_basic__F19(world: World, secret: str) -> None:
    kept = hash_password(Secret(secret), CHEAP, b"sixteen bytes so")
    add_client(world, "web@example/1", secret_hash=kept)
    assert post(world, {}, auth=(quote_plus("web@example/1"), quote_plus(secret))).status_code == 200
    assert post(world, {"client_id": "web@example/1", "client_secret": secret}).status_code == 200


@pytest.mark.parametrize("value", ["!!!", "c3Zj", "c3ZjOiUyeA==", "c3ZjOiVmZg=="])
def test_undecodable_credentials_are_401_C08(world: World, value: str) -> None:
    """No base64, no colon, half an escape, an escape that is no UTF-8."""
    add_client(world)
    answer = post(world, {}, headers={"authorization": f"Basic {value}"})
    is_error(answer, "invalid_client", 401)
    assert answer.headers["auth-decision"].startswith("C08;")
    assert answer.headers["www-authenticate"] == BASIC


def test_unknown_wrong_disabled_and_secretless_differ_in_nothing__S2_19__C07__F30(world: World) -> None:
    add_client(world)
    add_client(world, "off", disabled=True)
    add_client(world, "keys", secret_hash=None, jwks=key_set())
    add_client(world, "public", secret_hash=None)
    add_client(world, "imported", secret_hash=hash_password(Secret("short"), CHEAP, b"sixteen bytes so"))
    answers = [
        post(world, {}, auth=each)
        for each in (
            ("svc", "wrong"),
            ("nobody", SECRET),
            ("off", SECRET),
            ("keys", SECRET),
            ("public", SECRET),
            ("imported", "long"),
            ("svc", "wrong"),
        )
    ]
    for answer in answers:
        is_error(answer, "invalid_client", 401)
        assert answer.headers.pop("auth-decision").startswith("C07;")
        assert answer.headers.get_list("www-authenticate") == [BASIC]
    assert len({(answer.content, tuple(answer.headers.multi_items())) for answer in answers}) == 1


def test_imported_secret_is_checked_like_a_password__S2_43(world: World) -> None:
    add_client(world, secret_hash=hash_password(Secret("short"), CHEAP, b"sixteen bytes so"))
    assert post(world, {}, auth=("svc", "short")).status_code == 200
    assert post(world, {}, auth=("svc", "shorter")).status_code == 401


def test_failures_count_against_limits_and_hold_nobody_with_the_secret__C16__F13(world: World) -> None:
    add_client(world)
    for id in ("svc", "nobody"):
        refused = [post(world, {}, auth=(id, "wrong")) for _ in range(11)]
        assert [answer.status_code for answer in refused] == [401] * 10 + [429]
        is_error(refused[-1], "temporarily_unavailable", 429)
        assert int(refused[-1].headers["retry-after"]) > 0
        assert "www-authenticate" not in refused[-1].headers
    assert post(world, {}, auth=("svc", SECRET)).status_code == 200


def test_imported_secret_that_may_be_guessed_is_held_like_a_password__C16(world: World) -> None:
    add_client(world, secret_hash=hash_password(Secret("short"), CHEAP, b"sixteen bytes so"))
    for _ in range(10):
        assert post(world, {}, auth=("svc", "wrong")).status_code == 401
    is_error(post(world, {}, auth=("svc", "short")), "temporarily_unavailable", 429)


def test_secret_of_a_client_is_no_password_of_an_account_and_the_other_way_round(world: World) -> None:
    add_client(world, "ann")
    assert world("GET", "/whoami", auth=("ann", SECRET)).status_code == 401
    is_error(post(world, {}, auth=("ann", "the password of ann")), "invalid_client", 401)


def test_secret_in_the_url_is_refused__F33(world: World) -> None:
    add_client(world)
    target = f"/oauth2/token?client_id=svc&client_secret={SECRET}"
    is_error(world("POST", target, data=GRANT), "invalid_request")


# --- one method at a time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {"client_id": "svc", "client_secret": SECRET},
        {"client_secret": SECRET},
        by_assertion("x.y.z"),
        {"client_id": "other"},
    ],
    ids=["secret-twice", "secret-alone", "assertion", "another-id"],
)
def test_two_methods_at_once_are_refused__C10__F20(world: World, form: dict[str, str]) -> None:
    add_client(world)
    add_client(world, "other")
    answer = post(world, form, auth=("svc", SECRET))
    is_error(answer, "invalid_request")
    assert answer.headers["auth-decision"].startswith("C10;")


def test_two_authorization_lines_are_refused__C10__F20(world: World) -> None:
    add_client(world)
    lines = [("authorization", "Basic c3ZjOng="), ("authorization", "Basic c3ZjOnk=")]

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(world.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post("/oauth2/token", data=GRANT, headers=lines)

    is_error(world.run(send()), "invalid_request")


@pytest.mark.parametrize(
    "form", [{"client_secret": SECRET}, {"client_assertion": "x.y.z"}, {"client_assertion_type": "x"}]
)
def test_half_a_method_is_refused__C10(world: World, form: dict[str, str]) -> None:
    is_error(post(world, form), "invalid_request")


def test_no_client_at_all_is_401__C03(world: World) -> None:
    answer = post(world, {})
    is_error(answer, "invalid_client", 401)
    assert answer.headers["auth-decision"].startswith("C03;")
    assert answer.headers["www-authenticate"] == BASIC


def test_credentials_of_another_scheme_are_401__C04(world: World) -> None:
    answer = post(world, {}, bearer="something")
    is_error(answer, "invalid_client", 401)
    assert answer.headers["auth-decision"].startswith("C04;")


def test_session_cookie_proves_no_client(world: World) -> None:
    is_error(post(world, {}, cookie=world.log_in("ann")), "invalid_client", 401)


# --- browsers --------------------------------------------------------------------------------------------------------


def test_script_that_sent_the_form_is_spared_the_pop_up_and_one_that_used_the_field_is_not(world: World) -> None:
    add_client(world)
    script = {"sec-fetch-dest": "empty", "sec-fetch-site": "same-origin"}
    in_form = post(world, {"client_id": "svc", "client_secret": "wrong"}, headers=script)
    assert in_form.headers.get_list("www-authenticate") == ['Watchword-Cookie realm="RESTHeart Realm"']
    in_field = post(world, {}, auth=("svc", "wrong"), headers=script)
    assert in_field.headers.get_list("www-authenticate") == [BASIC]  # RFC 6749 section 5.2


def test_page_of_another_origin_cannot_use_credentials_that_the_browser_replays__C14__F27(world: World) -> None:
    add_client(world)
    foreign = {"origin": "https://evil.example"}
    answer = post(world, {}, auth=("svc", SECRET), headers=foreign)
    is_error(answer, "invalid_request", 403)
    assert answer.headers["auth-decision"].startswith("C14;")
    in_form = post(world, {"client_id": "svc", "client_secret": SECRET}, headers=foreign)
    assert in_form.status_code == 200


def test_cleartext_is_refused_before_anything_is_judged__S2_9__C14(world: World) -> None:
    add_client(world)
    for options in ({"auth": ("svc", SECRET)}, {"data": {**GRANT, "client_id": "svc", "client_secret": SECRET}}):
        answer = world("POST", "/oauth2/token", address="192.0.2.7", **{"data": GRANT, **options})
        is_error(answer, "invalid_request", 403)
        assert answer.headers["auth-decision"].startswith("C14;")


# --- keys of the client's own (private_key_jwt) ----------------------------------------------------------------------


def test_assertion_authenticates_once__S2_43__C09(world: World) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    text = assertion()
    assert post(world, by_assertion(text)).status_code == 200
    again = post(world, by_assertion(text))
    is_error(again, "invalid_client", 401)
    assert again.headers["auth-decision"].startswith("C09;")
    assert post(world, by_assertion(assertion(jti="second"), client_id="svc")).status_code == 200


def test_assertion_may_be_for_the_issuer_or_for_the_endpoint_that_is_called(world: World) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    for number, audience in enumerate((ISSUER, [ISSUER], [ISSUER, f"{ISSUER}/oauth2/token"])):
        assert post(world, by_assertion(assertion(aud=audience, jti=f"n{number}"))).status_code == 200
    form = {"token": "x", **by_assertion(assertion(aud=f"{ISSUER}/oauth2/introspect", jti="i"))}
    assert world("POST", "/oauth2/introspect", data=form).json() == {"active": False}
    is_error(post(world, by_assertion(assertion(aud=f"{ISSUER}/oauth2/introspect", jti="j"))), "invalid_client", 401)


OTHER_KEY = generate("ES256", "k1")
UNKNOWN_KEY = generate("ES256", "k2")
SHARED = generate("HS256", "k1")
NOT_NOW: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_789_999_900},
    "far_ahead": {"exp": 1_790_003_631},
    "no_exp": {"exp": None},
    "exp_is_text": {"exp": "1790000060"},
    "not_yet": {"nbf": 1_790_000_100},
    "issued_later": {"iat": 1_790_000_100},
    "no_jti": {"jti": None},
    "empty_jti": {"jti": ""},
    "long_jti": {"jti": "j" * 256},
    "no_aud": {"aud": None},
    "other_aud": {"aud": "https://other.example"},
    "aud_of_two": {"aud": [ISSUER, "https://other.example"]},
    "empty_aud": {"aud": []},
    "aud_by_prefix": {"aud": f"{ISSUER}/oauth2/token/"},
    "other_iss": {"iss": "other"},
    "no_iss": {"iss": None},
    "unknown_client": {"iss": "nobody", "sub": "nobody"},
    "client_without_keys": {"iss": "plain", "sub": "plain"},
    "disabled_client": {"iss": "off", "sub": "off"},
}


@pytest.mark.parametrize("claims", NOT_NOW.values(), ids=NOT_NOW)
def test_assertion_that_does_not_hold_is_401__C09(world: World, claims: dict[str, Any]) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    add_client(world, "plain")
    add_client(world, "off", secret_hash=None, jwks=key_set(), disabled=True)
    answer = post(world, by_assertion(assertion(**claims)))
    is_error(answer, "invalid_client", 401)
    assert answer.headers["auth-decision"].startswith("C09;")
    assert answer.headers["www-authenticate"] == BASIC


@pytest.mark.parametrize("key", [OTHER_KEY, UNKNOWN_KEY, SHARED], ids=["forged", "unknown_kid", "symmetric"])
def test_assertion_is_signed_with_a_key_of_the_client_by_its_algorithm__S2_17(world: World, key: Any) -> None:
    add_client(world, secret_hash=None, jwks=key_set(KEY))
    is_error(post(world, by_assertion(assertion(key))), "invalid_client", 401)


@pytest.mark.parametrize("typ", ["at+jwt", "dpop+jwt", "logout+jwt"])
def test_another_kind_of_token_is_no_assertion(world: World, typ: str) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    is_error(post(world, by_assertion(assertion(typ=typ))), "invalid_client", 401)
    assert post(world, by_assertion(assertion(typ="client-authentication+jwt"))).status_code == 200


def test_access_token_of_ours_is_no_assertion(world: World) -> None:
    add_client(world, jwks=key_set())
    is_error(post(world, by_assertion(client_token(world))), "invalid_client", 401)


@pytest.mark.parametrize("text", ["", "x", "x.y.z", "e30.e30.", "a" * 20_000, "..."])
def test_what_is_no_jwt_is_no_assertion(world: World, text: str) -> None:
    answer = post(world, {**by_assertion("x"), "client_assertion": text})
    assert answer.status_code == (401 if text else 400)
    assert answer.json()["error"] == ("invalid_client" if text else "invalid_request")


def test_another_client_id_beside_the_assertion_is_refused__C10(world: World) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    is_error(post(world, by_assertion(assertion(), client_id="other")), "invalid_request")


def test_assertion_is_not_spent_before_it_is_judged__F39(world: World) -> None:
    add_client(world, secret_hash=None, jwks=key_set())
    world.answers.down = (SpendOnce,)
    text = assertion()
    is_error(post(world, by_assertion(text)), "temporarily_unavailable", 503)
    world.answers.down = ()
    assert post(world, by_assertion(text)).status_code == 200


# --- public clients --------------------------------------------------------------------------------------------------


def test_public_client_is_taken_at_its_word_where_that_is_enough__S2_43(world: World) -> None:
    add_client(world, "spa", secret_hash=None)
    is_error(post(world, {"client_id": "spa"}), "unauthorized_client")
    assert world("POST", "/oauth2/revoke", data={"client_id": "spa", "token": "x"}).status_code == 200
    is_error(world("POST", "/oauth2/introspect", data={"client_id": "spa", "token": "x"}), "invalid_client", 401)


def test_client_with_a_secret_or_keys_is_not_taken_at_its_word__C07(world: World) -> None:
    add_client(world)
    add_client(world, "keys", secret_hash=None, jwks=key_set())
    add_client(world, "off", secret_hash=None, disabled=True)
    for id in ("svc", "keys", "off", "nobody"):
        is_error(post(world, {"client_id": id}), "invalid_client", 401)


# --- outages ---------------------------------------------------------------------------------------------------------


def test_outage_is_no_refusal__C17__F39(world: World) -> None:
    add_client(world)
    for kind in (CheckClientSecret, FindClient):
        world.answers.down = (kind,)
        answer = ask_token(world)
        is_error(answer, "temporarily_unavailable", 503)
        assert int(answer.headers["retry-after"]) > 0
        assert "www-authenticate" not in answer.headers


def test_client_that_changes_while_it_is_authenticated_is_told_to_come_again__F3(world: World) -> None:
    add_client(world)

    def meanwhile(question: object) -> None:
        if isinstance(question, FindClient):
            world.storage.change_client(ChangeClient("svc", disabled=True, stamp="another"))

    world.answers.before = meanwhile
    is_error(ask_token(world), "temporarily_unavailable", 503)
    world.answers.before = lambda question: None
    is_error(ask_token(world), "invalid_client", 401)


def test_nothing_that_was_sent_is_logged__F33(world: World) -> None:
    add_client(world)
    post(world, {}, auth=("svc", "canary-secret"))
    post(world, by_assertion(assertion(jti="canary-jti")))
    introspect(world, "canary-token")
    assert "canary" not in str(world.seen.events) + str([refused for refused, _ in world.seen.refusals])
