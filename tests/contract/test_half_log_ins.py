"""Log-ins that are no sessions yet, in every storage: finished once, unless they ended before, as sessions do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.contract.storages import ANN, NOW, session_of
from tests.contract.test_linked import add, identity_of
from watchword.core.linked import LinkedLogIn
from watchword.core.questions import (
    CleanUp,
    EndHalfLogIns,
    EndLinkedIdentities,
    EndLinkedSessions,
    Finish,
    FinishLogIn,
    SpendOnce,
    StartSession,
)
from watchword.core.second_factor import TIME_FOR_SECOND_STEP
from watchword.storage import Storage

ISSUER, OTHER = "https://id.example", "https://other.example"
LONE_SURROGATE = "s\ud800"
BY_SID, BY_NONE = LinkedLogIn(ISSUER, "s1"), LinkedLogIn(ISSUER)


def half(
    subject: str = "ann", linked: LinkedLogIn | None = None, *, began_at: float = NOW, id: bytes = b"id"
) -> FinishLogIn:
    return FinishLogIn(
        id=id, subject=subject, linked=linked, expires_at=began_at + TIME_FOR_SECOND_STEP, until=NOW + 600
    )


ENDED = [
    (EndHalfLogIns("ann", NOW), half()),
    (EndHalfLogIns("ann", NOW), half(linked=BY_SID)),
    (EndHalfLogIns(None, NOW), half()),
    (EndHalfLogIns(None, NOW), half("bob", BY_NONE)),
    (EndHalfLogIns(LONE_SURROGATE, NOW), half(LONE_SURROGATE)),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half(linked=BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half(linked=BY_NONE)),
    (EndLinkedSessions(ISSUER, NOW, sid="s1"), half("bob", BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, sid="s1", account="ann"), half(linked=BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, sid=LONE_SURROGATE), half(linked=LinkedLogIn(ISSUER, LONE_SURROGATE))),
]
LEFT = [
    (EndHalfLogIns("ann", NOW), half("bob")),
    (EndHalfLogIns("ann", NOW), half(began_at=NOW + 0.001)),
    (EndHalfLogIns("all", NOW), half()),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half()),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half(linked=LinkedLogIn(OTHER, "s1"))),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half("bob", BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, account="ann"), half(linked=BY_SID, began_at=NOW + 0.001)),
    (EndLinkedSessions(ISSUER, NOW, sid="s1"), half(linked=BY_NONE)),
    (EndLinkedSessions(ISSUER, None, sid="s1"), half(linked=BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, sid="s2"), half(linked=BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, sid="s1", account="bob"), half(linked=BY_SID)),
    (EndLinkedSessions(ISSUER, NOW, sid="s1", account="ann"), half(linked=BY_NONE)),
]


def end(storage: Storage, question: EndHalfLogIns | EndLinkedSessions) -> None:
    if isinstance(question, EndHalfLogIns):
        storage.end_half_log_ins(question)
    else:
        storage.linked.end_sessions(question)


@pytest.mark.parametrize(("question", "log_in"), ENDED, ids=str)
def test_what_was_ended_is_finished_by_nobody__F28__S2_40(
    populated: Storage, question: EndHalfLogIns, log_in: FinishLogIn
) -> None:
    end(populated, question)
    assert populated.finish_log_in(log_in) is Finish.ENDED
    assert populated.finish_log_in(log_in) is Finish.ENDED


@pytest.mark.parametrize(("question", "log_in"), LEFT, ids=str)
def test_what_is_another_s_or_began_later_is_left(
    populated: Storage, question: EndHalfLogIns, log_in: FinishLogIn
) -> None:
    end(populated, question)
    assert populated.finish_log_in(log_in) is Finish.DONE
    assert populated.finish_log_in(log_in) is Finish.TWICE


def test_an_end_is_never_taken_back_by_an_earlier_one__F8(populated: Storage) -> None:
    populated.end_half_log_ins(EndHalfLogIns("ann", NOW))
    populated.end_half_log_ins(EndHalfLogIns("ann", NOW - 60))
    assert populated.finish_log_in(half()) is Finish.ENDED
    populated.end_half_log_ins(EndHalfLogIns("ann", NOW + 60))
    assert populated.finish_log_in(half(began_at=NOW + 60)) is Finish.ENDED


def test_an_end_is_remembered_for_as_long_as_it_matters(populated: Storage) -> None:
    populated.end_half_log_ins(EndHalfLogIns("ann", NOW))
    populated.clean_up(CleanUp(NOW + TIME_FOR_SECOND_STEP - 0.001))
    assert populated.finish_log_in(half()) is Finish.ENDED


def test_many_who_finish_at_once_finish_once__F3(populated: Storage) -> None:
    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(populated.finish_log_in, [half()] * 16))
    assert sorted(each.value for each in told) == ["done", *["twice"] * 15]


def test_an_identity_takes_the_log_ins_along_that_began_by_it__S2_40(populated: Storage) -> None:
    add(populated, identity_of("ann"))
    assert populated.linked.end(EndLinkedIdentities("ann", NOW)) == 1
    assert populated.finish_log_in(half(linked=BY_SID)) is Finish.ENDED


# --- sessions that are about to begin --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        EndLinkedSessions(ISSUER, NOW, sid="s1"),
        EndLinkedSessions(ISSUER, NOW, account="ann"),
        EndLinkedSessions(ISSUER, NOW, "s1", "ann"),
    ],
    ids=str,
)
def test_a_log_in_that_was_ended_meanwhile_begins_no_session__S2_40__F2(
    populated: Storage, question: EndLinkedSessions
) -> None:
    session = replace(session_of(ANN, "late"), linked=BY_SID, created_at=NOW)
    populated.linked.end_sessions(question)
    assert not populated.start_session(StartSession(session))
    others = [replace(session, linked=linked) for linked in (None, LinkedLogIn(OTHER, "s1"))]
    assert populated.start_session(StartSession(others[0]))
    assert populated.start_session(StartSession(replace(others[1], id="id2", fingerprint=b"2" * 32)))
    assert populated.start_session(
        StartSession(replace(session, id="id3", fingerprint=b"3" * 32, created_at=NOW + 0.001))
    )


def test_who_ends_all_sessions_of_an_account_may_spare_one_that_goes_on(populated: Storage) -> None:
    """A proof that is raised makes a new session of an old one, which has the old one's age."""
    populated.end_half_log_ins(EndHalfLogIns("ann", NOW + 60))
    session = replace(session_of(ANN, "raised"), linked=BY_SID, created_at=NOW)
    assert populated.start_session(StartSession(session))


