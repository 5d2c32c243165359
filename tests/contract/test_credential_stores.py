"""What every credential store does, whatever keeps the passwords (S2.14)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest

from tests.contract.credential_stores import ANN, BOB, PATIENCE, PEOPLE, STORES, Kept, Member, Person
from watchword.core.ask import AnswerFailed
from watchword.core.names import folded_name
from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores import CredentialStore, Denied, Identity, LooksUp, OutsideStore

RECOVERY = 20.0
"""Seconds within which a store is of use again once what is behind it is (F6), on a machine that does much else."""

SPELLINGS = (
    "ANN",
    "Ann",
    " ann",
    "ann ",
    "\uff41nn",
    "a\u0301nn",
    "ann\u200b",
    "ann\u0000",
    "ann\n",
    "a%6en",
    "a\\6en",
)
"""Of ann's name, as some system takes for the same."""

INJECTIONS = (
    "' OR '1'='1",
    "ann' --",
    "ann'/*",
    'ann" OR ""="',
    "'; DROP TABLE people; --",
    "ann' UNION SELECT 'ann', '', '' --",
    "\\' OR 1=1 #",
    "%",
    "_nn",
    "a%",
    "*",
    "a*",
    "ann)(uid=*",
    "*)(uid=*))(|(uid=*",
    "ann)(|(password=*)",
    "ann,dc=example,dc=com",
    "\\2a",
    "ann\\00",
    "",
    "\ud800",
    "ann\u0000",
    "../ann",
    "ann\nroot",
    "ann\r\nX-Role: admin",
    "$(id)",
    "{name}",
    ":name",
    "x" * 100_000,
)
PASSWORDS = (
    "",
    " ",
    "*",
    "' OR '1'='1",
    "wrong",
    ANN.password + " ",
    ANN.password.upper(),
    ANN.password[:-1],
    ANN.password + "\u0000",
    "\u0000",
    "\ud800",
    "x" * 100_000,
)


def those(which: Callable[[Member], bool]) -> pytest.MarkDecorator:
    """The members that can do what a test is about."""
    return pytest.mark.parametrize(
        "kept", [name for name in STORES if which(STORES[name])], indirect=True, scope="module"
    )


@pytest.fixture(scope="module", params=STORES)
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    with STORES[request.param].opened() as made:
        yield made


@pytest.fixture
def member(kept: Kept, request: pytest.FixtureRequest) -> Member:
    name: str = request.node.callspec.params["kept"]
    return STORES[name]


def check(kept: Kept, name: str, password: str) -> Account | Identity | Denied:
    return kept.store.check(name, Secret(password))


@pytest.mark.parametrize(
    ("kept", "person"),
    [
        pytest.param(name, person, id=f"{name}-{person.name}")
        for name, one in STORES.items()
        for person in PEOPLE
        if not person.disabled and person.name not in one.absent
    ],
    indirect=["kept"],
    scope="module",
)
def test_the_right_password_tells_who_it_is__S2_14(kept: Kept, member: Member, person: Person) -> None:
    found = check(kept, person.name, person.password)
    assert not isinstance(found, Denied)
    assert found.name == person.name
    assert found.roles == (person.roles if member.tells_roles else frozenset())


@pytest.mark.parametrize("password", PASSWORDS, ids=lambda text: ascii(text[:20]))
def test_a_wrong_password_is_denied__S2_14__C07(kept: Kept, member: Member, password: str) -> None:
    found = check(kept, ANN.name, password)
    assert isinstance(found, Denied)
    assert found.knows == member.tells_unknown


def test_somebody_unknown_is_left_to_the_next_store__S2_14__C07(kept: Kept) -> None:
    found = check(kept, "nobody", ANN.password)
    assert isinstance(found, Denied)
    assert not found.knows


@those(lambda member: BOB.name not in member.absent)
def test_who_is_disabled_is_denied__S2_14__C07(kept: Kept) -> None:
    assert isinstance(check(kept, BOB.name, BOB.password), Denied)


@pytest.mark.parametrize("name", INJECTIONS, ids=lambda text: ascii(text[:30]))
@pytest.mark.parametrize("password", [ANN.password, "' OR '1'='1", "*"], ids=["right", "sql", "star"])
def test_no_name_reaches_past_the_question__S2_14__C07(kept: Kept, name: str, password: str) -> None:
    assert isinstance(check(kept, name, password), Denied)
    assert not isinstance(check(kept, ANN.name, ANN.password), Denied)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
