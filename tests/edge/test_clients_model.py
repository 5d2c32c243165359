"""A model check of clients beside a server: whatever is answered, every call ends, and costs little.

The server is a double that answers from a list, and every list is tried that a client can come to the end of: over
every cell with every status that it may have, every code, and what other servers say.
"""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from threading import Lock
from types import FunctionType

import pytest

from watchword.core.advice import BY_CELL, BY_CODE, Advice, advice
from watchword.core.cells import CELLS
from watchword.core.respond import PROBLEM_TYPE
from watchword.crypto.secret import Secret
from watchword.edge.clients.api_key import ApiKeyAuth
from watchword.edge.clients.auth_token import AuthTokenAuth
from watchword.edge.clients.failures import LogInRefused, NotAuthenticated
from watchword.edge.clients.jwt import JwtAuth, Tokens
from watchword.edge.clients.session import SessionAuth
from watchword.edge.clients.signed_request import SignedRequestAuth
from watchword.edge.clients.steps import Answer, Ask, Asked, Attempt, Flow, InTurn, Kind, Wait
from watchword.edge.clients.told import told
from watchword.http.message import Fields

LockType = type(Lock())
URL = "https://api.example.com"
PASSWORD = "a password that nothing else holds"
NOW = 1_790_000_000.0
MOST_STEPS = 20

GOOD = (
    b'{"session_token": "ww_s_1", "access_token": "a", "refresh_token": "r", "expires_in": 900, "auth_token": "ww_t_1"}'
)

KINDS: dict[str, Callable[[], Kind]] = {
    "session": lambda: SessionAuth(URL, "ann", PASSWORD, clock=lambda: NOW),
    "session-cookie": lambda: SessionAuth(URL, "ann", PASSWORD, delivery="cookie", clock=lambda: NOW),
    "session-code": lambda: SessionAuth(URL, "ann", PASSWORD, second_factor=lambda: "123456", clock=lambda: NOW),
    "auth-token": lambda: AuthTokenAuth(URL, "ann", PASSWORD, clock=lambda: NOW),
    "jwt": lambda: JwtAuth(URL, "ann", PASSWORD, clock=lambda: NOW),
    "jwt-tokens": lambda: JwtAuth(URL, tokens=Tokens("old", "refresh", NOW + 60), clock=lambda: NOW),
    "jwt-both": lambda: JwtAuth(URL, "ann", PASSWORD, tokens=Tokens("old", "refresh", NOW + 60), clock=lambda: NOW),
    "jwt-over": lambda: JwtAuth(URL, "ann", PASSWORD, tokens=Tokens("old", "refresh", NOW), clock=lambda: NOW),
    "api-key": lambda: ApiKeyAuth(URL, "ww_k_1", clock=lambda: NOW),
    "signed-request": lambda: SignedRequestAuth(URL, "AK1", "secret", clock=lambda: NOW),
}


@dataclass(frozen=True, slots=True)
class Says:
    """What the server answers: a status with a problem, or with nothing but challenges."""

    name: str
    status: int
    code: str | None = None
    cell: str | None = None
    fields: Fields = ()
    content: bytes = b""

    def answer(self, url: str) -> Answer:
        if self.code is None and self.cell is None:
            return Answer(status=self.status, url=url, fields=self.fields, content=self.content)
        code = self.code or "a-code-that-nobody-knows"
        members = {"type": PROBLEM_TYPE + code, "code": code, "cell": self.cell}
        fields = ((b"content-type", b"application/problem+json"), *self.fields)
        return Answer(status=self.status, url=url, fields=fields, content=json.dumps(members).encode())


def says() -> Iterator[Says]:
    """Every cell in every status, every code, and what only other servers say."""
    soon = ((b"retry-after", b"1"),)
    for cell in CELLS.values():
        for status in {cell.status, *cell.options} - {None}:
            if status is not None:
                yield Says(f"{cell.id}-{status}", status, None, cell.id, soon if cell.retry else ())
    for code in BY_CODE:
        status = {Advice.STOP: 403, Advice.WAIT: 503, Advice.PROCEED: 204}.get(BY_CODE[code], 401)
        yield Says(code, status, code, "C99", soon)
    yield Says("200", 200, content=GOOD, fields=((b"set-cookie", b"watchword=1; Path=/"),))
    yield Says("200-empty", 200)
    yield Says("200-broken", 200, content=b"{" * 100)
    yield Says("invalid_grant", 400, content=b'{"error": "invalid_grant"}')
    for status in (302, 400, 401, 403, 404, 407, 429, 500, 502, 503):
        yield Says(f"{status}-bare", status)
    yield Says("401-bearer", 401, fields=((b"www-authenticate", b'Bearer error="invalid_token"'),))
    yield Says("429-long", 429, fields=((b"retry-after", b"99999999999"),))
    yield Says("503-negative", 503, fields=((b"retry-after", b"-1"),))


