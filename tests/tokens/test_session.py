"""A session is good until it expires, is ended, or its account changes (ASVS 7.3, 7.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.ask import AnswerFailed, Question
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.principal import Authentication
from watchword.core.questions import FindSession, FoundSession, TouchSession
from watchword.core.records import Account, Session, principal_of
from watchword.tokens.format import is_well_formed
from watchword.tokens.session import judge_session, new_session, touch_interval

FINGERPRINT = b"f" * 32
ANN = Account(name="ann", stamp="stamp-1", roles=frozenset({"clerk"}), permissions=frozenset({"read"}))
SESSION = Session(
    id="public",
    fingerprint=FINGERPRINT,
    subject="ann",
    stamp="stamp-1",
    created_at=1000.0,
    auth_time=1000.0,
    last_seen=1000.0,
    expires_at=5000.0,
    idle_timeout=1800.0,
    amr=frozenset({"pwd"}),
)
GOOD = FoundSession(SESSION, ANN)
LOST = AnswerFailed("the store is down")


def judge(answers: Sequence[object], now: float) -> tuple[Outcome, list[Question[object]]]:
    """The outcome and what was asked for it, where `answers` are had one after the other; a failure is thrown."""
    steps = judge_session(FINGERPRINT, now, mechanism="session", realm="Clinic")
    asked: list[Question[object]] = []
    try:
        asked.append(next(steps))
        for answer in answers:
            asked.append(steps.throw(answer) if isinstance(answer, AnswerFailed) else steps.send(answer))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, asked
    raise AssertionError(f"more was asked than answered: {asked}")


def test_a_good_session_proves_its_account_with_one_question__S0_1() -> None:
    outcome, asked = judge([GOOD], 1001.0)
    assert asked == [FindSession(FINGERPRINT)]
    assert isinstance(outcome, Accepted)
    principal = outcome.principal
    assert (principal.subject, principal.realm) == ("ann", "Clinic")
    assert (principal.roles, principal.permissions) == (ANN.roles, ANN.permissions)
    assert principal.scopes is None
    authentication = principal.authentication
    assert (authentication.mechanism, authentication.amr) == ("session", SESSION.amr)
    assert (authentication.auth_time, authentication.session) == (1000.0, "public")


def found(session: Session = SESSION, account: Account = ANN) -> FoundSession:
    return FoundSession(session, account)


# What is found, when it is judged, what comes of it. Expiry is at the second itself.
JUDGED = [
    pytest.param([None], 1001.0, Rejected("unknown-session"), id="unknown"),
    pytest.param([found(account=replace(ANN, disabled=True))], 1001.0, Rejected("account-disabled"), id="7_4_2-F36"),
    pytest.param([found(account=replace(ANN, stamp="2"))], 1001.0, Rejected("credentials-changed"), id="F36-password"),
    pytest.param([found(replace(SESSION, last_seen=4900.0))], 5000.0, Stale("absolute-timeout"), id="on-the-second"),
    pytest.param([GOOD], 9999.0, Stale("absolute-timeout"), id="both-timeouts"),
    pytest.param([GOOD, GOOD], 2800.0, Stale("idle-timeout"), id="idle-on-the-second"),
    pytest.param([GOOD, GOOD], 2801.0, Stale("idle-timeout"), id="idle-after"),
    pytest.param([GOOD, None], 2800.0, Rejected("unknown-session"), id="idle-here-ended-there"),
    pytest.param(
        [GOOD, found(account=replace(ANN, disabled=True))], 2800.0, Rejected("account-disabled"), id="idle-disabled"
    ),
    pytest.param(
        [GOOD, found(account=replace(ANN, stamp="2"))], 2800.0, Rejected("credentials-changed"), id="idle-changed"
    ),
]


@pytest.mark.parametrize(("answers", "now", "outcome"), JUDGED)
def test_a_session_that_is_not_good_says_why(answers: list[object], now: float, outcome: Outcome) -> None:
    assert judge(answers, now)[0] == outcome


@pytest.mark.parametrize("now", [1000.0, 1059.9])
def test_a_session_seen_a_moment_ago_is_not_written_again__S2_6(now: float) -> None:
    assert isinstance(judge([GOOD], now)[0], Accepted)


def test_the_last_moment_before_expiry_is_good() -> None:
    assert isinstance(judge([GOOD, None], 2799.999)[0], Accepted)
    assert isinstance(judge([found(replace(SESSION, last_seen=4999.0))], 4999.999)[0], Accepted)


def test_use_is_noted_once_an_interval__S2_6() -> None:
    outcome, asked = judge([GOOD, None], 1060.0)
    assert isinstance(outcome, Accepted)
    assert asked == [FindSession(FINGERPRINT), TouchSession(FINGERPRINT, 1060.0)]


def test_a_session_that_another_process_saw_is_not_idle() -> None:
    outcome, asked = judge([GOOD, found(replace(SESSION, last_seen=2790.0))], 2800.0)
    assert isinstance(outcome, Accepted)
    assert asked == [FindSession(FINGERPRINT), FindSession(FINGERPRINT, fresh=True)]


def test_a_clock_that_went_back_neither_ends_nor_touches_a_session__F8() -> None:
    outcome, asked = judge([GOOD], 500.0)
    assert isinstance(outcome, Accepted)
    assert len(asked) == 1


@pytest.mark.parametrize(("idle_timeout", "interval"), [(1800.0, 60.0), (86400.0, 60.0), (600.0, 20.0), (30.0, 1.0)])
def test_the_interval_is_short_against_the_timeout(idle_timeout: float, interval: float) -> None:
    assert touch_interval(idle_timeout) == interval


# --- the n-th answer fails (F39) -------------------------------------------------------------------------------------

RUNS = [
    pytest.param([GOOD], 1001.0, id="good"),
    pytest.param([GOOD, None], 1060.0, id="touched"),
    pytest.param([GOOD, GOOD], 2800.0, id="idle"),
    pytest.param([GOOD, found(replace(SESSION, last_seen=2700.0)), None], 2800.0, id="seen-elsewhere-and-touched"),
    pytest.param([None], 1001.0, id="unknown"),
    pytest.param([found(account=replace(ANN, disabled=True))], 1001.0, id="disabled"),
]


@pytest.mark.parametrize(("answers", "now"), RUNS)
def test_an_answer_that_fails_is_neither_yes_nor_no__C17__F39(answers: list[object], now: float) -> None:
    whole, asked = judge(answers, now)
    for n, question in enumerate(asked):
        failing = [*answers[:n], LOST]
        if isinstance(question, TouchSession):
            assert judge(failing, now)[0] == whole
        else:
            with pytest.raises(AnswerFailed):
                judge(failing, now)


# --- against a model -------------------------------------------------------------------------------------------------


@given(
    now=st.floats(0, 100),
    last_seen=st.floats(0, 100),
    expires_at=st.floats(0, 100),
    idle_timeout=st.floats(0.1, 100),
    stamp=st.sampled_from(["stamp-1", "stamp-2"]),
    disabled=st.booleans(),
)
def test_a_session_is_accepted_only_while_everything_holds(
    now: float, last_seen: float, expires_at: float, idle_timeout: float, stamp: str, disabled: bool
) -> None:
    session = replace(SESSION, last_seen=last_seen, expires_at=expires_at, idle_timeout=idle_timeout, stamp=stamp)
    subject = found(session, replace(ANN, disabled=disabled))
    touched = now - last_seen >= touch_interval(idle_timeout)
    good = not disabled and stamp == "stamp-1" and now < expires_at and now < last_seen + idle_timeout
    idle = not disabled and stamp == "stamp-1" and now < expires_at and not good
    answers = [subject, subject] if idle else [subject, None] if good and touched else [subject]
    assert isinstance(judge(answers, now)[0], Accepted) == good


def test_the_outcome_is_built_once_for_each_mechanism_and_realm() -> None:
    subject = found()
    assert subject.accepted("session", "Clinic") is subject.accepted("session", "Clinic")
    assert subject.accepted("bearer", "Clinic").principal.authentication.mechanism == "bearer"
    assert subject.accepted("session", "Ward").principal.realm == "Ward"
    assert subject == found()


# --- a new one -------------------------------------------------------------------------------------------------------


def begun(entropy: bytes = bytes(range(32))) -> tuple[Session, str]:
    proof = Authentication(mechanism="login", amr=frozenset({"pwd", "otp"}), auth_time=1000.0)
    return new_session(
        principal_of(ANN, "Clinic", proof),
        entropy,
        1000.0,
        idle_timeout=1800,
        lifetime=43200,
        address="192.0.2.7",
        user_agent="curl/8.9 " * 100,
    )


def test_a_new_session_keeps_the_tokens_fingerprint_and_not_the_token__S2_35() -> None:
    session, token = begun()
    assert is_well_formed(token, "s")
    assert session.fingerprint == hashlib.sha256(token.encode()).digest()
    assert token not in repr(session)


def test_a_new_session_begins_now_for_this_account__7_3() -> None:
    session, _ = begun()
    assert (session.subject, session.stamp) == ("ann", "stamp-1")
    assert session.created_at == session.auth_time == session.last_seen == 1000.0
    assert (session.expires_at, session.idle_expires_at) == (44200.0, 2800.0)
    assert session.amr == {"pwd", "otp"}
    assert session.address == "192.0.2.7"
    assert session.user_agent == ("curl/8.9 " * 100)[:256]
    assert session.data == {}


def test_the_public_id_tells_nothing_of_the_token() -> None:
    session, token = begun()
    assert len(session.id) == 22
    assert session.id not in token
    assert session.id != begun(entropy=bytes(32))[0].id


def test_a_new_session_is_good_at_once_and_until_it_is_idle() -> None:
    session, _ = begun()
    assert isinstance(judge([found(session)], 1000.0)[0], Accepted)
    assert judge([found(session)] * 2, 2800.0)[0] == Stale("idle-timeout")


def test_a_session_needs_all_its_entropy() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        begun(entropy=b"short")
