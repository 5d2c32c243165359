"""One table for all ways of keeping sessions (S2.12): what a client keeps is answered as what we keep ourselves."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from tests.table.real import (
    BEFORE_NEW_PASSWORD,
    CROSS_SITE,
    EVERY_MECHANISM,
    EXPIRED,
    LIVE,
    NAVIGATION,
    OF_BOB,
    OF_DORA,
    OWN_PAGE,
    SEALED,
    UNKNOWN,
    Stores,
    answered,
    api_key,
    auth_token,
    basic,
    bearer,
    cookie,
    protection,
    received,
    told_by_proxy,
)
from watchword.core.questions import FindSession

PROTECTED: Final = protection(EVERY_MECHANISM)
FATES: Final = {
    "live": LIVE,
    "expired": EXPIRED,
    "of_bob": OF_BOB,
    "of_disabled_dora": OF_DORA,
    "of_old_password": BEFORE_NEW_PASSWORD,
    "ended": UNKNOWN,
}
BESIDE: Final = {
    "nothing": (),
    "right_basic": (basic("ann", "right"),),
    "wrong_basic": (basic("ann", "wrong"),),
    "basic_of_bob": (basic("bob", "right"),),
    "malformed_basic": ("Authorization: Basic !!!",),
    "throttled_basic": (basic("held", "right"),),
    "auth_token": (basic("ann", auth_token("ann")),),
    "empty_bearer": ("Authorization: Bearer",),
    "bearer": (bearer(LIVE),),
    "ntlm": ("Authorization: NTLM TlRMTVNTUAABAAAA",),
    "key": (api_key("good"),),
    "bad_key": (api_key("unknown"),),
    "by_proxy": told_by_proxy("ann"),
}
ASKED: Final = {
    "records": ("GET /records/1",),
    "public": ("GET /public",),
    "page": ("GET /pages/1", *NAVIGATION),
    "strict": ("GET /strict",),
    "administration": ("GET /administration",),
    "fresh": ("GET /fresh",),
    "scope": ("GET /write",),
    "hidden": ("GET /hidden",),
    "legacy": ("GET /legacy",),
    "not_for_keys": ("GET /not-for-keys",),
    "roles_of_ann": ("GET /roles/ann",),
    "tokens_of_bob": ("GET /tokens/bob",),
    "cross_site_post": ("POST /records/1", *CROSS_SITE),
    "cross_site_post_to_public": ("POST /public", *CROSS_SITE),
    "own_page": ("POST /records/1", *OWN_PAGE),
    "no_popups": ("GET /records/1?noauthchallenge",),
    "preflight": ("OPTIONS /records/1", *CROSS_SITE, "Access-Control-Request-Method: POST"),
}


@pytest.mark.parametrize("form", SEALED)
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_answer_is_the_same_to_the_byte__S2_12(form: str, fate: str, carrier: str) -> None:
    carry = cookie if carrier == "cookie" else bearer
    cells: set[str] = set()
    for (where, asked), (what, beside) in product(ASKED.items(), BESIDE.items()):
        if carrier == "bearer" and any(line.startswith("Authorization:") for line in beside):
            continue
        stored, sealed = (
            answered(received(*asked, carry(token), *beside), protected=PROTECTED)
            for token in (FATES[fate], SEALED[form][FATES[fate]])
        )
        assert (sealed.cell, sealed.code) == (stored.cell, stored.code), (where, what)
        assert (sealed.status, sealed.fields, sealed.body) == (stored.status, stored.fields, stored.body), (where, what)
        assert sealed.decision.principal == stored.decision.principal, (where, what)
        cells.add(stored.cell)
    assert len(cells) > 5


@pytest.mark.parametrize("form", SEALED)
def test_two_cookies_of_the_name_are_refused_whatever_they_hold__C05__F26(form: str) -> None:
    for first, second in ((SEALED[form][LIVE], LIVE), (LIVE, SEALED[form][LIVE]), (SEALED[form][LIVE],) * 2):
        lines = f"{cookie(first)}; __Host-watchword={second}"
        answer = answered(received("GET /records/1", lines), protected=PROTECTED)
        assert (answer.cell, answer.code, answer.clears_cookie) == ("C05", "session-invalid", True)


@pytest.mark.parametrize("form", SEALED)
def test_no_bit_of_a_cookie_can_be_changed__C05__S2_10__S2_11(form: str) -> None:
    token = SEALED[form][LIVE].encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            request = received("GET /records/1")
            line = (b"cookie", b"__Host-watchword=" + bytes(changed))
            answer = answered(request.replaced(fields=(*request.fields, line)), protected=PROTECTED)
            assert (answer.cell, answer.status) == ("C05", 401), (place, bit)


def test_outage_of_the_store_is_told_as_such__C17() -> None:
    for form in SEALED:
        down = Stores(down=frozenset((FindSession,)))
        answer = answered(received("GET /records/1", cookie(SEALED[form][LIVE])), down, protected=PROTECTED)
        assert (answer.cell, answer.clears_cookie) == ("C17", False)


def test_server_that_keeps_sessions_itself_takes_none_of_these__C05() -> None:
    for form in SEALED:
        answer = answered(received("GET /records/1", cookie(SEALED[form][LIVE])))
        assert (answer.cell, answer.code) == ("C05", "session-invalid")