EVERYTHING = tuple(says())
CELL_ANSWERS = tuple(each for each in EVERYTHING if each.cell in BY_CELL)


@dataclass
class Cost:
    """What one call did to the server."""

    attempts: int = 0
    asked: int = 0
    passwords: int = 0
    waited: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    failure: NotAuthenticated | None = None

    @property
    def extra(self) -> int:
        return self.asked + max(0, self.attempts - 1)


def called(kind: Kind, answers: Iterator[Says], asked: Asked) -> Cost:
    """One call against a server that gives these answers, one after another."""
    cost = Cost()
    flow = kind.flow(asked)
    answer: Answer | None = None
    try:
        for _ in range(MOST_STEPS):
            step = flow.send(answer)
            answer = None
            match step:
                case Attempt(fields):
                    cost.attempts += 1
                    cost.passwords += PASSWORD in str(fields) or "YW5uOmEgcGFzc3dvcmQ" in str(fields)
                    answer = next(answers).answer(asked.url)
                case Ask(url=url, fields=fields, content=content):
                    cost.asked += 1
                    cost.passwords += PASSWORD.encode() in content or "YW5uOmEgcGFzc3dvcmQ" in str(fields)
                    answer = next(answers).answer(url)
                case Wait(seconds):
                    cost.waited += seconds
                case InTurn(turn):
                    assert turn.done(), "nobody else is there"
            if answer is not None:
                cost.answers.append(answer)
        raise AssertionError("the call does not end")
    except StopIteration:
        pass
    except NotAuthenticated as failure:
        cost.failure = failure
    finally:
        flow.close()
    return cost


def request(method: str = "GET") -> Asked:
    return Asked(method=method, url=URL + "/things", target=b"/things", host=b"api.example.com", content=b"")


def check(cost: Cost, about: object) -> None:
    """What must hold for every call."""
    assert cost.extra <= 2, about
    assert cost.passwords <= 1, about
    assert cost.waited <= 5, about
    assert cost.attempts or cost.failure, about
    assert not any(secret in repr(cost.failure) for secret in (PASSWORD, "ww_", "secret")), about


NAMED = {each.name: each for each in EVERYTHING}
OK = NAMED["200"]
FEW = [NAMED[each] for each in ("200", "C05-401", "C09-401", "C12-403", "C15-401", "C16-429", "invalid_grant")]
"""One answer for each thing that clients do."""


class MoreWanted(Exception):
    """The client asks once more than there are answers."""


def given(answers: Sequence[Says]) -> Iterator[Says]:
    yield from answers
    raise MoreWanted


def called_in_a_row(kind: Kind, answers: Sequence[Says], calls: int) -> None:
    server, about = given(answers), [each.name for each in answers]
    for number in range(calls):
        check(called(kind, server, request("POST" if number % 2 else "GET")), about)


def walk(make: Callable[[], Kind], calls: int, some: Sequence[Says]) -> int:
    """Every sequence of answers that calls one after another can meet; how many there are.

    What a client remembers is all that one call leaves to the next: of the sequences after which it remembers the same,
    one goes on.
    """
    found = 0
    begun: list[tuple[Says, ...]] = [()]
    for number in range(1, calls + 1):
        ended: dict[str, tuple[Says, ...]] = {}
        for before in begun:
            open_ends = [before]
            while open_ends:
                order = open_ends.pop()
                assert len(order) - len(before) <= 3, "more than two round trips beyond the call's own"
                kind = make()
                try:
                    called_in_a_row(kind, order, number)
                except MoreWanted:
                    open_ends.extend((*order, each) for each in some)
                else:
                    found += 1
                    ended.setdefault(remembered(kind), order)
        begun = list(ended.values())
    return found