def test_other_spellings_are_nobody_or_the_same_person__F14__F17(kept: Kept, spelling: str) -> None:
    """Whoever a store lets in has the name that the store writes, and is counted under what both have in common."""
    found = check(kept, spelling, ANN.password)
    if not isinstance(found, Denied):
        assert found.name == ANN.name
        assert folded_name(spelling) == folded_name(ANN.name)


def test_another_password_counts_at_once__S2_3(kept: Kept, member: Member) -> None:
    before = check(kept, ANN.name, ANN.password)
    kept.set_password(ANN, "another password")
    try:
        assert isinstance(check(kept, ANN.name, ANN.password), Denied)
        after = check(kept, ANN.name, "another password")
        assert not isinstance(after, Denied)
        if member.tells_change:
            assert isinstance(before, Identity)
            assert isinstance(after, Identity)
            assert before.version != after.version
    finally:
        kept.set_password(ANN, ANN.password)


@those(lambda member: member.looks_up)
def test_who_can_be_looked_up_is_told_like_after_a_proof__S2_14(kept: Kept) -> None:
    assert isinstance(kept.store, LooksUp)
    assert kept.store.find(ANN.name) == check(kept, ANN.name, ANN.password)
    assert isinstance(kept.store.find("nobody"), Denied)
    for name in INJECTIONS:
        assert isinstance(kept.store.find(name), Denied)


def test_many_at_once_get_their_own_answers(kept: Kept) -> None:
    asked = [(ANN.name, ANN.password), (ANN.name, "wrong"), ("nobody", ANN.password)] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: check(kept, *pair), asked))
    assert [isinstance(answer, Denied) for answer in answers] == [False, True, True] * 8


# --- F6: what is behind it goes away, and comes back -----------------------------------------------------------------


Store: TypeAlias = CredentialStore | OutsideStore


def refused_within(store: Store, seconds: float) -> None:
    for name, password in ((ANN.name, ANN.password), (ANN.name, "wrong")):
        begun = time.monotonic()
        with pytest.raises(AnswerFailed):
            store.check(name, Secret(password))
        assert time.monotonic() - begun < seconds


def recovers(store: Store) -> None:
    end = time.monotonic() + RECOVERY
    while True:
        try:
            assert not isinstance(store.check(ANN.name, Secret(ANN.password)), Denied)
            return
        except AnswerFailed:
            assert time.monotonic() < end, "it is back, and not of use"
            time.sleep(0.1)


@those(lambda member: member.wired)
def test_what_cannot_be_reached_is_never_a_no__F6__C17(kept: Kept) -> None:
    assert kept.wire is not None
    kept.wire.cut()
    try:
        refused_within(kept.store, PATIENCE)
    finally:
        kept.wire.mend()
    recovers(kept.store)


@those(lambda member: member.wired)
def test_what_hangs_is_waited_for_a_bounded_time__F6__C17(kept: Kept) -> None:
    assert kept.wire is not None
    assert kept.impatient is not None
    recovers(kept.impatient)  # a connection that is in use already may hang, too
    kept.wire.hanging = True
    try:
        refused_within(kept.impatient, PATIENCE)
    finally:
        kept.wire.hanging = False
    recovers(kept.impatient)


@those(lambda member: member.wired)
def test_what_is_slow_answers_rightly_or_not_at_all__F6__C17(kept: Kept) -> None:
    assert kept.wire is not None
    kept.wire.delay = 0.05
    try:
        for name, password, denied in ((ANN.name, ANN.password, False), (ANN.name, "wrong", True)):
            try:
                assert isinstance(check(kept, name, password), Denied) == denied
            except AnswerFailed:
                continue
    finally:
        kept.wire.delay = 0.0
    recovers(kept.store)


@those(lambda member: member.wired)
def test_connections_cut_while_idle_do_not_show__F6(kept: Kept) -> None:
    assert kept.wire is not None
    check(kept, ANN.name, ANN.password)
    kept.wire.cut()
    kept.wire.mend()
    recovers(kept.store)
