"""What a connection to the feed may be believed, whoever sits on it: nothing makes a verifier think it knows more, or
knows it later, than it does."""

from __future__ import annotations

import pytest

from tests.edge.verifier.statements import ISSUER, NOW, Ticks, ended, hello, message, token
from watchword.core.ask import AnswerFailed
from watchword.core.questions import FindStanding
from watchword.core.revocations import Standing
from watchword.edge.verifier.hearing import Heard, Hearing, Unbelievable
from watchword.edge.verifier.knowledge import Known


def hearing(sent_at: float = 1000.0) -> Hearing:
    return Hearing(nonce="nonce", sent_at=sent_at, expected_issuer=ISSUER)


def heard(here: Hearing, *messages: object) -> list[Heard | None]:
    return [here.hear(each) for each in messages]  # type: ignore[arg-type]  # what is no text too


def test_a_statement_is_as_old_as_the_servers_clock_says() -> None:
    first, later = heard(hearing(sent_at=1000.0), hello(clock=50.0), message(clock=57.5))
    assert first is not None
    assert later is not None
    assert (first.read_at, later.read_at) == (1000.0, 1007.5)


def test_a_replayed_heartbeat_keeps_nothing_fresh__F8() -> None:
    """The old heartbeat says that it is old, however often and however late it arrives."""
    ticks = Ticks()
    known = Known(ticks=ticks)
    here = hearing(sent_at=ticks())
    heartbeat = message(clock=51.0)
    for each in (hello(clock=50.0), heartbeat):
        taken = here.hear(each)
        assert taken is not None
        assert known.hear(taken)
    for _ in range(40):
        ticks.at += 1.0
        again = here.hear(heartbeat)
        assert again is not None
        known.hear(again)
    assert known.report().age_seconds == 39.0
    with pytest.raises(AnswerFailed):
        known.find_standing(FindStanding(token()))


def test_a_heartbeat_that_is_held_back_is_as_old_as_it_is() -> None:
    """Somebody delivers each heartbeat twenty seconds late: knowledge is twenty seconds old then, not fresh."""
    ticks = Ticks()
    known = Known(ticks=ticks)
    here = hearing(sent_at=ticks())
    for late in range(100):
        taken = here.hear(hello(clock=50.0) if late == 0 else message(clock=50.0 + late))
        assert taken is not None
        known.hear(taken)
        ticks.at = 1000.0 + late + 20.0
    assert known.report().age_seconds == 20.0
    assert not known.report().connected


def test_a_late_answer_to_our_request_is_as_old_as_the_request() -> None:
    (first,) = heard(hearing(sent_at=1000.0), hello(clock=50.0))
    assert first is not None
    assert first.read_at == 1000.0


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("without our nonce", message()),
        ("with another's nonce", hello(nonce="another")),
        ("of another server", hello(issuer="https://evil.example.com")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_connection_begins_with_the_answer_to_our_request(name: str, first: object) -> None:
    with pytest.raises(Unbelievable):
        heard(hearing(), first)


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("another process's, whose clock may be days ahead", message(stream="before the restart", clock=9e6)),
        ("another storage's", message(epoch="another")),
        ("an answer to somebody else", message(nonce="another", clock=51.0)),
        ("another server's", message(issuer="https://evil.example.com")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_belong_to_the_connection_ends_it(name: str, second: object) -> None:
    with pytest.raises(Unbelievable):
        heard(hearing(), hello(), second)


def test_a_whole_list_heard_again_undoes_nothing() -> None:
    known = Known(ticks=Ticks())
    here = hearing()
    whole, news = hello(until=5), message(since=5, until=6, clock=51.0, entries=(ended("t"),))
    for each in (whole, news):
        taken = here.hear(each)
        assert taken is not None
        assert known.hear(taken)
    assert here.hear(whole) is None
    assert known.find_standing(FindStanding(token("t"))) is Standing.REVOKED


def test_what_was_said_before_changes_nothing_when_heard_again() -> None:
    known = Known(ticks=Ticks())
    here = hearing()
    first, second = (message(since=n, until=n + 1, clock=46.0 + n, entries=(ended(f"t{n}"),)) for n in (5, 6))
    for each in (hello(until=5), first, second, first, second, first):
        taken = here.hear(each)
        assert taken is not None
        assert known.hear(taken)
    assert known.place == ("epoch", 7)
    assert known.report().revocations == 2


def test_a_statement_that_was_left_out_is_noticed_by_the_next() -> None:
    known = Known(ticks=Ticks())
    here = hearing()
    taken = here.hear(hello(until=5))
    assert taken is not None
    known.hear(taken)
    after_the_gap = here.hear(message(since=6, until=6, clock=60.0))
    assert after_the_gap is not None
    assert not known.hear(after_the_gap)
    assert known.report().age_seconds == 0.0, "the gap made nothing fresh"


def test_parts_are_one_statement_and_count_only_together() -> None:
    here = hearing()
    parts = [hello(part=n, parts=3, until=9, entries=(ended(f"t{n}"),)) for n in (1, 2, 3)]
    one, two, three = heard(here, *parts)
    assert one is None
    assert two is None
    assert three is not None
    assert [entry.key for entry in three.revocations.entries] == ["t1", "t2", "t3"]


@pytest.mark.parametrize("order", [(1, 3), (2,), (1, 1, 3), (1, 2, 2)], ids=str)
def test_a_part_that_is_missing_or_out_of_order_ends_the_connection(order: tuple[int, ...]) -> None:
    with pytest.raises(Unbelievable):
        heard(hearing(), *(hello(part=n, parts=3, until=9) for n in order))


def test_parts_of_two_statements_do_not_mix() -> None:
    with pytest.raises(Unbelievable):
        heard(hearing(), hello(part=1, parts=2, until=9), message(part=2, parts=2, since=5, until=9, clock=51.0))


def test_the_clock_of_the_issuer_decides_what_time_it_is__F8() -> None:
    ticks = Ticks()
    known = Known(ticks=ticks)
    taken = hearing(sent_at=ticks()).hear(hello(at=NOW))
    assert taken is not None
    known.hear(taken)
    ticks.at += 12.5
    assert known.now() == NOW + 12.5