def remembered(thing: object) -> str:
    """Everything that hangs on this object, as text. Functions and locks are the same in all, and the number of a
    failure tells apart only what goes on at the same time.
    """
    match thing:
        case FunctionType() | LockType():
            return ""
        case None | str() | bytes() | int() | float():
            return repr(thing)
        case Secret():
            return repr(thing.reveal_text())
        case BaseException():
            return f"{type(thing).__name__}{thing.args!r}{remembered(vars(thing))}"
        case Mapping():
            return f"{{{', '.join(f'{key!r}: {remembered(thing[key])}' for key in thing if key != '_failures')}}}"
        case Iterable():
            return f"[{', '.join(map(remembered, thing))}]"
        case _:
            slots = [name for each in type(thing).__mro__ for name in getattr(each, "__slots__", ())]
            names = [name for name in (*slots, *getattr(thing, "__dict__", ())) if hasattr(thing, name)]
            return f"{type(thing).__name__}{remembered({name: getattr(thing, name) for name in names})}"


@pytest.mark.parametrize("name", KINDS)
def test_one_call_ends_whatever_is_answered__S4_9__S2_46(name: str) -> None:
    assert walk(KINDS[name], 1, EVERYTHING) >= len(EVERYTHING)


@pytest.mark.parametrize("name", KINDS)
def test_three_calls_end_whatever_is_answered__S4_9__S2_46(name: str) -> None:
    assert walk(KINDS[name], 3, FEW) >= 3 * len(FEW)


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_two_calls_end_whichever_cells_are_answered__S4_9__S2_46(name: str) -> None:
    assert walk(KINDS[name], 2, (*CELL_ANSWERS, OK, NAMED["invalid_grant"])) >= 2 * len(CELL_ANSWERS)


@pytest.mark.parametrize("name", KINDS)
def test_a_server_that_always_says_the_same_is_not_asked_without_end__S4_9(name: str) -> None:
    for one in EVERYTHING:
        for other in FEW:
            kind, server = KINDS[name](), cycle((one, other))
            for method in ("GET", "POST", "GET"):
                check(called(kind, server, request(method)), (one.name, other.name))


@pytest.mark.parametrize("name", KINDS)
def test_what_stops_is_handed_on_at_once__S4_9__C11__C12__C19__C20(name: str) -> None:
    for said in EVERYTHING:
        kind = KINDS[name]()
        called(kind, cycle((OK,)), request())  # it has its credentials now
        cost = called(kind, cycle((said,)), request("POST"))
        if advice(said.status, (), said.code, said.cell) in (Advice.STOP, Advice.PROCEED):
            assert (cost.attempts, cost.asked, cost.failure) == (1, 0, None), said
        if said.cell in ("C19", "C20", "C21"):
            assert (cost.attempts, cost.asked, cost.failure) == (1, 0, None), said


@pytest.mark.parametrize("name", ["session", "session-cookie", "auth-token", "jwt", "jwt-tokens", "jwt-both"])
@pytest.mark.parametrize("cell", ["C03", "C05", "C09"])
def test_a_refusal_that_new_credentials_help_against_is_repeated_with_them_once__C03__C05__C09(
    name: str, cell: str
) -> None:
    kind = KINDS[name]()
    called(kind, cycle((OK,)), request())
    cost = called(kind, iter((NAMED[f"{cell}-401"], OK, OK)), request("POST"))
    assert (cost.attempts, cost.asked, cost.failure) == (2, 1, None)


@pytest.mark.parametrize("name", KINDS)
def test_a_short_wait_is_waited_where_nothing_was_done__C16__C17__C21(name: str) -> None:
    kind = KINDS[name]()
    called(kind, cycle((OK,)), request())
    for said, method, attempts in (
        ("C16-429", "POST", 2),
        ("C17-503", "POST", 2),
        ("C21-503", "POST", 1),
        ("C21-503", "GET", 2),
        ("503-bare", "GET", 1),
        ("429-long", "GET", 1),
    ):
        cost = called(kind, iter((NAMED[said], OK)), request(method))
        assert (cost.attempts, cost.waited) == (attempts, attempts - 1), said


@pytest.mark.parametrize("name", ["session", "session-cookie", "session-code", "auth-token", "jwt"])
def test_a_wrong_password_is_sent_once_in_all__C07(name: str) -> None:
    kind = KINDS[name]()
    wrong = cycle((Says("", 401, "invalid-credentials", "C07"),))
    costs = [called(kind, wrong, request()) for _ in range(5)]
    assert Counter(cost.passwords for cost in costs) == {1: 1, 0: 4}
    assert all(cost.failure is not None and cost.attempts == 0 for cost in costs)


