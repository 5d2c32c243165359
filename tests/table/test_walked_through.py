"""The table's list of walked-through requests, line by line: real mechanisms, and requests as they come by the wire."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.table.real import (
    BEFORE_NEW_PASSWORD,
    CROSS_SITE,
    EXPIRED,
    KEYS,
    LIVE,
    NAVIGATION,
    OF_BOB,
    OF_DORA,
    OF_FAYE,
    OF_FAYE_BY_NOTHING_KNOWN,
    OF_FAYE_BY_PASSWORD,
    OWN_PAGE,
    SPACE,
    STRANGER,
    UNKNOWN,
    Answered,
    Stores,
    answered,
    api_key,
    auth_token,
    basic,
    bearer,
    cookie,
    received,
    steps,
    told,
)
from tests.table.scripted import NOW
from watchword.core.ask import Question
from watchword.core.questions import CheckPassword, FindAccount, FindKey, FindSession, TouchSession
from watchword.core.respond import not_found
from watchword.crypto.secret import Secret
from watchword.edge.drive import arun, run
from watchword.flows.login import prove
from watchword.http.message import Peer
from watchword.tokens.password import Password

FULL = ["Bearer", "Basic", "Records-Cookie", "APIKEY"]
NO_BASIC = ["Bearer", "Records-Cookie", "APIKEY"]
_STEP_UP = ["Bearer", "Records-Cookie"]
RIGHT = basic("ann", "right")
WRONG = basic("ann", "wrong")
SESSION_STORE = frozenset[type[Question[Any]]]((FindSession, TouchSession))
KEY_STORE = frozenset[type[Question[Any]]]((FindKey,))
PASSWORD_STORE = frozenset[type[Question[Any]]]((CheckPassword,))
ACCOUNT_STORE = frozenset[type[Question[Any]]]((FindAccount,))


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A request, and what comes of it. `status` None means: passed on."""

    cell: str
    line: str = "GET /records/1"
    fields: tuple[str, ...] = ()
    status: int | None
    code: str | None = None
    schemes: list[str] = field(default_factory=list[str])
    clears: bool = False
    who: str | None = None
    down: frozenset[type[Question[Any]]] = frozenset()


def granted(cell: str, *fields: str, who: str | None = "ann", **more: Any) -> Walk:
    return Walk(cell=cell, fields=fields, status=None, who=who, **more)


def unauthorized(cell: str, code: str, *fields: str, schemes: list[str] = FULL, **more: Any) -> Walk:
    return Walk(cell=cell, fields=fields, status=401, code=code, schemes=schemes, **more)


def refused(cell: str, status: int, code: str, *fields: str, **more: Any) -> Walk:
    return Walk(cell=cell, fields=fields, status=status, code=code, **more)


_ENDED, _INVALID = "session-expired", "session-invalid"
_NTLM = "Authorization: NTLM TlRMTVNTUAABAAAA"
_POST = "POST /records/1"

