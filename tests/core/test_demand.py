"""What a route demands, on top of what the rules say of its path: never less than either."""

from __future__ import annotations

import pytest

from watchword.core.demand import Demand, demand
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace, Target
from watchword.http.authentication import Challenge

SPACE = ProtectionSpace(realm="clinic", mechanisms=(), cookie_challenge=Challenge("Clinic-Cookie"))


def on(requirement: Requirement, added: Demand, *, named: bool = True) -> Requirement:
    return added.on(Target(SPACE, requirement, named))


CLERK, NURSE = frozenset(("clerk",)), frozenset(("nurse",))
R, D = Requirement, Demand

TOGETHER: dict[str, tuple[Requirement, Demand, Requirement]] = {
    "nothing and nothing": (R(), D(), R()),
    "roles add up": (R(roles=CLERK), D(roles=NURSE), R(roles=CLERK | NURSE)),
    "permissions add up": (R(permissions=CLERK), D(permissions=NURSE), R(permissions=CLERK | NURSE)),
    "scopes add up": (R(scopes=CLERK), D(scopes=NURSE), R(scopes=CLERK | NURSE)),
    "of mechanisms those that both allow": (
        R(mechanisms=frozenset(("basic", "session"))),
        D(mechanisms=frozenset(("basic", "bearer"))),
        R(mechanisms=frozenset(("basic",))),
    ),
    "none, where they allow different ones": (R(mechanisms=CLERK), D(mechanisms=NURSE), R(mechanisms=frozenset())),
    "the route's mechanisms": (R(), D(mechanisms=NURSE), R(mechanisms=NURSE)),
    "the rule's mechanisms": (R(mechanisms=CLERK), D(), R(mechanisms=CLERK)),
    "of classes those that both accept": (R(acr=CLERK | NURSE), D(acr=NURSE), R(acr=NURSE)),
    "the route's classes": (R(), D(acr=NURSE), R(acr=NURSE)),
    "the rule's classes": (R(acr=CLERK), D(), R(acr=CLERK)),
    "the younger proof": (R(max_age=300.0), D(max_age=60.0), R(max_age=60.0)),
    "the younger proof, by the rule": (R(max_age=60.0), D(max_age=300.0), R(max_age=60.0)),
    "the route's age": (R(), D(max_age=0.0), R(max_age=0.0)),
    "the rule's age": (R(max_age=0.0), D(max_age=60.0), R(max_age=0.0)),
    "what is public by the rule stays closed": (R(public=True), D(), R()),
    "public twice": (R(public=True), D(public=True), R(public=True)),
    "a protected path is not opened by its route": (R(), D(public=True), R()),
}


@pytest.mark.parametrize(("rule", "route", "both"), TOGETHER.values(), ids=TOGETHER.keys())
def test_a_demand_is_met_and_the_rule_of_the_path_too__C12__C15(
    rule: Requirement, route: Demand, both: Requirement
) -> None:
    assert on(rule, route) == both


def test_same_target_is_demanded_the_same_object_and_others_their_own() -> None:
    added, rules = Demand(roles=NURSE), [Requirement(permissions=frozenset((f"p{number}",))) for number in range(3000)]
    first = [on(rule, added) for rule in rules]
    assert on(rules[-1], added) is first[-1]
    assert on(rules[-1], added, named=False) is not first[-1]
    assert [on(rule, added) for rule in rules] == first
    assert [made.permissions for made in first] == [rule.permissions for rule in rules]


def test_a_route_opens_a_path_that_no_rule_names__C01() -> None:
    assert on(Requirement(), Demand(public=True), named=False) == Requirement(public=True)


def test_where_no_class_is_acceptable_to_both_none_is__C15() -> None:
    acceptable = on(Requirement(acr=CLERK), Demand(acr=NURSE)).acr
    assert acceptable
    assert acceptable.isdisjoint(CLERK | NURSE)


@pytest.mark.parametrize("name", ["mechanisms", "roles", "permissions", "scopes", "acr"])
def test_a_string_for_a_collection_is_refused_with_what_to_write(name: str) -> None:
    with pytest.raises(TypeError, match=rf'write {name}=\{{"admin"\}}'):
        demand(**{name: "admin"})  # type: ignore[arg-type]  # the very mistake


@pytest.mark.parametrize("max_age", [-1.0, float("inf"), float("nan")])
def test_an_age_that_is_none_is_refused(max_age: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        demand(max_age=max_age)


def test_a_demand_is_written_with_any_collection() -> None:
    assert demand(roles=["clerk"], scopes=("a", "b")) == Demand(roles=CLERK, scopes=frozenset("ab"))


def test_what_an_application_demands_holds_for_paths_that_no_rule_names__C12() -> None:
    said = Demand(roles=NURSE, unnamed_only=True)
    assert on(Requirement(public=True), said) == Requirement(public=True)
    assert on(Requirement(roles=CLERK), said) == Requirement(roles=CLERK)
    assert on(Requirement(), said, named=False) == Requirement(roles=NURSE)
