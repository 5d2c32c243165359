"""What the tests of the table go through: requirements, circumstances, and credentials in every combination.

The names of requirements and circumstances become ids of tests, and name the cells that they are there for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import combinations, product
from typing import Final

from tests.table.oracle import NOTHING, Answer, Said, expected
from tests.table.scripted import (
    BASIC,
    BEARER,
    CERTIFICATE,
    DIGEST,
    MARKS,
    NOW,
    OTHER_MARKS,
    OTHERS,
    SESSION,
    SIX,
    Scripted,
    ScriptedAuthorizer,
    at_once,
    marked,
    outcome_of,
    space,
)
from watchword.core.ask import Steps
from watchword.core.authorizer import Word
from watchword.core.circumstances import Circumstances, Suppress
from watchword.core.decision import Decision, Granted
from watchword.core.guard import guard
from watchword.core.outcome import Outcome
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import ProtectionSpace
from watchword.edge.drive import run
from watchword.http.authentication import Challenge
from watchword.http.message import Request

_ADMIN = frozenset(("admin",))
_LOGIN = "/ui/login"

REQUIREMENTS: Final[Mapping[str, Requirement]] = {
    "protected__C03_C05_C07_C08_C09": Requirement(),
    "public__C01_C02": Requirement(public=True),
    "public_ignoring_invalid__C01_C02": Requirement(public=True, ignore_invalid=True),
    "public_but_sets_session__C14": Requirement(public=True, sets_session=True),
    "public_with_role__C12": Requirement(public=True, roles=_ADMIN),
    "public_with_login_page__C02_C23": Requirement(public=True, login_page=_LOGIN),
    "role_held__C00_C06": Requirement(roles=frozenset(("clerk",)), permissions=frozenset(("read",))),
    "role_missing__C12": Requirement(roles=_ADMIN),
    "permission_missing__C12": Requirement(permissions=frozenset(("write",))),
    "own_despite_role__C00": Requirement(roles=_ADMIN, self_service="ann"),
    "owner_self__C00": Requirement(owner="ann"),
    "owner_other__C13": Requirement(owner="bob"),
    "owner_other_and_role_missing__C13": Requirement(owner="bob", roles=_ADMIN),
    "scope_held__C00": Requirement(scopes=frozenset(("read",))),
    "scope_missing__C11": Requirement(scopes=frozenset(("read", "write"))),
    "role_and_scope_missing__C12": Requirement(roles=_ADMIN, scopes=frozenset(("write",))),
    "scope_missing_and_too_old__C11": Requirement(scopes=frozenset(("write",)), max_age=600),
    "too_weak__C15": Requirement(acr=frozenset(("gold", "platinum"))),
    "too_old__C15": Requirement(max_age=600),
    "old_to_the_second__C15": Requirement(max_age=3600),
    "second_factor_for_a_role__C15": Requirement(second_factor_for=frozenset(("clerk", "admin"))),
    "second_factor_for_a_role_of_others__C00": Requirement(second_factor_for=_ADMIN),
    "public_ignoring_invalid_second_factor__C01": Requirement(
        public=True, ignore_invalid=True, second_factor_for=frozenset(("clerk",))
    ),
    "fresh_enough__C00": Requirement(max_age=3601),
    "role_missing_and_too_old__C12": Requirement(roles=_ADMIN, max_age=600),
    "hidden": Requirement(hidden=True),
    "hidden_role_missing__C12": Requirement(hidden=True, roles=_ADMIN),
    "login_page__C23": Requirement(login_page=_LOGIN),
    "hidden_login_page__C23": Requirement(hidden=True, login_page=_LOGIN),
    "strict__C28": Requirement(precedence=Precedence.STRICT),
    "strict_public__C28": Requirement(precedence=Precedence.STRICT, public=True),
    "strict_owner_other__C28_C13": Requirement(precedence=Precedence.STRICT, owner="bob"),
    "deliberate_first": Requirement(precedence=Precedence.DELIBERATE_FIRST),
    "deliberate_first_owner_self__C13": Requirement(precedence=Precedence.DELIBERATE_FIRST, owner="ann"),
    "not_exposed__C12": Requirement(mechanisms=frozenset(("session", "basic"))),
    "bearer_only__C12_C15": Requirement(mechanisms=frozenset(("bearer",)), max_age=600),
    "key_only_too_old__C15": Requirement(mechanisms=frozenset(("api-key",)), max_age=600),
    "malformed_is_400__C08": Requirement(malformed_status=400),
    "bad_keys_are_400__C09__S4_2": Requirement(apikey_status=400),
    "bad_keys_are_400_and_hidden__C09": Requirement(apikey_status=400, hidden=True),
    "session_expired_is_403__C05": Requirement(session_expired_status=403),
    "sets_session__C14": Requirement(sets_session=True),
    "acts__C14": Requirement(acts=True),
}

_ALLOWS = (ScriptedAuthorizer(Word.ALLOW),)
_VETOES = (ScriptedAuthorizer(Word.VETO),)
_FAILS = (ScriptedAuthorizer("failed"),)

AUTHORIZED: Final[Mapping[str, Requirement]] = {
    "nothing_said__C00": Requirement(authorizers=(ScriptedAuthorizer("nothing"),)),
    "nothing_said_role_missing__C12": Requirement(roles=_ADMIN, authorizers=(ScriptedAuthorizer("nothing"),)),
    "allowed_despite_role_and_permission__C00": Requirement(
        roles=_ADMIN, permissions=frozenset(("write",)), authorizers=_ALLOWS
    ),
    "allowed_scope_missing__C11": Requirement(roles=_ADMIN, scopes=frozenset(("write",)), authorizers=_ALLOWS),
    "allowed_too_old__C15": Requirement(roles=_ADMIN, max_age=600, authorizers=_ALLOWS),
    "allowed_not_exposed__C12": Requirement(roles=_ADMIN, mechanisms=frozenset(("session",)), authorizers=_ALLOWS),
    "allowed_owner_other__C13": Requirement(owner="bob", authorizers=_ALLOWS),
    "allowed_strict__C28": Requirement(precedence=Precedence.STRICT, authorizers=_ALLOWS),
    "allowed_by_one_vetoed_by_another__C12": Requirement(roles=_ADMIN, authorizers=_ALLOWS + _VETOES),
    "allowed_by_one_vetoed_by_another_too_old__C15": Requirement(
        roles=_ADMIN, max_age=600, authorizers=_ALLOWS + _VETOES
    ),
    "allowed_by_one_unheard_another__C17": Requirement(roles=_ADMIN, authorizers=_ALLOWS + _FAILS),
    "vetoed__C12": Requirement(authorizers=_VETOES),
    "vetoed_role_missing__C12": Requirement(roles=_ADMIN, authorizers=_VETOES),
    "vetoed_and_hidden__C12": Requirement(hidden=True, authorizers=_VETOES),
    "vetoed_scope_missing__C11": Requirement(scopes=frozenset(("write",)), authorizers=_VETOES),
    "vetoed_public__C12": Requirement(public=True, authorizers=_VETOES),
    "vetoed_public_ignoring_invalid__C12": Requirement(public=True, ignore_invalid=True, authorizers=_VETOES),
    "unheard__C17": Requirement(authorizers=_FAILS),
    "unheard_role_missing__C17": Requirement(roles=_ADMIN, authorizers=_FAILS),
    "unheard_role_and_scope_missing__C11": Requirement(roles=_ADMIN, scopes=frozenset(("write",)), authorizers=_FAILS),
    "unheard_public__C17": Requirement(public=True, authorizers=_FAILS),
    "unheard_and_vetoed__C12": Requirement(authorizers=_FAILS + _VETOES),
    "unheard_and_vetoed_public__C12": Requirement(public=True, authorizers=_FAILS + _VETOES),
}
"""What authorizers add, in a few circumstances: their word counts after everything else."""

_AUTHORIZED_HERE: Final = ("plain", "foreign_unsafe__C14", "remove", "cleartext__C14")

_BROWSER = Circumstances(browser=True)
_OTHER_SCHEME = Circumstances(authorization=True, bearer=True, presents=True)
_ALL_AT_ONCE = Circumstances(
    preflight=True, oversize=True, cleartext=True, presents=True, peer_allowed=False, broken="scripted", bearer=True
)

CALM: Final[Mapping[str, Circumstances]] = {
    "plain": Circumstances(),
    "unsafe": Circumstances(unsafe=True),
    "browser": _BROWSER,
    "browser_unsafe": replace(_BROWSER, unsafe=True),
    "foreign": replace(_BROWSER, foreign=True),
    "foreign_unsafe__C14": replace(_BROWSER, foreign=True, unsafe=True),
    "foreign_unsafe_no_popup__C14": replace(_BROWSER, foreign=True, unsafe=True, suppress=Suppress.POPUPS),
    "navigation__C23": replace(_BROWSER, navigation=True),
    "navigation_without_metadata__C23": Circumstances(navigation=True),
    "no_popup": Circumstances(suppress=Suppress.POPUPS),
    "remove": Circumstances(suppress=Suppress.ALL),
    "other_scheme__C04": _OTHER_SCHEME,
    "navigation_with_other_scheme__C04": replace(_OTHER_SCHEME, navigation=True),
    "browser_navigation_with_other_scheme__C23": replace(_OTHER_SCHEME, navigation=True, browser=True),
    "forward_proxy__C25": Circumstances(proxying=True),
}
"""Circumstances in which the credentials count."""

STAGE_1: Final[Mapping[str, Circumstances]] = {
    "preflight__C22": Circumstances(preflight=True),
    "oversize__C18": Circumstances(oversize=True),
    "cleartext__C14": Circumstances(cleartext=True),
    "cleartext_with_credentials__C14": Circumstances(cleartext=True, presents=True),
    "peer_not_allowed__C14": Circumstances(peer_allowed=False),
    "broken__C10": Circumstances(broken="scripted"),
    "broken_bearer__C10": Circumstances(broken="scripted", authorization=True, bearer=True),
    "broken_bearer_no_popup__C10": Circumstances(broken="scripted", bearer=True, suppress=Suppress.POPUPS),
    "broken_bearer_remove__C10": Circumstances(broken="scripted", bearer=True, suppress=Suppress.ALL),
    "everything__C22": _ALL_AT_ONCE,
    "all_but_preflight__C18": replace(_ALL_AT_ONCE, preflight=False),
    "cleartext_peer_broken__C14": replace(_ALL_AT_ONCE, preflight=False, oversize=False),
    "peer_broken__C14": replace(_ALL_AT_ONCE, preflight=False, oversize=False, cleartext=False),
    "preflight_from_forbidden_peer__C22": Circumstances(preflight=True, peer_allowed=False, unsafe=True),
}
"""Circumstances that may decide alone."""

SMALL: Final[Mapping[str, tuple[Scripted, ...]]] = {
    "session_and_basic": (SESSION, BASIC),
    "basic_alone": (BASIC,),
    "basic_and_digest": (BASIC, DIGEST),
    "session_basic_digest": (SESSION, BASIC, DIGEST),
    "bearer_alone": (BEARER,),
    "certificate_alone": (CERTIFICATE,),
}
SPACES: Final = {"six": SIX, "others": OTHERS, **SMALL}

_BUILT: Final = {name: space(*mechanisms) for name, mechanisms in SPACES.items()}


@dataclass(frozen=True, slots=True)
class Presented:
    """Credentials of some mechanisms: the request that carries them, and what each mechanism says of them."""

    space: ProtectionSpace
    names: tuple[str, ...]
    request: Request
    outcomes: Mapping[str, Outcome]

    def decide(self, circumstances: Circumstances, requirement: Requirement) -> Steps[Decision]:
        """What the code decides."""
        return guard(self.request, self.space, requirement, circumstances, NOW)

    def expected(self, circumstances: Circumstances, requirement: Requirement) -> Answer:
        """What the table says."""
        return expected(circumstances, self.names, self.outcomes, requirement, NOW)

    def __str__(self) -> str:
        said = (f"{name}: {outcome}" for name, outcome in self.outcomes.items())
        return f"{' '.join(self.names)} <- {', '.join(said) or 'nothing'}"


@lru_cache
def presented(name: str, *, at_least: int = 0, at_most: int, marks: tuple[str, ...] = MARKS) -> tuple[Presented, ...]:
    """Every way to present credentials of so many mechanisms of the space of this name."""
    mechanisms = SPACES[name]
    names = tuple(m.name for m in mechanisms)
    return tuple(
        Presented(
            _BUILT[name],
            names,
            marked({m.name: mark for m, mark in zip(chosen, said, strict=True)}),
            {m.name: outcome_of(m, mark) for m, mark in zip(chosen, said, strict=True)},
        )
        for count in range(at_least, min(at_most, len(mechanisms)) + 1)
        for chosen in combinations(mechanisms, count)
        for said in product(marks, repeat=count)
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """One requirement under one set of circumstances, for many ways to present credentials. Its `id` names cells."""

    id: str
    requirement: Requirement
    circumstances: Circumstances
    presented: tuple[Presented, ...]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """One for each of `presented`, driven as a blocking server drives them."""
        return _decided(self.id)


def _ways(needs: str, here: str) -> Iterator[tuple[Presented, ...]]:
    """Single credentials under every requirement and in all circumstances, more of them where it tells more.

    Two meet under every requirement and in all circumstances, three where the order of the rows is all that counts.
    """
    if here in STAGE_1:
        yield presented("six", at_most=1, marks=("accepted", "rejected", "unanswered"))
        return
    yield presented("six", at_most=1, marks=MARKS + OTHER_MARKS)
    yield presented("others", at_most=1)
    if needs in AUTHORIZED:
        return
    if here == "plain" or needs in _TELLING:
        for name in SMALL:
            yield presented(name, at_most=3 if here == "plain" else 2)
    if here in ("plain", "foreign_unsafe__C14") or needs in _TELLING:
        yield presented("six", at_least=2, at_most=2)
    if (needs, here) in _MOST_TELLING:
        yield presented("six", at_least=3, at_most=3)
        yield presented("six", at_least=2, at_most=2, marks=("accepted", *OTHER_MARKS))
        yield presented("others", at_least=2, at_most=2)


_TELLING = ("protected__C03_C05_C07_C08_C09", "public__C01_C02", "login_page__C23")
_MOST_TELLING = (
    ("protected__C03_C05_C07_C08_C09", "plain"),
    ("protected__C03_C05_C07_C08_C09", "foreign_unsafe__C14"),
    ("public__C01_C02", "browser_unsafe"),
    ("login_page__C23", "navigation__C23"),
    ("strict__C28", "plain"),
)

CHUNKS: Final = {
    f"{needs}-{here}": Chunk(
        f"{needs}-{here}", requirement, circumstances, tuple(way for ways in _ways(needs, here) for way in ways)
    )
    for needs, requirement in {**REQUIREMENTS, **AUTHORIZED}.items()
    for here, circumstances in {**CALM, **STAGE_1}.items()
    if needs in REQUIREMENTS or here in _AUTHORIZED_HERE
}


@cache
def _decided(chunk_id: str) -> tuple[Decision, ...]:
    chunk, answers = CHUNKS[chunk_id], at_once()
    return tuple(run(way.decide(chunk.circumstances, chunk.requirement), answers) for way in chunk.presented)


def told(decision: Decision) -> Answer:
    """A decision in the oracle's words."""
    if isinstance(decision, Granted):
        subject = None if decision.principal is None else decision.principal.subject
        return Answer(cell=decision.cell, status=None, clears=_names(decision), principal=subject)
    return Answer(
        cell=decision.cell,
        status=decision.status,
        code=decision.code,
        challenges=frozenset(map(_said, decision.challenges)),
        clears=_names(decision),
        retry_after=decision.retry_after,
        location=decision.location,
        hidden=decision.hidden,
        deprecated=decision.deprecated,
    )


def _names(decision: Decision) -> frozenset[str]:
    return frozenset(mechanism.name for mechanism in decision.clears)


@lru_cache
def _said(challenge: Challenge) -> Said:
    stale = "stale" if challenge.param("stale") == "true" else NOTHING
    return challenge.scheme, challenge.param("error") or stale
