"""What a provider's answer means, and what is answered for it: every status, every configuration (S1.2 to S1.6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.cells import CELLS
from watchword.core.decision import Refused
from watchword.core.third_party_answers import (
    LONGEST_WAIT,
    SHORTEST_WAIT,
    CheckRules,
    Down,
    Invalid,
    Limited,
    Meaning,
    MemberRules,
    NoAnswerKind,
    NoProviderAnswer,
    ProviderAnswer,
    ScopeMissing,
    Statuses,
    Unclear,
    Valid,
    meaning,
    status_of,
    stored,
    submitted,
)
from watchword.http.statuses import ASSIGNED

NOW = 1_790_000_000.0
RULES = CheckRules()
KINDS: tuple[NoAnswerKind, ...] = get_args(NoAnswerKind)
EVERY_STATUSES = [
    Statuses(rejected=rejected, stored=kept) for rejected in CELLS["C19"].options for kept in CELLS["C20"].options
]
DOORS = (submitted, stored)
Door = Callable[[Meaning, Statuses, str], Refused | None]

HARMFUL = (
    (b"www-authenticate", b'Basic realm="provider"'),
    (b"proxy-authenticate", b'Basic realm="provider"'),
    (b"set-cookie", b"provider=1"),
)


def kind_of(status: int) -> type[object]:
    """What a status means where nothing is configured, as the catalogue says it."""
    if 200 <= status <= 299:
        return Valid
    return {401: Invalid, 403: ScopeMissing, 429: Limited}.get(status, Unclear)


@pytest.mark.parametrize("door", DOORS, ids=["submitted", "stored"])
@pytest.mark.parametrize("statuses", EVERY_STATUSES, ids=lambda each: f"{each.rejected}-{each.stored}")
def test_no_answer_of_a_provider_is_told_as_ours__S1_2__S1_3__S1_6__S1_10__C19__C20__C21(
    door: Door, statuses: Statuses
) -> None:
    for status in range(100, 600):
        meant = meaning(ProviderAnswer(status, HARMFUL, b'{"id": 1}'), RULES, NOW)
        assert type(meant) is kind_of(status)
        refused = door(meant, statuses, "acme")
        if refused is None:
            assert 200 <= status <= 299
            continue
        assert refused.status in ASSIGNED
        assert refused.status not in (401, 407)
        assert refused.challenges == ()
        assert refused.members == {"provider": "acme", "provider_status": status}
        assert (
            refused.status
            == {
                "C19": statuses.rejected,
                "C20": statuses.stored,
                "C21": 503 if status == 429 else 502,
            }[refused.cell]
        )


@pytest.mark.parametrize(
    ("door", "status", "cell", "code"),
    [
        (submitted, 401, "C19", "third-party-credential-rejected"),
        (submitted, 403, "C19", "third-party-scope-missing"),
        (stored, 401, "C20", "third-party-credential"),
        (stored, 403, "C20", "third-party-scope-missing"),
        *((door, 500, "C21", "third-party-unavailable") for door in DOORS),
        *((door, 429, "C21", "third-party-limited") for door in DOORS),
        *((door, 302, "C21", "third-party-unavailable") for door in DOORS),
        *((door, 407, "C21", "third-party-unavailable") for door in DOORS),
    ],
)
def test_every_refusal_has_its_cell_and_code__S1_2__S1_4(door: Door, status: int, cell: str, code: str) -> None:
    refused = door(meaning(ProviderAnswer(status), RULES, NOW), Statuses(), "acme")
    assert refused is not None
    assert (refused.cell, refused.code) == (cell, code)
    assert refused.detail
    assert (refused.retry_after is None) == (cell != "C21")


@pytest.mark.parametrize("door", DOORS, ids=["submitted", "stored"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_is_502_504_or_503_with_retry_after__S1_4__C21(door: Door, kind: NoAnswerKind) -> None:
    refused = door(meaning(NoProviderAnswer(kind), RULES, NOW), Statuses(), "acme")
    assert refused is not None
    expected = {"timeout": 504, "busy": 503, "open-circuit": 503}.get(kind, 502)
    assert (refused.cell, refused.status) == ("C21", expected)
    assert refused.retry_after is not None
    assert refused.members == {"provider": "acme", "provider_status": None}
    assert refused.reasons == (f"acme: {kind}",)


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        (b"7", 7),
        (b"0", 1),
        (b"99999999999", LONGEST_WAIT),
        (b"Mon, 21 Sep 2026 14:14:20 GMT", 60),
        (b"Mon, 21 Sep 2020 14:14:20 GMT", 1),
        (b"soon", 30),
        (b"-3", 30),
        (b"", 30),
        ("７".encode(), 30),
    ],
)
def test_retry_after_is_bounded__S1_4(said: bytes, waited: int) -> None:
    assert meaning(ProviderAnswer(429, ((b"Retry-After", said),)), RULES, NOW) == Limited(waited, 429)


def test_an_overloaded_provider_limits_us_where_it_says_for_how_long__S1_4() -> None:
    assert meaning(ProviderAnswer(503, ((b"retry-after", b"9"),)), RULES, NOW) == Limited(9, 503)
    assert meaning(ProviderAnswer(503), RULES, NOW) == Unclear(503)


def test_what_statuses_mean_can_be_said_of_each_provider() -> None:
    rules = CheckRules(
        valid=frozenset((200, 404)),
        invalid=frozenset((400,)),
        scope_missing=frozenset(),
        limited=frozenset((420,)),
    )
    told = [meaning(ProviderAnswer(status), rules, NOW) for status in (404, 204, 400, 401, 403, 420)]
    assert told == [Valid(404), Unclear(204), Invalid(400), Unclear(401), Unclear(403), Limited(30, 420)]


PLAIN = MemberRules(name="ok")
SLACK = MemberRules(
    name="ok",
    reason="error",
    invalid=frozenset(("invalid_auth", "token_revoked")),
    scope_missing=frozenset(("missing_scope",)),
    limited=frozenset(("ratelimited",)),
)


@pytest.mark.parametrize(
    ("rules", "content", "meant"),
    [
        (PLAIN, b'{"ok": true}', Valid(200)),
        (PLAIN, b'{"ok": false}', Invalid(200)),
        (PLAIN, b'{"ok": "true"}', Unclear(200)),
        (PLAIN, b'{"ok": 1}', Unclear(200)),
        (PLAIN, b"{}", Unclear(200)),
        (PLAIN, b"[true]", Unclear(200)),
        (PLAIN, b'{"ok": true', Unclear(200)),
        (PLAIN, b'{"ok": true, "ok": false}', Unclear(200)),
        (PLAIN, b"<!doctype html>", Unclear(200)),
        (SLACK, b'{"ok": true, "error": "invalid_auth"}', Valid(200)),
        (SLACK, b'{"ok": false, "error": "token_revoked"}', Invalid(200)),
        (SLACK, b'{"ok": false, "error": "missing_scope"}', ScopeMissing(200)),
        (SLACK, b'{"ok": false, "error": "ratelimited"}', Limited(30, 200)),
        (SLACK, b'{"ok": false, "error": "internal_error"}', Unclear(200)),
        (SLACK, b'{"ok": false, "error": ["invalid_auth"]}', Unclear(200)),
        (SLACK, b'{"ok": false}', Unclear(200)),
    ],
)
def test_a_member_tells_where_every_status_is_200(rules: MemberRules, content: bytes, meant: Meaning) -> None:
    assert meaning(ProviderAnswer(200, (), content), CheckRules(member=rules), NOW) == meant


@pytest.mark.parametrize(
    ("content", "any_content", "meant"),
    [
        (b"", False, Valid(200)),
        (b'{"id": 1}', False, Valid(200)),
        (b'"ann"', False, Valid(200)),
        (b"<!doctype html><title>Log in</title>", False, Unclear(200)),
        (b'{"id": 1', False, Unclear(200)),
        (b"\xff", False, Unclear(200)),
        (b"OK", False, Unclear(200)),
        (b"OK", True, Valid(200)),
    ],
)
def test_a_page_in_the_place_of_the_answer_verifies_nothing__S1_1__S1_3(
    content: bytes, any_content: bool, meant: Meaning
) -> None:
    assert meaning(ProviderAnswer(200, (), content), CheckRules(any_content=any_content), NOW) == meant


def test_a_status_that_is_clear_needs_no_member() -> None:
    assert meaning(ProviderAnswer(401, (), b'{"ok": true}'), CheckRules(member=PLAIN), NOW) == Invalid(401)


ANSWERS = st.one_of(
    st.builds(
        ProviderAnswer,
        st.integers(100, 599),
        st.lists(
            st.tuples(
                st.sampled_from((b"retry-after", b"Retry-After", b"www-authenticate", b"set-cookie")),
                st.one_of(st.binary(max_size=40), st.integers().map(lambda number: str(number).encode())),
            ),
            max_size=3,
        ).map(tuple),
        st.one_of(
            st.binary(max_size=60),
            st.dictionaries(st.sampled_from(("ok", "error")), st.one_of(st.booleans(), st.text(), st.none())).map(
                lambda value: json.dumps(value).encode()
            ),
        ),
    ),
    st.builds(NoProviderAnswer, st.sampled_from(KINDS), st.none() | st.integers()),
)


@given(
    answer=ANSWERS,
    member=st.sampled_from((None, PLAIN, SLACK)),
    door=st.sampled_from(DOORS),
    statuses=st.sampled_from(EVERY_STATUSES),
)
def test_whatever_comes_is_told_in_one_of_our_ways__S1_3(
    answer: ProviderAnswer | NoProviderAnswer, member: MemberRules | None, door: Door, statuses: Statuses
) -> None:
    meant = meaning(answer, CheckRules(member=member), NOW)
    if isinstance(meant, Limited | Down):
        assert SHORTEST_WAIT <= meant.retry_after <= LONGEST_WAIT
    refused = door(meant, statuses, "acme")
    assert (refused is None) == isinstance(meant, Valid)
    if refused is not None:
        assert refused.status in (403, 400, 422, 424, 502, 503, 504)
        assert refused.challenges == ()
        assert refused.members == {"provider": "acme", "provider_status": status_of(meant)}
        assert isinstance(refused.cell, str)