WALKED = {
    "nothing": unauthorized("C03", "authentication-required"),
    "stale_cookie__S0_5": unauthorized("C05", _ENDED, cookie(EXPIRED), clears=True),
    "unknown_cookie": unauthorized("C05", _INVALID, cookie(UNKNOWN), clears=True),
    "undecodable_cookie": unauthorized("C05", _INVALID, cookie("%%%"), clears=True),
    "cookie_sent_twice": unauthorized("C05", _INVALID, cookie(LIVE), cookie(OF_BOB), clears=True),
    "cookie_of_a_disabled_account__F36": unauthorized("C05", _INVALID, cookie(OF_DORA), clears=True),
    "cookie_older_than_the_password__F36": unauthorized("C05", _INVALID, cookie(BEFORE_NEW_PASSWORD), clears=True),
    "valid_cookie__S0_1": granted("C00", cookie(LIVE)),
    "right_basic__S0_2__S0_8": granted("C00", RIGHT),
    "colon_in_the_password__S3_1__F19": granted("C00", basic("colon", "a:b:c"), who="colon"),
    "valid_session_by_bearer__S2_41": granted("C00", bearer(LIVE)),
    "auth_token_as_password__S3_3": granted("C00", basic("ann", auth_token("ann"))),
    "stale_cookie_and_right_basic__S0_10": granted("C06", cookie(EXPIRED), RIGHT, clears=True),
    "stale_cookie_and_auth_token": granted("C06", cookie(EXPIRED), basic("ann", auth_token("ann")), clears=True),
    "stale_cookie_and_right_basic_but_role_missing__S0_6": refused(
        "C12", 403, "forbidden", cookie(EXPIRED), RIGHT, line="GET /administration", clears=True
    ),
    "stale_cookie_and_wrong_basic__S0_4": unauthorized(
        "C07", "invalid-credentials", cookie(EXPIRED), WRONG, schemes=NO_BASIC, clears=True
    ),
    "wrong_basic__S0_4": unauthorized("C07", "invalid-credentials", WRONG, schemes=NO_BASIC),
    "valid_cookie_and_wrong_basic__S0_11": granted("C00", cookie(LIVE), WRONG),
    "valid_cookie_and_malformed_basic": granted("C00", cookie(LIVE), "Authorization: Basic !!!"),
    "valid_cookie_and_wrong_basic_on_strict__C28": refused(
        "C28", 400, "conflicting-credentials", cookie(LIVE), WRONG, line="GET /strict"
    ),
    "valid_cookie_and_malformed_basic_on_strict__C28": refused(
        "C28", 400, "conflicting-credentials", cookie(LIVE), "Authorization: Basic !!!", line="GET /strict"
    ),
    "two_people_on_strict__C28__F20": refused(
        "C28", 400, "conflicting-credentials", cookie(LIVE), basic("adam", "right"), line="GET /strict"
    ),
    "valid_cookie_and_ntlm_on_strict__C28": refused(
        "C28", 400, "conflicting-credentials", cookie(LIVE), _NTLM, line="GET /strict"
    ),
    "one_person_twice_on_strict": granted("C00", cookie(LIVE), RIGHT, line="GET /strict"),
    "session_store_down_and_right_basic": granted("C00", cookie(EXPIRED), RIGHT, down=SESSION_STORE),
    "session_store_down_and_cookie_only": refused("C17", 503, "unavailable", cookie(LIVE), down=SESSION_STORE),
    "session_store_down_and_stale_cookie": refused("C17", 503, "unavailable", cookie(EXPIRED), down=SESSION_STORE),
    "session_store_down_and_wrong_basic": refused("C17", 503, "unavailable", cookie(LIVE), WRONG, down=SESSION_STORE),
    "password_store_down": refused("C17", 503, "unavailable", RIGHT, down=PASSWORD_STORE),
    "account_store_down_and_auth_token": refused(
        "C17", 503, "unavailable", basic("ann", auth_token("ann")), down=ACCOUNT_STORE
    ),
    "public_and_nothing": granted("C01", line="GET /public", who=None),
    "public_and_stale_cookie": granted("C01", cookie(EXPIRED), line="GET /public", who=None, clears=True),
    "public_and_valid_cookie": granted("C00", cookie(LIVE), line="GET /public"),
    "public_and_session_store_down": granted("C01", cookie(LIVE), line="GET /public", who=None, down=SESSION_STORE),
    "public_and_wrong_basic__C02": unauthorized(
        "C07", "invalid-credentials", WRONG, line="GET /public", schemes=NO_BASIC
    ),
    "public_and_wrong_basic_of_a_browser": granted("C01", WRONG, *OWN_PAGE, line="GET /public", who=None),
    "ldap_down_and_wrong_api_key": unauthorized("C09", "invalid-api-key", api_key("unknown"), down=PASSWORD_STORE),
    "throttled_basic_and_valid_session": granted("C00", cookie(LIVE), basic("held", "right")),
    "throttled_basic__C16": refused("C16", 429, "throttled", basic("held", "right")),
    "basic_of_marks": unauthorized("C08", "malformed-credentials", "Authorization: Basic !!!", schemes=NO_BASIC),
    "basic_without_colon__F19": unauthorized(
        "C08", "malformed-credentials", "Authorization: Basic YW5u", schemes=NO_BASIC
    ),
    "basic_with_control_character__F18": unauthorized(
        "C08", "malformed-credentials", basic("ann", "ri\0ght"), schemes=NO_BASIC
    ),
    "basic_of_marks_where_that_is_400": refused(
        "C08", 400, "malformed-credentials", "Authorization: Basic !!!", line="GET /malformed-is-400", schemes=NO_BASIC
    ),
    "bearer_without_a_token": refused("C10", 400, "invalid-request", "Authorization: Bearer", schemes=["Bearer"]),
    "bearer_by_two_transports": refused(
        "C10", 400, "invalid-request", bearer(LIVE), line=f"GET /records/1?access_token={LIVE}", schemes=["Bearer"]
    ),
    "bearer_that_is_no_token": unauthorized("C09", "invalid-token", "Authorization: Bearer not-a-token"),
    "bearer_that_has_expired": unauthorized("C09", "expired-token", bearer(EXPIRED)),
    "auth_token_that_has_expired": unauthorized("C09", "expired-token", basic("bob", auth_token("bob"))),
    "auth_token_of_another_user__S3_3": unauthorized("C09", "invalid-token", basic("adam", auth_token("ann"))),
    "ntlm_only": unauthorized("C04", "authentication-required", _NTLM),
    "stale_cookie_and_ntlm": unauthorized("C05", _ENDED, cookie(EXPIRED), _NTLM, clears=True),
    "two_authorization_lines__F20": refused("C10", 400, "invalid-request", RIGHT, RIGHT),
    "two_authorization_lines_of_which_one_is_bearer__F20": refused(
        "C10", 400, "invalid-request", RIGHT, bearer(LIVE), schemes=["Bearer"]
    ),
    "parameter_twice_with_bearer": refused(
        "C10", 400, "invalid-request", "Authorization: Bearer a=1, a=2", schemes=["Bearer"]
    ),
    "no_scheme_at_all": refused("C10", 400, "invalid-request", 'Authorization: "right"'),
    "ambiguous_path__F22": refused("C10", 400, "invalid-request", RIGHT, line="GET /records/..%2fadministration"),
    "navigation_with_nothing__S4_5": refused("C23", 303, "login", *NAVIGATION, line="GET /pages/1"),
    "navigation_with_expired_cookie": refused(
        "C23", 303, "login", *NAVIGATION, cookie(EXPIRED), line="GET /pages/1", clears=True
    ),
    "navigation_of_an_older_browser": refused(
        "C23", 303, "login", "Accept: text/html,application/xhtml+xml,*/*;q=0.8", line="GET /pages/1"
    ),
    "navigation_elsewhere": unauthorized("C03", "authentication-required", *NAVIGATION),
    "call_to_a_page_with_nothing__S4_1": unauthorized("C03", "authentication-required", line="GET /pages/1"),
    "navigation_with_a_bad_api_key__S4_5": unauthorized(
        "C09", "invalid-api-key", *NAVIGATION, api_key("unknown"), line="GET /pages/1"
    ),
    "cross_site_post_with_cookie__F27": refused("C14", 403, "csrf", cookie(LIVE), *CROSS_SITE, line=_POST),
    "cross_site_post_with_basic_of_a_browser__F27": refused("C14", 403, "csrf", RIGHT, *CROSS_SITE, line=_POST),
    "post_of_nobody_s_page__F27": refused("C14", 403, "csrf", cookie(LIVE), "Origin: null", line=_POST),
    "cross_site_get_with_cookie": granted("C00", cookie(LIVE), *CROSS_SITE),
    "own_page_s_post_with_cookie": granted("C00", cookie(LIVE), *OWN_PAGE, line=_POST),
    "program_s_post_with_basic": granted("C00", RIGHT, line=_POST),
    "cross_site_post_with_cookie_and_bearer": granted("C00", cookie(OF_BOB), bearer(LIVE), *CROSS_SITE, line=_POST),
    "cross_site_post_with_cookie_to_a_public_target": granted(
        "C01", cookie(LIVE), *CROSS_SITE, line="POST /public", who=None
    ),
    "role_missing_and_log_in_too_old": refused("C12", 403, "forbidden", cookie(LIVE), line="GET /administration/fresh"),
    "role_held_and_log_in_fresh": granted("C00", basic("adam", "right"), line="GET /administration/fresh", who="adam"),
    "scope_missing_with_a_key": refused(
        "C11", 403, "insufficient-scope", api_key("good"), line="GET /write", schemes=["APIKEY"]
    ),
    "every_scope_with_a_session": granted("C00", cookie(LIVE), line="GET /write"),
    "key_where_keys_are_not_exposed__S4_4": refused(
        "C12", 403, "not-exposed", api_key("good"), line="GET /not-for-keys"
    ),
    "key_in_the_authorization_field__S2_16": granted("C00", f"Authorization: apikey {KEYS['good']}"),
    "key_in_its_own_field__S2_16": granted("C00", api_key("good")),
    "the_same_key_in_both_fields": granted("C00", api_key("good"), f"Authorization: APIKEY {KEYS['good']}"),
    "imported_key_of_any_form": granted("C00", api_key("foreign")),
    "two_different_keys__F20": unauthorized(
        "C09", "invalid-api-key", api_key("good"), f"Authorization: APIKEY {KEYS['of_bob']}"
    ),
    "two_lines_of_keys__F20": unauthorized("C09", "invalid-api-key", api_key("good"), api_key("good")),
    "key_of_marks": unauthorized("C09", "invalid-api-key", "X-API-Key: short"),
    "key_that_is_mistyped__S2_7": unauthorized("C09", "invalid-api-key", api_key("mistyped"), down=KEY_STORE),
    "key_of_another_kind": unauthorized("C09", "invalid-api-key", f"X-API-Key: {LIVE}", down=KEY_STORE),
    "key_that_has_expired": unauthorized("C09", "expired-api-key", api_key("expired")),
    "key_of_a_disabled_account__F36": unauthorized("C09", "invalid-api-key", api_key("of_dora")),
    "key_store_down": refused("C17", 503, "unavailable", api_key("good"), down=KEY_STORE),
    "key_store_down_and_right_basic": granted("C00", api_key("good"), RIGHT, down=KEY_STORE),
    "bad_key_and_right_basic": granted("C06", api_key("unknown"), RIGHT),
    "bad_key_on_a_public_target__C02": unauthorized("C09", "invalid-api-key", api_key("unknown"), line="GET /public"),
    "bad_key_where_that_is_400__S4_2": refused(
        "C09", 400, "invalid-api-key", api_key("unknown"), line="GET /keys-are-400"
    ),
    "expired_key_where_that_is_400__S4_2": refused(
        "C09", 400, "expired-api-key", api_key("expired"), line="GET /keys-are-400"
    ),
    "bad_token_where_bad_keys_are_400__S4_2": unauthorized(
        "C09", "invalid-token", "Authorization: Bearer not-a-token", line="GET /keys-are-400"
    ),
    "key_of_a_page_of_another_origin": granted("C00", api_key("good"), *CROSS_SITE, line=_POST),
    "key_and_ntlm_on_strict__C28": refused(
        "C28", 400, "conflicting-credentials", api_key("good"), _NTLM, line="GET /strict"
    ),
    "key_by_scheme_on_strict": granted("C00", f"Authorization: APIKEY {KEYS['good']}", line="GET /strict"),
    "keys_of_two_people_on_strict__C28__F20": refused(
        "C28", 400, "conflicting-credentials", cookie(LIVE), api_key("of_bob"), line="GET /strict"
    ),
    "key_of_an_administrator": granted("C00", api_key("unscoped"), line="GET /administration", who="adam"),
    "another_user_s_place_with_a_key__C13": refused(
        "C13", 403, "not-yours", api_key("unscoped"), line="GET /roles/ann"
    ),
    "key_of_twenty_thousand_characters__C18": refused("C18", 431, "header-too-large", "X-API-Key: " + "k" * 20_000),
    "identity_without_account__S1_9": refused("C12", 403, "unknown-identity", STRANGER),
    "another_user_s_token_place__S3_4": refused("C13", 403, "not-yours", RIGHT, line="GET /tokens/bob"),
    "an_administrator_s_look_at_it__S3_4": refused(
        "C13", 403, "not-yours", basic("adam", "right"), line="GET /tokens/bob"
    ),
    "own_token_place__S3_4": granted("C00", RIGHT, line="GET /tokens/ann"),
    "roles_are_checked_with_what_was_sent_on_purpose__S3_7": unauthorized(
        "C07", "invalid-credentials", cookie(LIVE), WRONG, line="GET /roles/ann", schemes=NO_BASIC
    ),
    "roles_are_checked_for_a_page_too__S3_9": unauthorized(
        "C07",
        "invalid-credentials",
        cookie(LIVE),
        WRONG,
        *OWN_PAGE,
        line="GET /roles/ann",
        schemes=NO_BASIC,
    ),
    "log_in_too_old__C15": unauthorized(
        "C15", "step-up-required", cookie(LIVE), line="GET /fresh", schemes=["Bearer", "Records-Cookie"]
    ),
    "password_alone_of_who_has_a_second_factor__C15__F28": unauthorized(
        "C15", "step-up-required", basic("faye", "right"), schemes=_STEP_UP
    ),
    "wrong_password_of_who_has_a_second_factor__C07__F28": unauthorized(
        "C07", "invalid-credentials", basic("faye", "wrong"), schemes=NO_BASIC
    ),
    "password_alone_on_a_public_target__C15__F28": unauthorized(
        "C15", "step-up-required", basic("faye", "right"), line="GET /public", schemes=_STEP_UP
    ),
    "auth_token_of_who_has_a_second_factor__C15__F28": unauthorized(
        "C15", "step-up-required", basic("faye", auth_token("faye")), schemes=_STEP_UP
    ),
    "session_of_who_gave_the_second_factor": granted("C00", cookie(OF_FAYE), who="faye"),
    "session_from_before_the_second_factor__C15__F28": unauthorized(
        "C15", "step-up-required", cookie(OF_FAYE_BY_PASSWORD), schemes=_STEP_UP
    ),
    "session_as_bearer_from_before_the_second_factor__C15__F28": unauthorized(
        "C15", "step-up-required", bearer(OF_FAYE_BY_PASSWORD), schemes=_STEP_UP
    ),
    "session_that_was_proven_nobody_knows_how__C15__F28": unauthorized(
        "C15", "step-up-required", cookie(OF_FAYE_BY_NOTHING_KNOWN), schemes=_STEP_UP
    ),
    "role_missing_with_a_second_factor_due__C12__F28": refused(
        "C12", 403, "forbidden", basic("faye", "right"), line="GET /administration"
    ),
    "hidden_from_who_has_a_second_factor_due__F28": refused(
        "C12", 404, "forbidden", basic("faye", "right"), line="GET /hidden"
    ),
    "key_of_who_has_a_second_factor": granted("C00", api_key("of_faye"), who="faye"),
    "session_and_password_of_who_gave_the_second_factor": granted(
        "C00", cookie(OF_FAYE), basic("faye", "right"), who="faye"
    ),
    "expired_session_where_that_is_403__S0_17": refused(
        "C05", 403, _ENDED, cookie(EXPIRED), line="GET /legacy", clears=True
    ),
    "preflight_with_a_cookie": refused(
        "C22",
        204,
        "preflight",
        cookie(LIVE),
        "Origin: https://app.example",
        "Access-Control-Request-Method: POST",
        line="OPTIONS /records/1",
    ),
    "authorization_field_too_large__F10": refused("C18", 431, "header-too-large", basic("ann", "x" * 20_000)),
    "cookie_field_too_large__F10": refused("C18", 431, "header-too-large", cookie("x" * 20_000)),
    "target_that_no_rule_names": unauthorized("C03", "authentication-required", line="GET /unheard-of"),
}