def test_a_wrong_password_keeps_nobody_from_refreshing__C07__C15() -> None:
    kind = KINDS["jwt-both"]()
    step_up, wrong = NAMED["C15-401"], NAMED["C07-401"]
    assert isinstance(called(kind, iter((step_up, wrong)), request()).failure, LogInRefused)
    kind = JwtAuth(URL, "ann", PASSWORD, tokens=Tokens("old", "refresh"), clock=lambda: NOW)
    assert isinstance(called(kind, iter((NAMED["invalid-token"], wrong)), request()).failure, LogInRefused)
    kind.kept.held = Tokens("old", "refresh")
    cost = called(kind, iter((NAMED["expired-token"], OK, OK)), request())
    assert (cost.extra, cost.passwords, cost.failure) == (2, 0, None)


@pytest.mark.parametrize("name", ["session", "auth-token", "jwt"])
def test_a_server_that_says_when_to_come_back_is_left_alone_until_then__C16__C17(name: str) -> None:
    kind = KINDS[name]()
    busy = cycle((Says("", 503, "unavailable", "C17", ((b"retry-after", b"30"),)),))
    costs = [called(kind, busy, request()) for _ in range(5)]
    assert [cost.asked for cost in costs] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("name", KINDS)
def test_other_origins_get_nothing__S2_46(name: str) -> None:
    for url in (
        "https://other.example.com/",
        "http://api.example.com/",
        "https://api.example.com:444/",
        "https://u@api.example.com/",
    ):
        asked = Asked(method="GET", url=url, target=b"/", host=b"x", content=b"")
        flow = KINDS[name]().flow(asked)
        assert next(flow) == Attempt({})
        with pytest.raises(StopIteration):
            flow.send(Says("", 401, "session-expired", "C05").answer(url))


@pytest.mark.parametrize("name", KINDS)
def test_a_refusal_from_elsewhere_is_not_ours_to_answer__S2_46(name: str) -> None:
    kind = KINDS[name]()
    called(kind, cycle((OK,)), request())
    flow = kind.flow(request())
    assert isinstance(next(flow), Attempt)
    with pytest.raises(StopIteration):
        flow.send(Says("", 401, "expired-token", "C09").answer("https://other.example.com/things"))


@pytest.mark.parametrize(
    ("fields", "content", "meant"),
    [
        (((b"content-type", b"text/html"), (b"auth-decision", b"C05;id=1")), b"<p>", Advice.LOG_IN),
        (((b"content-type", b"application/problem+json"), (b"auth-decision", b"C09;id=1")), b"", Advice.REFRESH),
        (((b"Content-Type", b"application/problem+json; charset=utf-8"),), b'{"code": "forbidden"}', Advice.LOG_IN),
        (((b"auth-decision", b"C12;id=1"), (b"auth-decision", b"C05;id=1")), b"", Advice.LOG_IN),
        ((), b"\xff", Advice.LOG_IN),
    ],
    ids=["a page", "HEAD", "another server's problem", "said twice", "nothing"],
)
def test_an_answer_without_a_problem_of_ours_tells_what_it_can__S4_9(
    fields: Fields, content: bytes, meant: Advice
) -> None:
    assert told(Answer(status=401, url=URL, fields=fields, content=content), NOW).advice is meant


def test_tokens_that_could_not_be_kept_are_used_all_the_same__C09() -> None:
    def full(tokens: Tokens) -> None:
        raise OSError("no space left")

    kind = JwtAuth(URL, tokens=Tokens("old", "refresh"), on_tokens=full)
    server = iter((NAMED["expired-token"], OK, OK))
    with pytest.raises(OSError, match="no space"):
        called(kind, server, request())
    assert kind.tokens is not None
    assert kind.tokens.refresh_token == "r"
    assert called(kind, server, request()).extra == 0


# --- many at once ----------------------------------------------------------------------------------------------------

MANY = 32
RENEWING = ["session", "session-cookie", "auth-token", "jwt", "jwt-tokens", "jwt-both"]


def refused_at_once(kind: Kind) -> tuple[list[Flow[None]], list[Future[None]]]:
    """That many calls, all of which have been told that their credentials are over."""
    flows = [kind.flow(request()) for _ in range(MANY)]
    turns: list[Future[None]] = []
    for flow in flows:
        assert isinstance(next(flow), Attempt)
    for flow in flows:
        step = flow.send(NAMED["expired-token"].answer(URL))
        assert isinstance(step, InTurn)
        turns.append(step.turn)
    return flows, turns


