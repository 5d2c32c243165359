"""A session that its client keeps is good until it expires, is ended, or its account changes (ASVS 7.3, 7.4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest

from watchword.core.ask import AnswerFailed, Question, Steps
from watchword.core.outcome import Accepted, Outcome, Rejected, Stale
from watchword.core.questions import (
    FindSession,
    FindSessionKeys,
    FindStanding,
    FoundSession,
    RevokeToken,
    SessionKey,
    SessionKeys,
)
from watchword.core.records import SEALED, Account, Session, principal_of
from watchword.core.revocations import Standing
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.message import Peer, Request
from watchword.tokens.binding import Bindings
from watchword.tokens.sealed import Form, seal, unseal
from watchword.tokens.sealed_sessions import KEPT, SealedSessions, anchor_of

FORMS: tuple[Form, ...] = get_args(Form)
KEY, NEWER = SessionKey("one", Secret(b"k" * 32)), SessionKey("two", Secret(b"n" * 32))
KEYS = SessionKeys(KEY, (KEY,))
ANN = Account(name="ann", stamp="stamp-1", roles=frozenset({"clerk"}), permissions=frozenset({"read"}))
SESSION = Session(
    id="public",
    fingerprint=b"f" * 32,
    subject="ann",
    stamp="anchor",
    created_at=1000.0,
    auth_time=1000.0,
    last_seen=1000.0,
    expires_at=5000.0,
    idle_timeout=1800.0,
    amr=frozenset({"pwd"}),
)
ANCHOR = Session(
    id="anchor",
    fingerprint=anchor_of("ann"),
    subject="ann",
    stamp="stamp-1",
    created_at=900.0,
    auth_time=900.0,
    last_seen=1000.0,
    expires_at=1e9,
    idle_timeout=1e6,
    kind=SEALED,
)
GOOD = FoundSession(ANCHOR, ANN)
UNBOUND = Bindings()
LOST = AnswerFailed("the store is down")


def nonce(length: int) -> bytes:
    return bytes(length)


def token_of(form: Form = "encrypted", session: Session = SESSION, key: SessionKey = KEY) -> bytes:
    return seal(form, session, key, nonce).encode("ascii")


def sessions(form: Form = "encrypted", *, longest: float = 4000.0, size: int = 100) -> SealedSessions:
    return SealedSessions(form, longest=longest, entropy=nonce, size=size)


def a_request(**fields: str) -> Request:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return Request("GET", b"/", lines, Peer("127.0.0.1"))


def driven(steps: Steps[Outcome], answers: Sequence[object]) -> tuple[Outcome, list[Question[object]]]:
    """The outcome and what was asked for it, where `answers` are had one after the other; a failure is thrown."""
    asked: list[Question[object]] = []
    try:
        asked.append(next(steps))
        for answer in answers:
            asked.append(steps.throw(answer) if isinstance(answer, AnswerFailed) else steps.send(answer))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, asked
    raise AssertionError(f"more was asked than answered: {asked}")


def judge(
    answers: Sequence[object],
    now: float,
    *,
    token: bytes | None = None,
    by: SealedSessions | None = None,
    request: Request | None = None,
    bindings: Bindings = UNBOUND,
) -> tuple[Outcome, list[Question[object]]]:
    steps = (sessions() if by is None else by).judge(
        token_of() if token is None else token,
        request or a_request(),
        now,
        mechanism="session",
        realm="Clinic",
        bindings=bindings,
    )
    return driven(steps, answers)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("backend", FORMS)
def test_a_good_session_proves_its_account__S0_1__S2_10__S2_11(form: Form, backend: Form) -> None:
    """What was sealed in one form stays good where new ones are sealed in the other."""
    outcome, asked = judge([KEYS, GOOD, Standing.GOOD], 1001.0, token=token_of(form), by=sessions(backend))
    assert [type(question) for question in asked] == [FindSessionKeys, FindSession, FindStanding]
    assert asked[:2] == [FindSessionKeys("one"), FindSession(anchor_of("ann"))]
    assert isinstance(outcome, Accepted)
    principal = outcome.principal
    assert (principal.subject, principal.realm, principal.scopes) == ("ann", "Clinic", None)
    assert (principal.roles, principal.permissions, principal.stamp) == (ANN.roles, ANN.permissions, ANN.stamp)
    authentication = principal.authentication
    assert (authentication.mechanism, authentication.amr) == ("session", SESSION.amr)
    assert (authentication.auth_time, authentication.session) == (1000.0, "public")


def found(session: Session = ANCHOR, account: Account = ANN) -> FoundSession:
    return FoundSession(session, account)


OTHERS_ENDED = replace(ANCHOR, id="another")
JUDGED = [
    pytest.param([KEYS, None], 1001.0, Rejected("unknown-session"), id="all-ended"),
    pytest.param([KEYS, found(OTHERS_ENDED)], 1001.0, Rejected("unknown-session"), id="all-ended-and-others-begun"),
    pytest.param([KEYS, GOOD, Standing.REVOKED], 1001.0, Rejected("unknown-session"), id="7_4_1-logged-out"),
    pytest.param([KEYS, found(account=replace(ANN, disabled=True))], 1001.0, Rejected("account-disabled"), id="7_4_2"),
    pytest.param([KEYS, found(account=replace(ANN, stamp="2"))], 1001.0, Rejected("credentials-changed"), id="F36"),
    pytest.param([KEYS, GOOD, Standing.GOOD], 5000.0, Stale("absolute-timeout"), id="on-the-second"),
    pytest.param([KEYS, GOOD, Standing.GOOD], 9999.0, Stale("absolute-timeout"), id="both-timeouts"),
    pytest.param([KEYS, GOOD, Standing.GOOD], 2800.0, Stale("idle-timeout"), id="idle-on-the-second"),
    pytest.param([SessionKeys(NEWER, (NEWER,))], 1001.0, Rejected("unknown-session"), id="F34-key-retired"),
]


@pytest.mark.parametrize(("answers", "now", "outcome"), JUDGED)
def test_a_session_that_is_not_good_says_why(answers: list[object], now: float, outcome: Outcome) -> None:
    assert judge(answers, now)[0] == outcome


@pytest.mark.parametrize("token", [b"wws1.", b"wwe1.", b"wwe1.!!", b"wws1.one.e30.A", token_of() + b"A"])
def test_a_broken_token_is_unknown__C05(token: bytes) -> None:
    outcome, asked = judge([KEYS] if b"wwe1.A" in token else [], 1001.0, token=token)
    assert outcome == Rejected("unknown-session")
    assert len(asked) <= 1


def test_the_last_moment_before_expiry_is_good() -> None:
    seen = token_of(session=replace(SESSION, last_seen=4999.0))
    assert isinstance(judge([KEYS, GOOD, Standing.GOOD, KEYS], 2799.999)[0], Accepted)
    assert isinstance(judge([KEYS, GOOD, Standing.GOOD], 4999.999, token=seen)[0], Accepted)


def test_a_shorter_absolute_lifetime_counts_at_once_for_all() -> None:
    outcome, _ = judge([KEYS, GOOD, Standing.GOOD], 1500.0, by=sessions(longest=500.0))
    assert outcome == Stale("absolute-timeout")


def test_one_session_stays_where_the_others_of_its_account_were_ended() -> None:
    anchor = replace(ANCHOR, id="another", data={KEPT: "public"})
    assert isinstance(judge([KEYS, found(anchor), Standing.GOOD], 1001.0)[0], Accepted)
    other = token_of(session=replace(SESSION, id="other"))
    assert judge([KEYS, found(anchor)], 1001.0, token=other)[0] == Rejected("unknown-session")


@pytest.mark.parametrize("failing", range(3))
def test_an_answer_that_cannot_be_had_is_passed_on__C17__F39(failing: int) -> None:
    answers: list[object] = [KEYS, GOOD, Standing.GOOD]
    answers[failing] = LOST
    with pytest.raises(AnswerFailed):
        judge(answers[: failing + 1], 1001.0)


def test_a_clock_that_is_set_back_revives_nothing__F8() -> None:
    by = sessions()
    for now, outcome in ((2800.0, Stale("idle-timeout")), (1500.0, Stale("idle-timeout"))):
        assert judge([KEYS, GOOD, Standing.GOOD], now, by=by)[0] == outcome


def test_a_clock_that_went_back_behind_its_beginning_neither_ends_nor_renews_it__F8() -> None:
    request = a_request()
    by = sessions()
    assert isinstance(judge([KEYS, GOOD, Standing.GOOD], 500.0, by=by, request=request)[0], Accepted)
    assert by.renewal(request, "session") is None


# --- what is remembered ----------------------------------------------------------------------------------------------


def test_a_session_seen_before_is_judged_from_memory() -> None:
    by, token = sessions(), token_of()
    first, _ = judge([KEYS, GOOD, Standing.GOOD], 1001.0, by=by, token=token)
    again, asked = judge([KEYS, GOOD, Standing.GOOD], 1002.0, by=by, token=token)
    assert again is first
    assert len(asked) == 3
    assert len(by) == 1


def test_no_more_are_remembered_than_are_meant_to() -> None:
    by = sessions(size=3)
    for number in range(10):
        token = token_of(session=replace(SESSION, id=str(number)))
        judge([KEYS, GOOD, Standing.GOOD], 1001.0, by=by, token=token)
    assert len(by) == 3


def test_what_is_wrong_takes_no_place_in_memory__F16() -> None:
    by = sessions()
    for number in range(10):
        judge([KEYS], 1001.0, by=by, token=token_of()[:-1] + b"%d" % number)
    assert len(by) <= 1  # one of these endings is the true one


def test_memory_does_not_outlive_the_key__F34() -> None:
    by = sessions()
    judge([KEYS, GOOD, Standing.GOOD], 1001.0, by=by)
    assert judge([SessionKeys(NEWER, (NEWER,))], 1002.0, by=by)[0] == Rejected("unknown-session")
    forged = SessionKey("one", NEWER.secret)
    assert judge([SessionKeys(forged, (forged,))], 1003.0, by=by)[0] == Rejected("unknown-session")


def test_roles_are_those_of_the_account_now__S2_10() -> None:
    by = sessions()
    judge([KEYS, GOOD, Standing.GOOD], 1001.0, by=by)
    fewer = found(account=replace(ANN, roles=frozenset()))
    outcome, _ = judge([KEYS, fewer, Standing.GOOD], 1002.0, by=by)
    assert isinstance(outcome, Accepted)
    assert outcome.principal == principal_of(fewer.account, "Clinic", outcome.principal.authentication)
    assert outcome.principal.roles == frozenset()


# --- what is handed over ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_use_is_handed_over_once_an_interval__S2_6(form: Form) -> None:
    by, token = sessions(form), token_of(form)
    request = a_request()
    assert isinstance(judge([KEYS, GOOD, Standing.GOOD], 1059.9, by=by, token=token, request=request)[0], Accepted)
    assert by.renewal(request, "session") is None
    outcome, asked = judge([KEYS, GOOD, Standing.GOOD, KEYS], 1060.0, by=by, token=token, request=request)
    assert isinstance(outcome, Accepted)
    assert asked[-1] == FindSessionKeys()
    renewal = by.renewal(request, "session")
    assert renewal is not None
    assert unseal(renewal.token.encode(), KEY) == replace(SESSION, last_seen=1060.0)
    assert renewal.max_age == 3940
    assert by.renewal(a_request(), "session") is None
    # Parallel requests bring the old one a little longer: each gets no other answer with a token.
    again = a_request()
    assert len(judge([KEYS, GOOD, Standing.GOOD], 1061.0, by=by, token=token, request=again)[1]) == 3
    assert by.renewal(again, "session") is None
    # Where the answer was lost, the next comes an interval later.
    assert len(judge([KEYS, GOOD, Standing.GOOD, KEYS], 1120.0, by=by, token=token, request=again)[1]) == 4


def test_what_was_not_granted_is_handed_over_with_the_next_answer() -> None:
    by = sessions()
    for now in (1060.0, 1061.0):
        assert len(judge([KEYS, GOOD, Standing.GOOD, KEYS], now, by=by)[1]) == 4


def test_one_carrier_is_not_handed_what_another_brought() -> None:
    by, request = sessions(), a_request()
    judge([KEYS, GOOD, Standing.GOOD, KEYS], 1060.0, by=by, request=request)
    assert by.renewal(request, "bearer") is None


def test_a_renewed_one_is_sealed_with_the_newest_key__F34() -> None:
    by, request = sessions(), a_request()
    judge([KEYS, GOOD, Standing.GOOD, SessionKeys(NEWER, (KEY, NEWER))], 1060.0, by=by, request=request)
    renewal = by.renewal(request, "session")
    assert renewal is not None
    assert unseal(renewal.token.encode(), NEWER) == replace(SESSION, last_seen=1060.0)


def test_one_that_stayed_hangs_on_the_present_anchor_once_it_is_renewed() -> None:
    by, request = sessions(), a_request()
    anchor = found(replace(ANCHOR, id="another", data={KEPT: "public"}))
    judge([KEYS, anchor, Standing.GOOD, KEYS], 1060.0, by=by, request=request)
    renewal = by.renewal(request, "session")
    assert renewal is not None
    told = unseal(renewal.token.encode(), KEY)
    assert told is not None
    assert told.stamp == "another"


def test_use_that_cannot_be_handed_over_refuses_nobody__F39() -> None:
    outcome, _ = judge([KEYS, GOOD, Standing.GOOD, LOST], 1060.0)
    assert isinstance(outcome, Accepted)


def test_an_idle_session_is_not_renewed__S2_6() -> None:
    request, by = a_request(), sessions()
    assert judge([KEYS, GOOD, Standing.GOOD], 2800.0, by=by, request=request)[0] == Stale("idle-timeout")
    assert by.renewal(request, "session") is None


# --- what it is bound to ---------------------------------------------------------------------------------------------


def bound(ends: bool = False) -> tuple[Bindings, bytes]:
    bindings = Bindings(keys=[("b", Secret(b"b" * 32))], mode="user-agent", ends=ends)
    binding = bindings.bind(a_request(user_agent="Lynx"), SESSION.fingerprint)
    assert binding
    return bindings, token_of(session=replace(SESSION, binding=binding))


@pytest.mark.parametrize(("client", "outcome"), [("Lynx", None), ("curl", Stale("wrong-binding"))])
def test_a_bound_session_is_its_clients_alone__S2_5(client: str, outcome: Outcome | None) -> None:
    bindings, token = bound()
    request = a_request(user_agent=client)
    judged, _ = judge([KEYS, GOOD, Standing.GOOD], 1001.0, token=token, request=request, bindings=bindings)
    assert judged == outcome if outcome is not None else isinstance(judged, Accepted)


def test_a_stolen_session_may_be_ended_for_everybody__S2_5() -> None:
    bindings, token = bound(ends=True)
    request = a_request(user_agent="curl")
    judged, asked = judge([KEYS, GOOD, Standing.GOOD, None], 1001.0, token=token, request=request, bindings=bindings)
    assert judged == Stale("wrong-binding")
    assert asked[-1] == RevokeToken("public", 5000.0)


# --- anchors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"ann", b"watchword anchor v1ann", anchor_of("ann")])
def test_no_token_is_taken_for_an_anchor(text: bytes) -> None:
    assert fingerprint(text) != anchor_of("ann")
    assert anchor_of("ann") != anchor_of("bob")