def _check(walk: Walk, answer: Answered) -> None:
    assert (answer.cell, answer.status, answer.code) == (walk.cell, walk.status, walk.code)
    assert answer.schemes == walk.schemes
    assert answer.clears_cookie == walk.clears
    subject = None if answer.decision.principal is None else answer.decision.principal.subject
    if walk.status is None:
        assert subject == walk.who
    assert bool(answer.lines("Retry-After")) == (walk.status in (429, 503))
    assert answer.lines("Location") == ([b"/ui/login"] if walk.status == 303 else [])


_IDS = [f"{walk.cell}-{name}" for name, walk in WALKED.items()]


@pytest.mark.parametrize("walk", WALKED.values(), ids=_IDS)
def test_walked_through(walk: Walk) -> None:
    _check(walk, answered(received(walk.line, *walk.fields), Stores(walk.down)))


@pytest.mark.parametrize("walk", WALKED.values(), ids=_IDS)
def test_walked_through_under_asyncio(walk: Walk) -> None:
    request = received(walk.line, *walk.fields)

    async def drive() -> Answered:
        with ThreadPoolExecutor(1) as pool:
            space, decision = await arun(steps(request), Stores(walk.down).answers(), pool, patience=60)
        return told(decision, request, space)

    _check(walk, asyncio.run(drive()))


