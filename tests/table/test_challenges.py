"""How challenges stand on the wire, and what a client can tell from them (RFC 9110 section 11.6.1, S0, S3.8)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.table.real import (
    CROSS_SITE,
    EXPIRED,
    LIVE,
    NAVIGATION,
    OWN_PAGE,
    REALM,
    SPACE,
    UNANSWERED,
    Answered,
    answered,
    api_key,
    basic,
    bearer,
    cookie,
    protection,
    received,
    speaking,
)
from watchword.core.space import Protection
from watchword.http.authentication import Challenge, parse_challenges
from watchword.mechanisms.basic import Basic
from watchword.mechanisms.session_cookie import SessionCookie

RIGHT = basic("ann", "right")
WRONG = basic("ann", "wrong")
THE_FULL_SET = [
    b'Bearer realm="Records"',
    b'Basic realm="Records", charset="UTF-8"',
    b'Records-Cookie realm="Records"',
    b'APIKEY realm="Records"',
]


def openmrs(*, scheme: str = "OpenMRS-Cookie", no_auth_challenge: str = "no-popup") -> Protection:
    """The space of the thread: sessions and Basic, and nothing else."""
    return protection(
        replace(
            SPACE,
            realm="OpenMRS",
            mechanisms=(SessionCookie("OpenMRS", scheme), Basic("OpenMRS")),
            cookie_challenge=Challenge(scheme, {"realm": "OpenMRS"}),
            no_auth_challenge="remove" if no_auth_challenge == "remove" else "no-popup",
        )
    )


OPENMRS = openmrs()


def challenges(answer: Answered) -> list[bytes]:
    return answer.lines("WWW-Authenticate")


# --- the thread ----------------------------------------------------------------------------------------------------


def test_nothing_presented_gets_both_schemes_on_two_lines__C03__S0_3() -> None:
    answer = answered(received("GET /records/1"), protected=OPENMRS)
    assert answer.status == 401
    assert challenges(answer) == [b'Basic realm="OpenMRS", charset="UTF-8"', b'OpenMRS-Cookie realm="OpenMRS"']


def test_failed_basic_withholds_its_challenge__C07__S0_4() -> None:
    answer = answered(received("GET /records/1", WRONG), protected=OPENMRS)
    assert answer.status == 401
    assert challenges(answer) == [b'OpenMRS-Cookie realm="OpenMRS"']


def test_failed_basic_is_asked_for_again_where_there_is_nothing_else__C07() -> None:
    alone = protection(replace(SPACE, mechanisms=(Basic(REALM),)))
    answer = answered(received("GET /records/1", WRONG), protected=alone)
    assert challenges(answer) == [b'Basic realm="Records", charset="UTF-8"']


def test_an_ended_session_gets_the_same_challenges_as_nothing__C05__S0_5() -> None:
    nothing = answered(received("GET /records/1"), protected=OPENMRS)
    ended = answered(received("GET /records/1", cookie(EXPIRED)), protected=OPENMRS)
    assert ended.status == 401
    assert challenges(ended) == challenges(nothing)
    assert json.loads(ended.body)["code"] == "session-expired"


@pytest.mark.parametrize("credentials", [cookie(LIVE), RIGHT, bearer(LIVE), api_key("good")])
def test_a_lacking_privilege_is_403_without_challenge_whatever_was_proven_how__C12__S0_6(credentials: str) -> None:
    answer = answered(received("GET /administration", credentials))
    assert answer.status == 403
    assert challenges(answer) == []


_MAY_RETRY = {
    "nothing": received("GET /records/1"),
    "stale_cookie": received("GET /records/1", cookie(EXPIRED)),
    "wrong_basic": received("GET /records/1", WRONG),
    "malformed_basic": received("GET /records/1", "Authorization: Basic !!!"),
    "bad_token": received("GET /records/1", "Authorization: Bearer not-a-token"),
    "too_old": received("GET /fresh", cookie(LIVE)),
}
_MUST_STOP = {
    "role_missing": received("GET /administration", RIGHT),
    "not_yours": received("GET /tokens/bob", RIGHT),
    "not_exposed": received("GET /not-for-keys", api_key("good")),
    "csrf": received("POST /records/1", cookie(LIVE), *CROSS_SITE),
}


@pytest.mark.parametrize("name", [*_MAY_RETRY, *_MUST_STOP])
def test_the_header_alone_tells_whether_to_try_again__S0_7(name: str) -> None:
    answer = answered({**_MAY_RETRY, **_MUST_STOP}[name])
    may_retry = answer.status == 401 and challenges(answer) != []
    assert may_retry == (name in _MAY_RETRY)
    assert answer.status in (401, 403)
    assert json.loads(answer.body)["status"] == answer.status  # and the body repeats it


@pytest.mark.parametrize("scheme", ["OpenMRS-Cookie", "Cookie", "x-session"])
def test_the_cookie_scheme_is_what_it_was_configured_to_be__S0_13(scheme: str) -> None:
    answer = answered(received("GET /records/1", WRONG), protected=openmrs(scheme=scheme))
    assert challenges(answer) == [f'{scheme} realm="OpenMRS"'.encode()]


@pytest.mark.parametrize("scheme", ["", "Open MRS", "Cookie,", "Cookie=1", "Кука", "Cookie\r\nX: 1", '"Cookie"'])
def test_a_cookie_scheme_that_is_no_token_is_refused_at_start_up__S0_13(scheme: str) -> None:
    with pytest.raises(ValueError, match="token"):
        openmrs(scheme=scheme)


def test_an_ended_session_can_stay_403_while_clients_migrate__C05__S0_17() -> None:
    answer = answered(received("GET /legacy", cookie(EXPIRED)))
    assert (answer.status, answer.code, challenges(answer)) == (403, "session-expired", [])
    assert answer.clears_cookie
    # RFC 9745 section 2.1: a structured-field date
    assert [re.fullmatch(rb"@[0-9]+", value) is not None for value in answer.lines("Deprecation")] == [True]


def test_nothing_else_is_announced_as_deprecated__S0_17() -> None:
    for line in ("GET /legacy", "GET /records/1"):
        assert answered(received(line)).lines("Deprecation") == []
    assert answered(received("GET /records/1", cookie(EXPIRED))).lines("Deprecation") == []
    assert answered(received("GET /legacy", WRONG)).status == 401


# --- how they are written --------------------------------------------------------------------------------------------


def test_every_challenge_has_a_line_of_its_own_with_its_realm_quoted_and_well_known_schemes_first() -> None:
    assert challenges(answered(received("GET /records/1"))) == THE_FULL_SET


def test_a_realm_may_hold_quotes_and_commas() -> None:
    realm = 'The "Records", all of them'
    space = replace(SPACE, mechanisms=(Basic(realm),))
    (line,) = challenges(answered(received("GET /records/1"), protected=protection(space)))
    assert line == rb'Basic realm="The \"Records\", all of them", charset="UTF-8"'
    assert [challenge.param("realm") for challenge in parse_challenges([line])] == [realm]


def test_two_mechanisms_of_one_scheme_are_challenged_for_once() -> None:
    assert [m.name for m in SPACE.mechanisms if m.name in ("auth-token", "basic")] == ["auth-token", "basic"]
    assert answered(received("GET /records/1")).schemes.count("Basic") == 1


def test_clients_read_back_what_was_meant() -> None:
    answer = answered(received("GET /fresh", cookie(LIVE)))
    read = parse_challenges([b", ".join(challenges(answer))])  # as a proxy may join the lines
    assert [challenge.scheme for challenge in read] == ["Bearer", "Records-Cookie"]
    assert {challenge.param("error") for challenge in read} == {"insufficient_user_authentication"}


def test_head_and_http_1_0_get_the_same_answer__S0_19() -> None:
    usual = answered(received("GET /records/1"))
    head = answered(received("HEAD /records/1"))
    bare = received("GET /records/1")
    old = answered(type(bare)("GET", bare.target, (), bare.peer, http_version="1.0"))
    for other in (head, old):
        assert (other.status, other.fields, other.body) == (usual.status, usual.fields, usual.body)


# --- error parameters ------------------------------------------------------------------------------------------------


def test_without_any_credentials_no_error_is_told__C03__S0_15() -> None:
    assert b"error" not in b"".join(challenges(answered(received("GET /records/1"))))


@pytest.mark.parametrize(
    "request_line",
    [
        ("Authorization: Bearer",),
        (bearer(LIVE), bearer(LIVE)),
        (RIGHT, bearer(LIVE)),
        ("Authorization: bearer a=1, A=2",),
    ],
)
def test_a_broken_request_that_used_bearer_is_told_so__C10__S0_15(request_line: tuple[str, ...]) -> None:
    answer = answered(received("GET /records/1", *request_line))
    assert answer.status == 400
    assert challenges(answer) == [b'Bearer realm="Records", error="invalid_request"']


@pytest.mark.parametrize("request_line", [(RIGHT, RIGHT), ("Authorization: Digest a=1, A=2",), ("Authorization:",)])
def test_a_broken_request_that_did_not_is_challenged_for_nothing__C10(request_line: tuple[str, ...]) -> None:
    answer = answered(received("GET /records/1", *request_line))
    assert (answer.status, challenges(answer)) == (400, [])


def test_a_bad_token_is_told_with_a_description__C09__S0_15() -> None:
    answer = answered(received("GET /records/1", "Authorization: Bearer not-a-token"))
    first, *others = challenges(answer)
    assert re.fullmatch(rb'Bearer realm="Records", error="invalid_token", error_description="[^"]+"', first)
    assert others == THE_FULL_SET[1:]


def test_a_bad_key_is_told_to_the_key_s_scheme_alone__C09() -> None:
    answer = answered(received("GET /records/1", api_key("unknown")))
    assert challenges(answer) == [*THE_FULL_SET[:3], b'APIKEY realm="Records", error="invalid_key"']


def test_a_missing_scope_is_told_by_the_credential_s_own_scheme__C11() -> None:
    answer = answered(received("GET /write", api_key("good")))
    assert answer.status == 403
    assert challenges(answer) == [b'APIKEY realm="Records", error="insufficient_scope", scope="write"']


def test_a_stronger_and_fresher_proof_is_asked_for_by_bearer_and_cookie__C15() -> None:
    answer = answered(received("GET /fresh", cookie(LIVE)))
    lacking = b'error="insufficient_user_authentication", acr_values="gold", max_age="600"'
    assert challenges(answer) == [
        b'Bearer realm="Records", ' + lacking,
        b'Records-Cookie realm="Records", ' + lacking,
    ]


# --- no pop-ups ---------------------------------------------------------------------------------------------------

_REFUSED = {
    "C03": ("GET /records/1", ()),
    "C04": ("GET /records/1", ("Authorization: NTLM TlRMTVNTUAABAAAA",)),
    "C05": ("GET /records/1", (cookie(EXPIRED),)),
    "C05_legacy": ("GET /legacy", (cookie(EXPIRED),)),
    "C07": ("GET /records/1", (WRONG,)),
    "C08": ("GET /records/1", ("Authorization: Basic !!!",)),
    "C09": ("GET /records/1", ("Authorization: Bearer not-a-token",)),
    "C10": ("GET /records/1", ("Authorization: Bearer",)),
    "C11": ("GET /write", (api_key("good"),)),
    "C12": ("GET /administration", (RIGHT,)),
    "C13": ("GET /roles/bob", (RIGHT,)),
    "C15": ("GET /fresh", (cookie(LIVE),)),
    "C16": ("GET /records/1", (basic("held", "right"),)),
    "C17": ("GET /records/1", (UNANSWERED,)),
    "unnamed_target": ("GET /unheard-of", ()),
    "public_target": ("GET /public", (WRONG,)),
    "tokens": ("GET /tokens/ann", ()),
}
_SPARING = protection()
_REMOVING = speaking(no_auth_challenge="remove")


def _declined(protected: Protection, line: str, fields: tuple[str, ...]) -> Iterator[Answered]:
    """The answer to each way in which a client can say that it wants no pop-up."""
    method, path = line.split(" ")
    yield answered(received(line, *fields, "No-Auth-Challenge: true"), protected=protected)
    yield answered(received(line, *fields, "No-Auth-Challenge:"), protected=protected)
    for query in ("noauthchallenge", "noauthchallenge=", "noauthchallenge=false", "page=1&noauthchallenge&x=y"):
        yield answered(received(f"{method} {path}?{query}", *fields), protected=protected)


@pytest.mark.parametrize("name", _REFUSED)
def test_no_popup_drops_what_pops_up_and_nothing_else__S3_8(name: str) -> None:
    line, fields = _REFUSED[name]
    usual = answered(received(line, *fields))
    for answer in _declined(_SPARING, line, fields):
        assert (answer.status, answer.body) == (usual.status, usual.body)
        kept = [value for value in challenges(usual) if not value.startswith(b"Basic")]
        assert challenges(answer) == kept
        assert bool(kept) or usual.status != 401  # so the 401 stays within RFC 9110 section 15.5.2


@pytest.mark.parametrize("name", _REFUSED)
def test_remove_sends_no_challenge_at_all__S3_8(name: str) -> None:
    line, fields = _REFUSED[name]
    usual = answered(received(line, *fields))
    for answer in _declined(_REMOVING, line, fields):
        assert (answer.status, answer.body) == (usual.status, usual.body)
        assert challenges(answer) == []


@pytest.mark.parametrize("name", _REFUSED)
def test_either_mode_changes_nothing_where_nobody_asked__S3_8(name: str) -> None:
    line, fields = _REFUSED[name]
    assert challenges(answered(received(line, *fields), protected=_REMOVING)) == challenges(
        answered(received(line, *fields))
    )


@pytest.mark.parametrize("query", ["noauthchallenges", "xnoauthchallenge", "q=noauthchallenge", "NOAUTHCHALLENGE"])
def test_another_parameter_declines_nothing__S3_8(query: str) -> None:
    assert challenges(answered(received(f"GET /records/1?{query}"))) == THE_FULL_SET


def test_the_cookie_scheme_is_named_where_nothing_else_is_left__S3_8() -> None:
    alone = protection(replace(SPACE, mechanisms=(Basic(REALM),)))
    answer = answered(received("GET /records/1", "No-Auth-Challenge: 1"), protected=alone)
    assert challenges(answer) == [b'Records-Cookie realm="Records"']


def test_scripts_are_spared_pop_ups_unless_the_space_says_otherwise__S3_8() -> None:
    request = received("GET /records/1", *OWN_PAGE)
    assert "Basic" not in answered(request).schemes
    assert "Basic" in answered(request, protected=speaking(fetch_spares_popups=False)).schemes
    assert "Basic" in answered(received("GET /records/1", *NAVIGATION)).schemes


def test_a_script_alone_never_has_all_challenges_removed__S3_8() -> None:
    answer = answered(received("GET /records/1", *OWN_PAGE), protected=_REMOVING)
    assert answer.schemes == ["Bearer", "Records-Cookie", "APIKEY"]


def test_pages_of_other_origins_may_send_the_field__S3_8() -> None:
    app = "https://app.example"
    request = received("OPTIONS /records/1", f"Origin: {app}", "Access-Control-Request-Method: GET")
    answer = answered(request, protected=speaking(cors=frozenset((app,))))
    (allowed,) = answer.lines("Access-Control-Allow-Headers")
    assert b"No-Auth-Challenge" in allowed.split(b", ")
