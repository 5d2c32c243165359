"""Every real mechanism beside every other: which credentials decide, when they conflict, and what never merges (F20).

Who adds a mechanism adds a line of right credentials, and one of wrong ones, of two users.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from typing import Final

import pytest

from tests.table.real import (
    EVERY_MECHANISM,
    KEYS,
    LIVE,
    OF_BOB,
    UNKNOWN,
    answered,
    api_key,
    auth_key,
    auth_token,
    basic,
    bearer,
    certificate,
    cookie,
    couchdb_cookie,
    digest,
    in_url,
    protection,
    received,
    signed,
    target_with,
    told_by_proxy,
    told_to_couchdb,
)
from watchword.core.mechanism import Ambient

PROTECTED: Final = protection(EVERY_MECHANISM)
Lines = Callable[[str], tuple[str, ...]]

RIGHT: Final[dict[str, Lines]] = {
    "session": lambda target: (cookie(LIVE),),
    "bearer": lambda target: (bearer(LIVE),),
    "api-key": lambda target: (api_key("good"),),
    "auth-token": lambda target: (basic("ann", auth_token("ann")),),
    "basic": lambda target: (basic("ann", "right"),),
    "digest": lambda target: (digest("ann", "right", target=target),),
    "signed-request": lambda target: signed("good", target=target),
    "auth-key": lambda target: (auth_key("good"),),
    "url-session": lambda target: (in_url("sid", LIVE),),
    "url-key": lambda target: (in_url("api_key", KEYS["good"]),),
    "client-certificate": lambda target: (certificate("ann"),),
    "proxy-header": lambda target: told_by_proxy("ann"),
    "couchdb-proxy": lambda target: told_to_couchdb("ann"),
    "couchdb": lambda target: (couchdb_cookie("ann"),),
}
OF_SOMEBODY_ELSE: Final[dict[str, Lines]] = {
    "session": lambda target: (cookie(OF_BOB),),
    "bearer": lambda target: (bearer(OF_BOB),),
    "api-key": lambda target: (api_key("of_bob"),),
    "basic": lambda target: (basic("bob", "right"),),
    "digest": lambda target: (digest("bob", "right", target=target),),
    "signed-request": lambda target: signed("of_bob", target=target),
    "auth-key": lambda target: (auth_key("of_bob"),),
    "url-session": lambda target: (in_url("sid", OF_BOB),),
    "url-key": lambda target: (in_url("api_key", KEYS["of_bob"]),),
    "client-certificate": lambda target: (certificate("of_bob"),),
    "proxy-header": lambda target: told_by_proxy("bob"),
    "couchdb-proxy": lambda target: told_to_couchdb("bob"),
    "couchdb": lambda target: (couchdb_cookie("bob"),),
}
WRONG: Final[dict[str, Lines]] = {
    "session": lambda target: (cookie(UNKNOWN),),
    "bearer": lambda target: (bearer(UNKNOWN),),
    "api-key": lambda target: (api_key("unknown"),),
    "auth-token": lambda target: (basic("bob", auth_token("ann")),),
    "basic": lambda target: (basic("ann", "wrong"),),
    "digest": lambda target: (digest("ann", "wrong", target=target),),
    "signed-request": lambda target: signed("good", target=target, secret="wrong"),
    "auth-key": lambda target: (auth_key("stolen"),),
    "url-session": lambda target: (in_url("sid", UNKNOWN),),
    "url-key": lambda target: (in_url("api_key", KEYS["unknown"]),),
    "client-certificate": lambda target: (certificate("expired"),),
    "proxy-header": lambda target: told_by_proxy("ann", b"wrong"),
    "couchdb-proxy": lambda target: told_to_couchdb("ann", age=65),
    "couchdb": lambda target: (couchdb_cookie("ann", age=600),),
}
ORDER: Final = [mechanism.name for mechanism in EVERY_MECHANISM.mechanisms if mechanism.name != "stranger"]


def by_authorization(lines: tuple[str, ...]) -> bool:
    return any(line.startswith("Authorization:") for line in lines)


def beside(target: str, one: Lines, other: Lines) -> tuple[str, ...] | None:
    """The lines of both, where they can stand in one request."""
    asked = target_with(target, *one(target), *other(target))
    lines = one(asked), other(asked)
    return None if all(map(by_authorization, lines)) else (*lines[0], *lines[1])


def test_every_mechanism_has_its_lines() -> None:
    assert sorted(RIGHT) == sorted(WRONG) == sorted(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_right_credentials_pass_and_wrong_ones_do_not__C00__C05__C07__C09(name: str) -> None:
    passed = answered(received("GET /records/1", *RIGHT[name]("/records/1")), protected=PROTECTED)
    assert (passed.cell, passed.decision.principal and passed.decision.principal.subject) == ("C00", "ann")
    refused = answered(received("GET /records/1", *WRONG[name]("/records/1")), protected=PROTECTED)
    assert refused.cell == {"session": "C05", "couchdb": "C05", "basic": "C07", "digest": "C07"}.get(name, "C09")


@pytest.mark.parametrize(("one", "other"), list(permutations(ORDER, 2)), ids="-".join)
def test_the_first_that_is_accepted_decides__C00__C06(one: str, other: str) -> None:
    target = "/records/1"
    first = min(one, other, key=ORDER.index)
    lines = beside(target, RIGHT[one], RIGHT[other])
    if lines is not None:
        answer = answered(received(f"GET {target}", *lines), protected=PROTECTED)
        assert answer.cell == "C00"
        assert answer.decision.by is not None
        assert answer.decision.by.mechanism.name == first
    lines = beside(target, RIGHT[one], WRONG[other])
    if lines is not None:
        answer = answered(received(f"GET {target}", *lines), protected=PROTECTED)
        assert answer.cell == ("C00" if first == one else "C06")
        assert answer.clears_cookie == (first == other and other in ("session", "couchdb"))


@pytest.mark.parametrize(("one", "other"), list(permutations(ORDER, 2)), ids="-".join)
def test_what_was_sent_on_purpose_decides_alone_where_that_is_checked(one: str, other: str) -> None:
    target = "/roles/ann"
    deliberate = {m.name for m in EVERY_MECHANISM.mechanisms if m.ambient is not Ambient.ALWAYS}
    lines = beside(target, RIGHT[one], WRONG[other])
    if lines is not None:
        answer = answered(received(f"GET {target}", *lines), protected=PROTECTED)
        if one in deliberate or other not in deliberate:
            assert answer.cell in ("C00", "C06")
        else:
            assert answer.status == 401, "a session does not stand in for wrong credentials"


@pytest.mark.parametrize(("one", "other"), list(permutations(ORDER, 2)), ids="-".join)
def test_a_strict_target_takes_no_two_that_disagree__C28(one: str, other: str) -> None:
    agreed = beside("/strict", RIGHT[one], RIGHT[other])
    if agreed is not None:
        assert answered(received("GET /strict", *agreed), protected=PROTECTED).cell == "C00"
    conflicts = [WRONG[other], *([OF_SOMEBODY_ELSE[other]] if other in OF_SOMEBODY_ELSE else [])]
    for conflict in conflicts:
        lines = beside("/strict", RIGHT[one], conflict)
        if lines is not None:
            assert answered(received("GET /strict", *lines), protected=PROTECTED).cell == "C28"


@pytest.mark.parametrize(("one", "other"), list(product(ORDER, repeat=2)), ids="-".join)
def test_two_authorization_lines_never_merge__C10__F20(one: str, other: str) -> None:
    target = "/records/1"
    lines = (*RIGHT[one](target), *RIGHT[other](target))
    if sum(line.startswith("Authorization:") for line in lines) == 2:
        answer = answered(received(f"GET {target}", *lines), protected=PROTECTED)
        assert (answer.cell, answer.status) == ("C10", 400)