# --- cleartext -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "fields", "code"),
    [
        ("GET /records/1", (), "tls-required"),
        ("GET /records/1", (RIGHT,), "tls-required"),
        ("GET /public", (RIGHT,), "tls-required"),
        ("GET /public", (_NTLM,), "tls-required"),
        ("GET /public", (f"Cookie: watchword={LIVE}",), "tls-required"),
        ("GET /public", (), None),
    ],
)
def test_over_cleartext_credentials_are_refused_unseen__C14__S2_9(
    line: str, fields: tuple[str, ...], code: str | None
) -> None:
    stores = Stores()
    answer = answered(received(line, *fields, peer=Peer("198.51.100.7")), stores)
    assert (answer.code, answer.schemes, stores.asked) == (code, [], [])
    assert answer.status == (None if code is None else 403)


# --- hidden targets ------------------------------------------------------------------------------------------------

_SHOWN = {"C10", "C17", "C18", "C22"}


@pytest.mark.parametrize("walk", WALKED.values(), ids=_IDS)
def test_a_hidden_target_is_a_404_but_for_c10_c17_and_c18__S1_8(walk: Walk) -> None:
    method, path = walk.line.split(" ")
    hidden = path if ".." in path else path.replace(path.partition("?")[0], "/hidden")
    request = received(f"{method} {hidden}", *walk.fields)
    answer = answered(request, Stores(walk.down))
    if answer.status is None:
        assert answer.decision.principal is not None
        assert "admin" in answer.decision.principal.roles
    elif answer.cell not in _SHOWN:
        true = not_found(request, SPACE)
        assert (answer.status, answer.fields, answer.body) == (true.status, true.fields, true.body)
    else:
        assert answer.status == {"C10": 400, "C17": 503, "C18": 431, "C22": 204}[answer.cell]


