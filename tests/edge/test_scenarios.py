"""Every scenario through every host and door: the same status, challenges, code, cell, fields and content as the core
gives, but for what a host folds before we see it (`folded.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest

from tests.edge.configurations import CONFIGURATIONS
from tests.edge.folded import BARE, FOLDED, bare_of, fold_of
from tests.edge.house import Full, House, Verifying, full, verifying
from tests.edge.members import MEMBERS, Member, built, hosts_there_are
from tests.edge.members.application import OWN_VARY, Ask
from tests.edge.members.django_sites import configure
from tests.edge.raw import Answer, Told, told
from tests.edge.scenarios import SCENARIOS, VERIFIED, WHOLE, Scenario
from tests.edge.verifier.calls import until
from tests.edge.verifier.double import Double, double
from tests.ports import free_port
from watchword.core.demand import Demand
from watchword.edge.engine import Answered
from watchword.edge.route import of_application


class Houses:
    """The servers, made when they are needed, and the applications of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Full] = {}
        self._asks: dict[tuple[str, str, str], Ask] = {}

    def __getitem__(self, name: str) -> Full:
        if name not in self._made:
            self._made[name] = full(name, self._folder / name)
        return self._made[name]

    def ask(self, member: Member, scenario: Scenario) -> Ask:
        key = member.name, scenario.house, scenario.whole
        if key not in self._asks:
            self._asks[key] = built(member, self[scenario.house], scenario)
        return self._asks[key]

    def close(self) -> None:
        for house in self._made.values():
            house.close()


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    made = Houses(tmp_path_factory.mktemp("houses"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as made:
        yield made


@pytest.fixture(scope="module")
def verifiers(houses: Houses, server: Double) -> Iterator[dict[str, Verifying]]:
    """One whose server is there, and one whose server is away."""
    urls = {"common": server.url, "away": f"http://127.0.0.1:{free_port()}"}
    made = {name: verifying(server, url, houses["common"].run) for name, url in urls.items()}
    until(made["common"].auth.ready)  # who asks before waits for a second, which a busy machine may need
    yield made
    for each in made.values():
        each.close()


def by_core(house: House, scenario: Scenario) -> Told:
    """The answer of the pure core to the very bytes, with nothing between."""
    house.begin(scenario.down)
    door, request = house.in_threads, house.filled(scenario.raw).request()
    if not door.contents.wanted(request):
        request.body = None  # then no host reads it either
    judged = door.judge(request, _demand(scenario))
    cell = house.seen.cells[-1]
    if isinstance(judged, Answered):
        response = judged.response
        lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.fields)
        return told(Answer(response.status, lines, response.body), cell, method=scenario.method, granted=False)
    lines = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in judged.fields)
    answer = told(Answer(200, (*lines, ("vary", OWN_VARY))), cell, method=scenario.method, granted=True)
    return replace(answer, subject=None if judged.principal is None else judged.principal.subject)


def by_member(house: House, scenario: Scenario, ask: Ask) -> Told:
    house.begin(scenario.down)
    answer = ask(house.filled(scenario.raw))
    cell = house.seen.cells[-1] if house.seen.cells else ""
    return told(answer, cell, method=scenario.method, granted=answer.status == 200)


def _demand(scenario: Scenario) -> Demand | None:
    if not scenario.whole:
        return scenario.at_route
    said = dict(WHOLE[scenario.whole])
    return of_application(public=said.pop("public", False), **said)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_host_answers_as_the_core__S0_18__S2_41__S3_10__S4_9(houses: Houses, name: str) -> None:
    scenario = SCENARIOS[name]
    house = houses[scenario.house]
    expected = by_core(house, scenario)
    assert (expected.cell, expected.status) == (scenario.cell, scenario.status), expected
    wrong = {
        member.name: difference
        for member in MEMBERS
        if member.takes(scenario)
        and (difference := differing(by_member(house, scenario, houses.ask(member, scenario)), expected, member, name))
    }
    assert wrong == {}


@pytest.mark.parametrize("name", VERIFIED)
def test_every_host_answers_as_the_core_where_it_verifies__S2_46(verifiers: dict[str, Verifying], name: str) -> None:
    scenario = VERIFIED[name]
    verifier = verifiers[scenario.house]
    expected = by_core(verifier, scenario)
    assert (expected.cell, expected.status) == (scenario.cell, scenario.status), expected
    wrong = {
        member.name: difference
        for member in MEMBERS
        if member.host
        and (difference := differing(by_member(verifier, scenario, _asking(member, verifier)), expected, member, name))
    }
    assert wrong == {}


def test_no_host_asks_the_server_about_a_request__S2_46(verifiers: dict[str, Verifying], server: Double) -> None:
    verifier, scenario = verifiers["common"], VERIFIED["access_token__C00__S2_46"]
    assert by_core(verifier, scenario).status == 200  # it has heard of the server now
    before = len(server.asked)
    for member in MEMBERS:
        if member.host:
            assert by_member(verifier, scenario, _asking(member, verifier)).status == 200
    assert len(server.asked) == before


@cache
def _asking(member: Member, verifier: Verifying) -> Ask:
    return built(member, verifier, VERIFIED["nothing__C03"])


def differing(answer: Told, expected: Told, member: Member, name: str) -> str | dict[str, tuple[object, object]]:
    """In what an answer is another one than the core's, or than the one that is listed for what is folded."""
    if answer.seen:
        return f"the application sees look-alikes of our own fields: {answer.seen}"
    answer, expected = _without(answer, member), _without(expected, member)
    bare, fold = bare_of(member), fold_of(member, name)
    if bare is not None and expected.status == 200:
        expected = bare.of(expected)
    if fold is None:
        pairs = {each.name: (getattr(answer, each.name), getattr(expected, each.name)) for each in fields(Told)}
        return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    if answer == expected:
        return f"nothing is folded here any more: take it out of folded.py ({fold.what})"
    return "" if (answer.status, answer.cell) == (fold.status, fold.cell) else f"folded in another way: {answer}"


def _without(answer: Told, member: Member) -> Told:
    if not member.silent_on:
        return answer
    return replace(answer, others=tuple(line for line in answer.others if line[0] not in member.silent_on))


# --- the lists are whole ---------------------------------------------------------------------------------------------


def test_every_host_is_a_member_of_the_suite() -> None:
    found = hosts_there_are()
    assert len(found) >= 9
    for arrangement in ("protect", "route"):
        assert found == {member.host for member in MEMBERS if member.arrangement == arrangement}


def test_every_host_has_the_same_public_names() -> None:
    from importlib import import_module

    configure()
    for host in {member.host for member in MEMBERS if member.host}:
        module = import_module(f"watchword.edge.{host}")
        for name in ("Authenticated", "Optional", "principal", "protect", "on_refusal"):
            assert hasattr(module, name), f"watchword.edge.{host} has no {name}"


def test_everything_folded_is_of_a_member_and_a_scenario() -> None:
    names = {member.name for member in MEMBERS}
    for fold in FOLDED:
        assert fold.scenarios <= SCENARIOS.keys() | VERIFIED.keys(), fold.scenarios
        assert fold.members <= names, fold.members
        assert fold.reason
    for bare in BARE:
        assert bare.members <= names, bare.members
        assert bare.reason


def test_there_are_enough_scenarios_and_every_configuration_is_used() -> None:
    assert len(SCENARIOS) >= 60
    assert {scenario.house for scenario in SCENARIOS.values()} == set(CONFIGURATIONS)