# --- spent in the same step ------------------------------------------------------------------------------------------


def test_what_ends_them_is_spent_in_the_same_step__S2_40__F39(populated: Storage) -> None:
    spends = SpendOnce("logout-token", b"one", NOW + 600)
    question = EndLinkedSessions(ISSUER, NOW, sid="s1", spends=spends)
    with pytest.raises(ValueError, match="named"):
        populated.linked.end_sessions(replace(question, sid=None))
    assert populated.linked.end_sessions(question) == 0, "what failed has used nothing up"
    assert not populated.spend_once(spends)
    assert populated.start_session(StartSession(replace(session_of(ANN, "later"), linked=BY_SID, created_at=NOW + 1)))
    later = replace(question, at=NOW + 2)
    assert populated.linked.end_sessions(later) is None
    assert populated.finish_log_in(half(linked=BY_SID, began_at=NOW + 1)) is Finish.DONE
    assert populated.linked.end_sessions(replace(later, spends=None)) == 1


def test_one_of_many_deliveries_at_once_ends_something__S2_40__F3(populated: Storage) -> None:
    session = replace(session_of(ANN, "desk"), linked=BY_SID)
    assert populated.start_session(StartSession(session))
    question = EndLinkedSessions(ISSUER, NOW, "s1", spends=SpendOnce("logout-token", b"one", NOW + 600))
    with ThreadPoolExecutor(16) as threads:
        told = list(threads.map(populated.linked.end_sessions, [question] * 16))
    assert sorted(told, key=str) == [1, *[None] * 15]