# --- what the walk says beyond the answer ----------------------------------------------------------------------------


def test_where_the_session_decides_no_password_is_checked__S0_1() -> None:
    stores = Stores()
    assert answered(received("GET /records/1", cookie(LIVE), WRONG), stores).cell == "C00"
    assert {type(question) for question in stores.asked} == {FindSession, TouchSession}


@pytest.mark.parametrize("name", ["preflight_with_a_cookie", "two_authorization_lines__F20", "ambiguous_path__F22"])
def test_what_the_request_alone_decides_asks_nobody(name: str) -> None:
    walk, stores = WALKED[name], Stores()
    answered(received(walk.line, *walk.fields), stores)
    assert stores.asked == []


def test_a_wrong_password_at_log_in_from_a_page_provokes_no_pop_up__C07__S0_4() -> None:
    request = received("POST /login", *OWN_PAGE)
    decision = run(prove(Password("ann", Secret("wrong")), request, SPACE, NOW), Stores().answers())
    answer = told(decision, request, SPACE)
    assert (answer.cell, answer.status, answer.code) == ("C07", 401, "invalid-credentials")
    assert answer.schemes == ["Records-Cookie"]


def test_a_right_password_sent_by_a_foreign_page_logs_nobody_in__C14__F27() -> None:
    request = received("POST /login", *CROSS_SITE)
    decision = run(prove(Password("ann", Secret("right")), request, SPACE, NOW), Stores().answers())
    assert told(decision, request, SPACE).code == "csrf"