@pytest.mark.parametrize("name", RENEWING)
def test_many_refused_at_once_are_one_renewal__S2_46__S4_9__C09(name: str) -> None:
    kind = KINDS[name]()
    called(kind, cycle((OK,)), request())
    flows, turns = refused_at_once(kind)
    assert [turn.done() for turn in turns] == [True] + [False] * (MANY - 1)
    asking = flows[0].send(None)
    assert isinstance(asking, Ask)
    new = {name: f"{value}-new" for name, value in json.loads(GOOD).items() if isinstance(value, str)}
    cookie = ((b"set-cookie", b"watchword=new"),) if name == "session-cookie" else ()
    if cookie:
        new.pop("session_token")
    repeated = [flows[0].send(Answer(status=200, url=URL, content=json.dumps(new).encode(), fields=cookie))]
    for flow, turn in zip(flows[1:], turns[1:], strict=True):
        assert turn.done()
        repeated.append(flow.send(None))
    assert all(isinstance(step, Attempt) and step == repeated[0] for step in repeated)


@pytest.mark.parametrize("name", RENEWING)
@pytest.mark.parametrize("said", ["C17-503", "C16-429", "C07-401", "500-bare"])
def test_many_refused_at_once_fail_together__C16__C17__C07(name: str, said: str) -> None:
    kind = KINDS[name]()
    called(kind, cycle((OK,)), request())
    flows, turns = refused_at_once(kind)
    assert isinstance(flows[0].send(None), Ask)
    with pytest.raises(NotAuthenticated):
        flows[0].send(NAMED[said].answer(URL))
    for flow, turn in zip(flows[1:], turns[1:], strict=True):
        assert turn.done()
        with pytest.raises(NotAuthenticated):
            flow.send(None)


def test_whoever_gives_up_lets_the_next_one_have_its_turn() -> None:
    kind = KINDS["jwt"]()
    called(kind, cycle((OK,)), request())
    flows, turns = refused_at_once(kind)
    flows[1].close()  # cancelled while it waited
    assert not any(turn.done() for turn in turns[2:])
    assert isinstance(flows[0].send(None), Ask)
    flows[0].close()  # cancelled while it asked
    assert turns[2].done()
    assert isinstance(flows[2].send(None), Ask)
    flows[2].close()  # a second one without an answer: the others need not try, too
    with pytest.raises(NotAuthenticated):
        flows[3].send(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_whoever_has_the_turn_in_another_process_holds_nobody_up() -> None:
    kind = KINDS["jwt"]()
    called(kind, cycle((OK,)), request())
    flows, _ = refused_at_once(kind)  # one of them asks for new tokens when the process is forked
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of other tests, which nothing here needs
        child = os.fork()
    if child == 0:
        status = 1
        with suppress(BaseException):
            in_child, turns = refused_at_once(kind)
            status = 0 if turns[0].done() and len(in_child) == MANY else 2
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for flow in flows:
        flow.close()


def test_nothing_that_clients_are_made_of_shows_a_secret() -> None:
    assert "mine" not in repr(Asked(method="GET", url=URL, target=b"/", host=b"h", cookie="watchword=mine"))
    for name, make in KINDS.items():
        kind = make()
        flow = kind.flow(request())
        shown = [repr(kind)]
        with suppress(StopIteration):
            step = next(flow)
            while True:
                shown.append(repr(step))
                step = flow.send(OK.answer(URL) if isinstance(step, Attempt | Ask) else None)
        for secret in (PASSWORD, "ww_", "refresh", "old", "secret", "YW5u"):
            assert secret not in " ".join(shown).replace("refresh_token=", ""), name


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "ftp://api.example.com",
        "https://u:p@api.example.com",
        "api.example.com",
    ],
)
def test_credentials_are_not_taken_for_servers_that_would_get_them_in_cleartext__C14(url: str) -> None:
    for make in (
        lambda: SessionAuth(url, "ann", PASSWORD),
        lambda: ApiKeyAuth(url, "k"),
        lambda: ApiKeyAuth(URL, "k", origins=[url]),
    ):
        with pytest.raises(ValueError, match="https") as refused:
            make()
        assert "u:p" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1/", "http://127.3.2.1:1/auth", "http://[::1]:8080"]
)
def test_this_machine_may_be_asked_in_cleartext__C14(url: str) -> None:
    assert SessionAuth(url, "ann", PASSWORD).place.base == url.rstrip("/")
