"""Only those mechanisms are asked whose credentials a request may carry, and all of those."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from tests.table.real import EVERY_MECHANISM, SPACE
from watchword.core.circumstances import read_circumstances
from watchword.core.mechanism import Elsewhere
from watchword.core.space import ProtectionSpace
from watchword.http.message import Peer, Request

CARRIED = {
    "cookie": (b"cookie", b"__Host-watchword=x; other=y"),
    "couchdb": (b"cookie", b"AuthSession=YW5u"),
    "theme": (b"cookie", b"theme=dark; lang=en"),
    "x-api-key": (b"x-api-key", b"x"),
    "accept": (b"accept", b"*/*"),
}
AUTHORIZATIONS = (
    None,
    b"Basic YTpi",
    b"basic !!!",
    b"Bearer x",
    b"BEARER a.b.c",
    b"ApiKey x",
    b"NTLM x",
    b"",
    b'"',
    b"Digest a=1",
)


def request(names: tuple[str, ...], authorization: bytes | None, *, twice: bool = False) -> Request:
    fields = [CARRIED[name] for name in names]
    if authorization is not None:
        fields.append((b"authorization", authorization))
    return Request("GET", b"/records/1?api_key=x", fields * (2 if twice else 1), Peer("198.51.100.7", secure=True))


SENT = [
    request(names, authorization, twice=twice)
    for number in range(len(CARRIED) + 1)
    for names, authorization, twice in product(combinations(CARRIED, number), AUTHORIZATIONS, (False, True))
]


@pytest.mark.parametrize("space", [SPACE, EVERY_MECHANISM], ids=["some", "every"])
@pytest.mark.parametrize("sent", SENT, ids=repr)
def test_whoever_finds_credentials_is_asked_in_the_order_of_the_space__S0_1(
    sent: Request, space: ProtectionSpace
) -> None:
    asked = space.candidates(sent, read_circumstances(sent, space).scheme)
    finding = [m for m in space.mechanisms if m.read(sent) is not None]
    assert [m for m in asked.mechanisms if m in finding] == finding
    assert list(asked.mechanisms) == sorted(asked.mechanisms, key=space.mechanisms.index)
    assert asked.marking == tuple(m for m in asked.mechanisms if m.marks_answers)


def test_a_request_without_credentials_asks_nobody_who_reads_fields() -> None:
    plain = request(("accept",), None)
    assert [m.name for m in SPACE.candidates(plain, "").mechanisms] == [
        m.name for m in SPACE.mechanisms if m.elsewhere is not Elsewhere.NOWHERE
    ]


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (request(("cookie",), None), {"session"}),
        (request(("theme",), None), set[str]()),
        (request(("x-api-key",), None), {"api-key"}),
        (request((), b"Bearer x"), {"bearer"}),
        (request((), b"Basic YTpi"), {"auth-token", "basic"}),
        (request((), b"apikey x"), {"api-key"}),
        (request((), b"NTLM x"), set[str]()),
        (request(("cookie",), b"Bearer x"), {"session", "bearer"}),
    ],
    ids=[
        "cookie",
        "somebody else's cookies",
        "x-api-key",
        "bearer",
        "basic",
        "apikey",
        "ntlm",
        "cookie and bearer",
    ],
)
def test_a_request_pays_for_the_credentials_that_it_carries(sent: Request, names: set[str]) -> None:
    asked = SPACE.candidates(sent, read_circumstances(sent, SPACE).scheme)
    assert {m.name for m in asked.mechanisms if m.elsewhere is Elsewhere.NOWHERE} == names


@pytest.mark.parametrize(
    ("names", "asked"),
    [(("cookie",), {"session"}), (("couchdb",), {"couchdb"}), (("theme",), set[str]())],
    ids=["ours", "couchdb's", "somebody else's"],
)
def test_a_cookie_is_looked_at_by_whom_its_name_belongs_to(names: tuple[str, ...], asked: set[str]) -> None:
    found = EVERY_MECHANISM.candidates(request(names, None), "").mechanisms
    assert {m.name for m in found if m.elsewhere is Elsewhere.NOWHERE} == asked
