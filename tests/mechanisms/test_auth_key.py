"""Auth-Keys as they are read from a request, and judged as sessions of their own kind (S2.4 to S2.6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.ask import AnswerFailed, Question
from watchword.core.outcome import ABSENT, Accepted, Insufficient, Malformed, Outcome, Rejected, Stale, Unavailable
from watchword.core.questions import EndSession, FindSession, FoundSession, TouchSession
from watchword.core.records import AUTH_KEY, SESSION, Account, Session
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.message import Peer, Request
from watchword.mechanisms.auth_key import AuthKeys
from watchword.tokens import format
from watchword.tokens.binding import Bindings
from watchword.tokens.format import encode
from watchword.tokens.session import is_session_token

KEY = encode(format.AUTH_KEY, b"1" * 32)
BINDINGS = Bindings(keys=[("one", Secret(b"k" * 32))], mode="both")
KEYS = AuthKeys("Records", BINDINGS)
NOW = 1_790_000_000.0


def request(*values: str, agent: str = "curl/8.9", address: str = "192.0.2.7", told: bool = True) -> Request:
    fields = [(b"auth-key", value.encode("latin-1")) for value in values]
    peer = Peer(address, told=told)
    return Request("GET", b"/", [*fields, (b"user-agent", agent.encode())], peer)


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [KEY, "f" * 32, "k" * 16, "k" * 4096, "!\"#$%&'()*+,-./0"])
def test_a_key_is_read_from_its_field__S2_4(value: str) -> None:
    assert KEYS.read(request(value)) == Secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "short",
        "k" * 4097,
        "with a space in it",
        "del\x7fdel\x7fdel\x7fdel\x7f",
        "\xe9" * 16,
        KEY[:-1] + "#",
        KEY + "x",
        encode(format.SESSION, b"1" * 32),
        encode(format.API_KEY, b"1" * 32),
    ],
)
def test_what_cannot_be_a_key_is_malformed(value: str) -> None:
    assert KEYS.read(request(value)) == Malformed("no-auth-key")


def test_two_lines_are_no_key_and_none_is_absent__F20() -> None:
    assert KEYS.read(request(KEY, KEY)) == Malformed("several-auth-keys")
    assert KEYS.read(request(KEY, "f" * 32)) == Malformed("several-auth-keys")
    assert KEYS.read(request()) is None


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_any_bytes_give_a_key_or_malformed_or_nothing(values: list[bytes]) -> None:
    found = KEYS.read(Request("GET", b"/", [(b"auth-key", value) for value in values]))
    if isinstance(found, Secret):
        assert is_session_token(found.reveal().decode("latin-1"), AUTH_KEY)
    else:
        assert (found is None) == (not values)


@pytest.mark.parametrize(
    "outcome", [ABSENT, Malformed(""), Rejected(""), Stale(""), Insufficient.SCOPE, Insufficient.AUTHENTICATION]
)
def test_the_challenge_names_the_field__S2_4(outcome: Outcome | Insufficient) -> None:
    assert str(KEYS.challenge(outcome, Requirement())) == 'Auth-Key realm="Records"'


# --- judging ----------------------------------------------------------------------------------------------------------

ANN = Account(name="ann", stamp="stamp-1", roles=frozenset(("clerk",)))
HERS = request(KEY)
_BOUND = BINDINGS.bind(HERS, fingerprint(KEY.encode()))
assert _BOUND is not None
BEGUN = Session(
    id="public",
    fingerprint=fingerprint(KEY.encode()),
    subject="ann",
    stamp="stamp-1",
    created_at=NOW,
    auth_time=NOW,
    last_seen=NOW,
    expires_at=NOW + 43_200,
    idle_timeout=1800,
    kind=AUTH_KEY,
    binding=_BOUND,
)


def judge(
    found: FoundSession | None, sent: Request = HERS, *, at: float = NOW + 1, keys: AuthKeys = KEYS, fails: int = 99
) -> tuple[Outcome, list[Question[object]]]:
    """The outcome and what was asked for it; the question number `fails` gets no answer."""
    steps = keys.verify(Secret(KEY), sent, at)
    asked: list[Question[object]] = []
    answer: object = None
    try:
        asked.append(next(steps))
        while True:
            answer = found if isinstance(asked[-1], FindSession) else True
            failing = len(asked) == fails
            asked.append(steps.throw(AnswerFailed("down")) if failing else steps.send(answer))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome, asked


def kept(**changes: object) -> FoundSession:
    return FoundSession(replace(BEGUN, **changes), ANN)  # type: ignore[arg-type]  # fields by name


def test_a_key_proves_its_account__S2_4() -> None:
    outcome, asked = judge(kept())
    assert isinstance(outcome, Accepted)
    assert (outcome.principal.subject, outcome.principal.authentication.mechanism) == ("ann", "auth-key")
    assert outcome.principal.authentication.session == "public"
    assert asked == [FindSession(BEGUN.fingerprint)]


def test_a_session_is_no_auth_key__S2_4() -> None:
    assert judge(kept(kind=SESSION))[0] == Rejected("wrong-kind")


@pytest.mark.parametrize(("at", "outcome"), [(1799.999, None), (1800, "idle-timeout"), (9999, "idle-timeout")])
def test_a_key_that_is_not_used_for_so_many_minutes_ends__S2_6(at: float, outcome: str | None) -> None:
    found = judge(kept(), at=NOW + at)[0]
    assert isinstance(found, Accepted) if outcome is None else found == Stale(outcome)


def test_use_is_noted_once_an_interval__S2_6() -> None:
    assert [type(q) for q in judge(kept(), at=NOW + 59)[1]] == [FindSession]
    assert judge(kept(), at=NOW + 60)[1] == [FindSession(BEGUN.fingerprint), TouchSession(BEGUN.fingerprint, NOW + 60)]


OTHERS = [request(KEY, agent="curl/8.10"), request(KEY, address="198.51.100.4")]


@pytest.mark.parametrize("other", OTHERS)
def test_another_client_is_asked_to_log_in_and_the_key_goes_on__S2_5__D15(other: Request) -> None:
    outcome, asked = judge(kept(), other, at=NOW + 600)
    assert outcome == Stale("wrong-binding")
    assert asked == [FindSession(BEGUN.fingerprint)]  # neither ended nor prolonged
    assert isinstance(judge(kept(), at=NOW + 600)[0], Accepted)


STRICT = AuthKeys("Records", replace(BINDINGS, ends=True))


@pytest.mark.parametrize("other", OTHERS)
def test_the_key_of_a_thief_ends_where_that_is_wanted__S2_5(other: Request) -> None:
    outcome, asked = judge(kept(), other, keys=STRICT)
    assert outcome == Stale("wrong-binding")
    assert asked == [FindSession(BEGUN.fingerprint), EndSession(BEGUN.fingerprint)]


def test_only_a_key_that_is_good_otherwise_shows_a_thief__S2_5() -> None:
    for found, at, why in (
        (kept(), 1800, Stale("idle-timeout")),
        (kept(expires_at=NOW), 1, Stale("absolute-timeout")),
        (kept(stamp="older"), 1, Rejected("credentials-changed")),
    ):
        outcome, asked = judge(found, OTHERS[0], at=NOW + at, keys=STRICT)
        assert outcome == why
        assert all(isinstance(question, FindSession) for question in asked)


def test_a_proxy_that_does_not_tell_ends_nothing_and_logs_nobody_out__F15__C17() -> None:
    outcome, asked = judge(kept(), request(KEY, told=False), keys=STRICT)
    assert outcome == Unavailable("address-not-told")
    assert asked == [FindSession(BEGUN.fingerprint)]


def test_what_is_bound_to_nobody_costs_no_look__S2_5() -> None:
    assert isinstance(judge(kept(binding=""), OTHERS[0], keys=STRICT)[0], Accepted)
    # A key that is judged without knowing any key of ours is nobody's.
    assert judge(kept(), keys=AuthKeys("Records"))[0] == Stale("wrong-binding")


def test_what_was_remembered_of_one_client_is_not_believed_of_another__S2_5() -> None:
    found = kept()
    assert isinstance(judge(found)[0], Accepted)
    assert judge(found, OTHERS[0])[0] == Stale("wrong-binding")
    assert isinstance(judge(found)[0], Accepted)


@pytest.mark.parametrize(
    ("found", "sent", "at", "keys"),
    [(kept(), HERS, NOW + 1, KEYS), (kept(), HERS, NOW + 1800, KEYS), (kept(), OTHERS[0], NOW + 1, STRICT)],
    ids=["good", "idle", "ended"],
)
def test_an_answer_that_fails_is_neither_yes_nor_no__C17__F39(
    found: FoundSession, sent: Request, at: float, keys: AuthKeys
) -> None:
    _, asked = judge(found, sent, at=at, keys=keys)
    for number in range(1, len(asked) + 1):
        with pytest.raises(AnswerFailed):
            judge(found, sent, at=at, keys=keys, fails=number)


def test_a_use_that_cannot_be_noted_shuts_nobody_out__F39() -> None:
    assert isinstance(judge(kept(), at=NOW + 60, fails=2)[0], Accepted)


def test_nothing_is_marked_or_cleared() -> None:
    assert KEYS.marks(HERS) == ()
    assert KEYS.clear(HERS) == ()
