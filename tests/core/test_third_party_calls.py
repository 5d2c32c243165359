"""Whatever a provider answers to a call, nobody takes it for our answer about our own credentials (S1.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.cells import CELLS
from watchword.core.decision import Refused
from watchword.core.third_party_answers import (
    CheckRules,
    MemberRules,
    NoProviderAnswer,
    ProviderAnswer,
    Statuses,
    meaning,
    stored,
    submitted,
)
from watchword.core.third_party_calls import relayed, shows_refusal
from watchword.http.message import Response
from watchword.http.relayed import Relayed
from watchword.http.statuses import ASSIGNED

NOW = 1_790_000_000.0
DEFAULT = Statuses()


def told(status: int, *fields: tuple[bytes, bytes]) -> Relayed | Refused:
    return relayed(ProviderAnswer(status, fields), DEFAULT, "github", NOW)


@pytest.mark.parametrize(
    ("status", "cell", "answered"),
    [
        (401, "C20", 403),
        (407, "C21", 502),
        (408, "C21", 502),
        (421, "C21", 502),
        (425, "C21", 502),
        (429, "C21", 503),
        (500, "C21", 502),
        (502, "C21", 502),
        (511, "C21", 502),
        (599, "C21", 502),
        (100, "C21", 502),
        (101, "C21", 502),
        (300, "C21", 502),
        (302, "C21", 502),
        (307, "C21", 502),
        (399, "C21", 502),
    ],
)
def test_what_is_not_the_answer_to_the_call_is_told_as_ours__S1_2__S1_4__C20__C21(
    status: int, cell: str, answered: int
) -> None:
    refused = told(status)
    assert isinstance(refused, Refused)
    assert (refused.cell, refused.status) == (cell, answered)
    assert refused.members == {"provider": "github", "provider_status": status}
    assert refused.challenges == ()
    assert (refused.retry_after is not None) == (cell == "C21")


@pytest.mark.parametrize(
    ("status", "answered"),
    [
        (200, 200),
        (204, 204),
        (299, 200),
        (304, 304),
        (400, 400),
        (403, 403),
        (404, 404),
        (418, 400),
        (450, 400),
        (499, 400),
    ],
)
def test_everything_else_is_told_as_theirs__S1_10(status: int, answered: int) -> None:
    answer = told(status)
    assert isinstance(answer, Relayed)
    assert answer.response().status == answered
    assert answer.response().lines(b"integration-status") == (str(status).encode(),)


def test_provider_that_wants_fewer_requests_is_heard__S1_4__C21() -> None:
    refused = told(429, (b"retry-after", b"120"))
    assert isinstance(refused, Refused)
    assert refused.retry_after == 120
    overloaded = told(503, (b"Retry-After", b"7"))
    assert isinstance(overloaded, Refused)
    assert (overloaded.status, overloaded.retry_after) == (503, 7)


@pytest.mark.parametrize(
    ("kind", "answered"),
    [
        ("timeout", 504),
        ("busy", 503),
        ("open-circuit", 503),
        ("tls", 502),
        ("unreachable", 502),
        ("too-large", 502),
        ("protocol", 502),
        ("not-permitted", 502),
    ],
)
def test_no_answer_is_told_by_its_kind__S1_4__C21(kind: str, answered: int) -> None:
    refused = relayed(NoProviderAnswer(kind), DEFAULT, "github", NOW)  # type: ignore[arg-type]  # a str from a table
    assert isinstance(refused, Refused)
    assert (refused.cell, refused.status) == ("C21", answered)
    assert refused.retry_after is not None


def test_only_a_401_shows_that_the_stored_credential_is_refused__C20() -> None:
    assert [status for status in range(100, 600) if shows_refusal(ProviderAnswer(status), NOW)] == [401]
    assert not shows_refusal(NoProviderAnswer("timeout"), NOW)


@pytest.mark.parametrize("answered", [403, 424, 502])
def test_what_we_answer_is_configured__C20(answered: int) -> None:
    refused = relayed(ProviderAnswer(401), Statuses(stored=answered), "github", NOW)
    assert isinstance(refused, Refused)
    assert refused.status == answered


# --- S1.3, for every answer there can be ------------------------------------------------------------------------------

STATUSES = st.one_of(st.integers(100, 599), st.sampled_from((401, 407)))
NAMES = st.sampled_from(
    (
        b"WWW-Authenticate",
        b"www-authenticate",
        b"Proxy-Authenticate",
        b"Set-Cookie",
        b"set-cookie",
        b"Authentication-Info",
        b"Proxy-Authentication-Info",
        b"Location",
        b"Content-Type",
        b"ETag",
        b"Retry-After",
        b"Access-Control-Allow-Origin",
        b"Clear-Site-Data",
        b"Strict-Transport-Security",
        b"Auth-Decision",
        b"Integration-Provider",
    )
)
FIELDS = st.lists(st.tuples(st.one_of(NAMES, st.binary(min_size=1, max_size=12)), st.binary(max_size=30)), max_size=6)
ANSWERS = st.one_of(
    st.builds(ProviderAnswer, STATUSES, FIELDS.map(tuple), st.binary(max_size=60)),
    st.builds(
        NoProviderAnswer,
        st.sampled_from(
            ("unreachable", "timeout", "too-large", "not-permitted", "tls", "protocol", "busy", "open-circuit")
        ),
        st.one_of(st.none(), st.integers()),
    ),
)
SOME = st.frozensets(st.integers(100, 599), max_size=8)
RULES = st.builds(
    CheckRules,
    valid=SOME,
    invalid=SOME,
    scope_missing=SOME,
    limited=SOME,
    member=st.one_of(st.none(), st.just(MemberRules(name="ok", reason="error", invalid=frozenset(("bad",))))),
)
CHOSEN = st.builds(
    Statuses, rejected=st.sampled_from(CELLS["C19"].options), stored=st.sampled_from(CELLS["C20"].options)
)

NEVER = (
    b"www-authenticate",
    b"proxy-authenticate",
    b"set-cookie",
    b"authentication-info",
    b"proxy-authentication-info",
    b"access-control-allow-origin",
    b"clear-site-data",
    b"strict-transport-security",
    b"auth-decision",
)


def assert_not_ours(told: Relayed | Refused) -> None:
    if isinstance(told, Refused):
        assert told.cell in ("C19", "C20", "C21")
        assert told.status in CELLS[told.cell].options
        assert told.challenges == ()
        assert told.clears == ()
        assert told.members["provider"] == "github"
        return
    response: Response = told.response()
    assert response.status in ASSIGNED - {401, 407, *range(100, 200), *range(500, 600)}
    assert response.status == 304 or response.status // 100 != 3
    for name in NEVER:
        assert response.lines(name) == ()
    assert response.lines(b"integration-provider") == (b"github",)
    assert all(name == name.lower() and b"\n" not in value and b"\r" not in value for name, value in response.fields)


@given(ANSWERS, CHOSEN)
def test_no_call_relays_a_401_or_407_as_ours__S1_3__C20__C21(
    answer: ProviderAnswer | NoProviderAnswer, statuses: Statuses
) -> None:
    assert_not_ours(relayed(answer, statuses, "github", NOW))


@given(ANSWERS, RULES, CHOSEN)
def test_no_submission_and_no_check_ends_in_a_401_or_407__S1_3__C19__C20__C21(
    answer: ProviderAnswer | NoProviderAnswer, rules: CheckRules, statuses: Statuses
) -> None:
    meant = meaning(answer, rules, NOW)
    for refused in (submitted(meant, statuses, "github"), stored(meant, statuses, "github")):
        if refused is not None:
            assert_not_ours(refused)
        else:
            assert isinstance(answer, ProviderAnswer)
            assert answer.status in rules.valid
