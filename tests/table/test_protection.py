"""Which space and which requirement a request falls under (RFC 9110 section 11.5, F22)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import pytest

from tests.table.scripted import BASIC, BEARER, space
from watchword.core import space as module
from watchword.core.requirement import Requirement
from watchword.core.space import Protection, ProtectionSpace, Rule, Target
from watchword.http.message import Request
from watchword.http.target import Ambiguous

FIRST = space(BASIC)
SECOND = space(BEARER)


def named(name: str) -> Requirement:
    """A requirement that can be told from the others."""
    return Requirement(roles=frozenset((name,)))


def rule(path: str, name: str | None = None, **more: Any) -> Rule:
    return Rule(path=path, requirement=named(name or path), **more)


def request(line: str, host: str | None = "records.example") -> Request:
    method, _, target = line.partition(" ")
    return Request(method, target.encode("latin-1"), [] if host is None else [(b"host", host.encode())])


def demanded(protection: Protection, line: str, host: str | None = "records.example") -> str:
    """The name of what is demanded, `ambiguous`, or `otherwise`."""
    found = protection.find(request(line, host))
    if isinstance(found, Ambiguous):
        return "ambiguous"
    return next(iter(found.requirement.roles), "otherwise")


def protect(*rules: Rule, first: ProtectionSpace = FIRST) -> Protection:
    return Protection([(first, rules)])


# --- the most specific path ----------------------------------------------------------------------------------------

TREE = (
    rule("/*"),
    rule("/a"),
    rule("/a/*"),
    rule("/a/b"),
    rule("/a/{one}"),
    rule("/a/{one}/c"),
    rule("/a/b/*"),
    rule("/{any}/c/d"),
    rule("/dir/"),
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/*"),
        ("/unheard-of", "/*"),
        ("/a", "/a"),
        ("/a/", "/a/*"),  # an empty last segment is no {one}
        ("/a/b", "/a/b"),
        ("/a/x", "/a/{one}"),
        ("/a/x/c", "/a/{one}/c"),
        ("/a/b/c", "/a/b/*"),
        ("/a/b/c/d/e", "/a/b/*"),
        ("/a/x/y", "/a/*"),
        ("/a/x/c/d", "/a/*"),
        ("/x/c/d", "/{any}/c/d"),
        ("/x/c", "/*"),
        ("/dir/", "/dir/"),
        ("/dir", "/*"),
        ("/A", "/*"),
        ("/a?b=/a/b", "/a"),
        ("/%61/b", "/a/b"),
        ("/a/%E2%82%AC", "/a/{one}"),
    ],
)
@pytest.mark.parametrize("rules", [TREE, TREE[::-1]], ids=["as_written", "the_other_way_round"])
def test_the_most_specific_path_wins_in_whatever_order(rules: Sequence[Rule], path: str, expected: str) -> None:
    assert demanded(protect(*rules), f"GET {path}") == expected


def test_a_rule_for_everything_below_is_for_the_place_itself_too() -> None:
    assert demanded(protect(rule("/a/*")), "GET /a") == "/a/*"


def test_a_star_stands_last_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="only the last segment may be"):
        protect(rule("/a/*/b"))


# --- deny by default -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/b", "/a/b", "/A", "/a/"])
def test_what_no_rule_names_is_not_public(path: str) -> None:
    protection = Protection([(FIRST, [Rule(path="/a", requirement=Requirement(public=True))]), (SECOND, [])])
    assert protection.find(request(f"GET {path}")) == Target(FIRST, Requirement(), named=False)


def test_what_no_rule_names_is_demanded_as_the_first_space_says() -> None:
    first = ProtectionSpace(
        realm="Records",
        mechanisms=FIRST.mechanisms,
        cookie_challenge=FIRST.cookie_challenge,
        unnamed=Requirement(ignore_invalid=True),
    )
    assert Protection([(first, []), (SECOND, [])]).find(request("GET /")) == Target(
        first, Requirement(ignore_invalid=True), named=False
    )


def test_without_a_space_there_is_no_protection() -> None:
    with pytest.raises(ValueError, match="name at least one"):
        Protection([])


# --- spaces, methods and hosts ----------------------------------------------------------------------------------------


def test_a_rule_brings_its_own_space() -> None:
    protection = Protection([(FIRST, [rule("/a/*")]), (SECOND, [rule("/a/b")])])
    found = [protection.find(request(f"GET {path}")) for path in ("/a/x", "/a/b", "/a/b/c")]
    assert [target.space for target in found if isinstance(target, Target)] == [FIRST, SECOND, FIRST]


METHODS = (
    rule("/a", "reading", methods=frozenset(("GET", "HEAD"))),
    rule("/a", "writing", methods=frozenset(("POST",))),
    rule("/a", "anything"),
    rule("/b", "reading", methods=frozenset(("GET",))),
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET /a", "reading"),
        ("HEAD /a", "reading"),
        ("POST /a", "writing"),
        ("DELETE /a", "anything"),
        ("get /a", "ambiguous"),  # methods are case-sensitive (RFC 9110 section 9.1), and not to every framework (F22)
        ("Delete /a", "anything"),
        ("post /b", "otherwise"),
        ("GET /b", "reading"),
        ("POST /b", "otherwise"),
    ],
)
def test_among_the_rules_of_a_path_the_first_that_fits_the_method(line: str, expected: str) -> None:
    assert demanded(protect(*METHODS), line) == expected


def test_a_path_without_a_rule_for_the_method_is_left_to_the_less_specific_ones() -> None:
    protection = protect(rule("/a", "reading", methods=frozenset(("GET",))), rule("/*", "the rest"))
    assert [demanded(protection, line) for line in ("GET /a", "POST /a")] == ["reading", "the rest"]


def test_what_is_demanded_for_get_is_demanded_for_head__C27() -> None:
    protection = protect(rule("/a", "reading", methods=frozenset(("GET",))), rule("/*", "the rest"))
    assert demanded(protection, "HEAD /a") == "reading"


HOSTS = (
    rule("/a", "named", host="records.example"),
    rule("/a", "address", host="[2001:db8::1]"),
    rule("/a", "any host"),
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("records.example", "named"),
        ("RECORDS.example:8443", "named"),
        ("records.example.:8443", "named"),
        ("[2001:DB8::1]:8443", "address"),
        ("other.example", "any host"),
        ("records.example.evil.example", "any host"),
        ("", "any host"),
        (None, "any host"),
    ],
)
def test_among_the_rules_of_a_path_the_first_that_fits_the_host(host: str | None, expected: str) -> None:
    protection = protect(*HOSTS)
    for _ in range(2):  # looked up, and then remembered
        assert demanded(protection, "GET /a", host) == expected


def test_two_hosts_are_refused_where_the_host_decides__F22() -> None:
    """RFC 9112 section 3.2: whoever serves the request may go by either."""
    twice = Request("GET", b"/a", [(b"host", b"records.example"), (b"host", b"other.example")])
    assert protect(*HOSTS).find(twice) == Ambiguous("authority")
    assert isinstance(protect(*METHODS).find(twice), Target)


def test_what_is_remembered_of_one_request_is_not_used_for_another() -> None:
    protection = protect(*HOSTS, *METHODS[:2])
    asked = [
        ("GET /a", "records.example"),
        ("GET /a", "other.example"),
        ("POST /a", None),
        ("GET /a?x", "records.example"),
    ]
    once = [demanded(protection, line, host) for line, host in asked]
    assert [demanded(protection, line, host) for line, host in asked] == once
    assert once == ["named", "any host", "any host", "named"]


def test_memory_does_not_grow_with_what_is_asked_for() -> None:
    protection = protect(rule("/a/{one}"))
    for number in range(3 * module._REMEMBERED):
        assert demanded(protection, f"GET /a/{number}") == "/a/{one}"
        assert len(protection._seen) <= module._REMEMBERED


# --- owners ----------------------------------------------------------------------------------------------------------

OWNED = (
    Rule(path="/tokens/{userid}", requirement=Requirement(), owner="userid"),
    Rule(path="/users/{name}/password", requirement=named("admin"), self_service="name"),
    Rule(path="/shelves/{shelf}/of/{reader}/*", requirement=Requirement(), owner="reader"),
)


@pytest.mark.parametrize(
    ("path", "owner", "self_service"),
    [
        ("/tokens/ann", "ann", None),
        ("/tokens/Ann", "Ann", None),
        ("/tokens/%61nn", "ann", None),
        ("/tokens/%E2%82%AC", "€", None),
        ("/tokens/a%3Ann", "a:nn", None),
        ("/users/ann/password", None, "ann"),
        ("/shelves/7/of/ann/books/1", "ann", None),
        ("/shelves/7/of/ann", "ann", None),
        ("/tokens/ann/more", None, None),
    ],
)
def test_a_segment_of_the_path_names_the_owner__C13__S3_4(
    path: str, owner: str | None, self_service: str | None
) -> None:
    found = protect(*OWNED).find(request(f"GET {path}"))
    assert isinstance(found, Target)
    assert (found.requirement.owner, found.requirement.self_service) == (owner, self_service)


def test_one_user_s_requirement_is_not_remembered_for_another__C13() -> None:
    protection = protect(*OWNED)
    owners = []
    for name in ("ann", "bob", "ann"):
        found = protection.find(request(f"GET /tokens/{name}"))
        assert isinstance(found, Target)
        owners.append(found.requirement.owner)
    assert owners == ["ann", "bob", "ann"]


# --- paths that could be read in two ways (F22) --------------------------------------------------------------------

GUARDED = (rule("/public/*"), rule("/admin"), rule("/tokens/{userid}", "tokens", owner="userid"))


@pytest.mark.parametrize(
    "path",
    [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/.%2E/admin",
        "/public/..%2fadmin",
        "/public%2f..%2fadmin",
        "/public/..%5cadmin",
        "/public/..\\admin",
        "/public/..;/admin",
        "/public/..;x=1/admin",
        "//admin",
        "/public//admin",
        "/./admin",
        "/public/%252e%252e/admin",
        "/public/%c0%ae%c0%ae/admin",
        "/public/\uff0e\uff0e/admin".encode().decode("latin-1"),
        "/public/%EF%BC%8E%EF%BC%8E/admin",
        "/public/a%EF%BC%8Fb",
        "/public/%00",
        "/public/%0d%0a",
        "/public/a%3bb",
        "/public/#/../admin",
        "/admin%",
        "admin",
        "",
        "*",
    ],
)
def test_a_path_that_could_be_read_in_two_ways_is_neither__F22(path: str) -> None:
    assert demanded(protect(*GUARDED), f"GET {path}") == "ambiguous"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/public/a;v=1", "/public/*"),  # both readings fall under one rule
        ("/public/a;v=1/b", "/public/*"),
        ("/unheard-of;v=1", "otherwise"),
        ("/admin;v=1", "ambiguous"),  # /admin to some, a resource of another name to others
        ("/public;v=1", "ambiguous"),
        ("/public;v=1/x", "ambiguous"),
        ("/tokens/ann;v=1", "ambiguous"),  # nor is it clear whose it is
        ("/tokens;v=1/ann", "ambiguous"),
    ],
)
def test_path_parameters_may_not_change_what_is_demanded__F22(path: str, expected: str) -> None:
    assert demanded(protect(*GUARDED), f"GET {path}") == expected


def test_a_query_is_no_path__F22() -> None:
    assert demanded(protect(*GUARDED), "GET /admin?x=/public/") == "/admin"
    assert demanded(protect(*GUARDED), "GET /public/x?../admin") == "/public/*"


# --- what looking up costs --------------------------------------------------------------------------------------------


def _calls(protection: Protection, path: str) -> int:
    """How many functions are called to look this path up for the first time."""
    asked, calls = request(f"GET {path}"), 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        protection.find(asked)
    finally:
        sys.setprofile(None)
    return calls


def _many(number: int) -> list[Rule]:
    """So many rules, of every form, beside and below each other."""
    forms = ("/a/n{}", "/a/n{}/*", "/a/n{}/{{one}}", "/a/{{one}}/n{}", "/n{}/*")
    return [rule(forms[index % len(forms)].format(index)) for index in range(number)]


@pytest.mark.parametrize("path", ["/a/n10", "/a/n0/x", "/a/x/y", "/unheard-of", "/a/n5/x/y/z", "/n4/x"])
def test_looking_up_costs_the_same_among_ten_thousand_rules_as_among_twenty(path: str) -> None:
    few, many = protect(*_many(20)), protect(*_many(10_000))
    assert demanded(few, f"GET {path}") == demanded(many, f"GET {path}")
    few, many = protect(*_many(20)), protect(*_many(10_000))
    assert _calls(many, path) == _calls(few, path)


def test_looking_up_again_costs_no_more_than_the_first_lookup() -> None:
    protection = protect(*_many(100))
    first = _calls(protection, "/a/n0/x")
    assert _calls(protection, "/a/n0/x") < first