_REFUSED_PASSWORDS = {
    "unknown_user": basic("nobody", "wrong"),
    "wrong_password": basic("ann", "wrong"),
    "disabled_account": basic("dora", "right"),
    "disabled_account_and_wrong_password": basic("dora", "wrong"),
    "empty_user": basic("", "wrong"),
}


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_who_was_refused_and_why_shows_in_no_byte__C07__S0_14__F30(accept: str) -> None:
    seen = set()
    for number, line in enumerate(_REFUSED_PASSWORDS.values()):
        request_id = f"{number:016}"
        answer = answered(received("GET /records/1", line, f"Accept: {accept}"), request_id=request_id)
        known = request_id.encode()
        fields = [(name, value.replace(known, b"<id>")) for name, value in answer.fields]
        seen.add((answer.status, repr(fields), answer.body.replace(known, b"<id>")))
        assert answer.body.count(known) == 1
    assert len(seen) == 1


def test_a_throttled_password_is_answered_alike_right_or_wrong__C16() -> None:
    right, wrong = (answered(received("GET /records/1", basic("held", word))) for word in ("right", "wrong"))
    assert (right.status, right.fields, right.body) == (wrong.status, wrong.fields, wrong.body)
    assert right.lines("Retry-After") == [b"30"]


def test_the_second_wrong_basic_gets_the_same_answer_with_its_diagnostics__S0_12() -> None:
    first, second = (answered(received("GET /records/1", WRONG)) for _ in range(2))
    assert (first.status, first.fields, first.body) == (second.status, second.fields, second.body)
    assert re.search(rb'"detail":"[A-Z][^"]+\."', first.body)
