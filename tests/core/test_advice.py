"""What clients do about answers: every row is there, and no row sends people where they should not go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.advice import BY_CELL, BY_CODE, BY_STATUS, Advice, advice, nothing_was_done
from watchword.core.cells import CELLS, DETAILS
from watchword.http.authentication import parse_challenges

AGAIN = (Advice.REFRESH, Advice.LOG_IN, Advice.STEP_UP)


def test_every_cell_and_every_code_has_its_advice__S4_9() -> None:
    assert BY_CELL.keys() == CELLS.keys()
    assert BY_CODE.keys() == DETAILS.keys()


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_advises_what_its_status_means__S4_9(cell: str) -> None:
    status, told = CELLS[cell].status, BY_CELL[cell]
    if status is None or status < 300:
        assert told is Advice.PROCEED
    elif status == 401:
        assert told in AGAIN
    elif status in BY_STATUS:
        assert told is BY_STATUS[status]
    else:
        assert told is {303: Advice.LOG_IN, 502: Advice.WAIT}.get(status, Advice.STOP)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_that_may_be_configured_to_another_status_advises_the_same__S0_18(cell: str) -> None:
    statuses = {CELLS[cell].status, *CELLS[cell].options} - {None}
    assert {advice(status, (), None, cell) for status in statuses if status} <= {BY_CELL[cell]}


@pytest.mark.parametrize("cell", ["C19", "C20", "C21"])
@pytest.mark.parametrize("status", [400, 401, 403, 407, 422, 424, 429, 502, 503, 504])
def test_a_third_party_is_never_a_reason_to_log_in__C19__C20__C21(cell: str, status: int) -> None:
    assert advice(status, (), None, cell) not in AGAIN
    for code in (code for code in BY_CODE if code.startswith("third-party")):
        assert advice(status, parse_challenges(['Bearer error="invalid_token"']), code, cell) not in AGAIN


@pytest.mark.parametrize(
    ("status", "lines", "told"),
    [
        (401, (), Advice.LOG_IN),
        (401, ('Basic realm="x"', "Bearer"), Advice.LOG_IN),
        (401, ('Basic realm="x"', 'Bearer error="invalid_token"'), Advice.REFRESH),
        (401, ('Bearer error="insufficient_user_authentication"',), Advice.STEP_UP),
        (401, ('Digest realm="x", stale=true',), Advice.REFRESH),
        (403, ('Bearer error="insufficient_scope"',), Advice.STOP),
        (404, (), Advice.PROCEED),
        (407, ('Basic realm="x"',), Advice.STOP),
        (429, (), Advice.WAIT),
        (500, (), Advice.PROCEED),
        (503, (), Advice.WAIT),
    ],
)
def test_other_servers_are_read_by_status_and_challenges__S4_9(
    status: int, lines: tuple[str, ...], told: Advice
) -> None:
    assert advice(status, parse_challenges(lines)) is told
    assert advice(status, parse_challenges(lines), "a-code-of-theirs", "X1") is told


def test_a_code_says_more_than_its_cell__C09() -> None:
    assert advice(401, (), "expired-token", "C09") is Advice.REFRESH
    assert advice(401, (), "invalid-api-key", "C09") is Advice.LOG_IN
    assert advice(401, (), "nobody-knows", "C09") is Advice.REFRESH


def test_what_only_proxies_take_is_none_of_our_business__C25() -> None:
    assert advice(407, (), "invalid-credentials", "C25") is Advice.STOP


def test_a_request_was_carried_out_or_not__C16__C17__C21() -> None:
    assert nothing_was_done(429)
    assert nothing_was_done(503, None, "C17")
    assert nothing_was_done(503, "unavailable")
    assert not nothing_was_done(503)
    assert not nothing_was_done(429, "third-party-limited", "C21")
    assert not nothing_was_done(503, None, "C21")


@given(
    st.integers(100, 599),
    st.lists(st.text(max_size=60), max_size=3),
    st.none() | st.sampled_from([*BY_CODE]) | st.text(max_size=20),
    st.none() | st.sampled_from([*BY_CELL]) | st.text(max_size=4),
)
def test_the_advice_is_total__S4_9(status: int, lines: list[str], code: str | None, cell: str | None) -> None:
    told = advice(status, parse_challenges(lines), code, cell)
    assert isinstance(told, Advice)
    if status < 300:
        assert told is Advice.PROCEED
