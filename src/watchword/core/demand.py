"""What a route of an application demands, besides what the rules say of its path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from watchword.core.authorizer import Authorizer
from watchword.core.authorizer_function import by_function
from watchword.core.questions import Authorize
from watchword.core.requirement import Requirement
from watchword.core.space import Target

_NOBODY_HAS: Final = frozenset(("",))
_REMEMBERED: Final = 1024


class _Combined(NamedTuple):
    base: Requirement
    all_in_all: Requirement
    first: Requirement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Said at the route itself. All of it has to be met, and all of what a rule says of the path.

    - `public`: whoever sends no credentials passes, too. Only where no rule names the path: what the configuration
      protects is not opened by a line of code.
    - `mechanisms`, `roles`, `permissions`, `scopes`, `authorizers`, `acr` and `max_age` are as in `Requirement`.
    - `unnamed_only`: said for a whole application, and so of no path that a rule names.
    """

    public: bool = False
    mechanisms: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    authorizers: tuple[Authorizer, ...] = field(default=(), hash=False)
    acr: frozenset[str] = frozenset()
    max_age: float | None = None
    unnamed_only: bool = False
    _known: dict[tuple[int, bool], _Combined] = field(
        default_factory=dict[tuple[int, bool], "_Combined"], init=False, repr=False, compare=False
    )

    def on(self, target: Target) -> Requirement:
        """What is demanded of whoever asks for this target, all in all: of the same target the same object."""
        return self._combined(target).all_in_all

    def first(self, target: Target) -> Requirement | None:
        """What has to be met without the word of the authorizers that stand here, where there is such a thing: they
        allow what the route refuses, and not what a rule does."""
        return self._combined(target).first if self.authorizers else None

    def _combined(self, target: Target) -> _Combined:
        base = target.requirement
        # Found by identity, because comparing all that it may demand takes longer than a whole check. What is kept
        # keeps its identity, too.
        known = self._known.get((id(base), target.named))
        if known is not None:
            return known
        made = self._on(base, named=target.named)
        first = None
        if made is not base and (base.roles or base.permissions):
            first = replace(made, roles=base.roles, permissions=base.permissions, authorizers=base.authorizers)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[id(base), target.named] = _Combined(base, made, first)
        return found

    def _on(self, base: Requirement, *, named: bool) -> Requirement:
        if self.unnamed_only and named:
            return base
        return replace(
            base,
            public=self.public and (base.public or not named),
            mechanisms=_both(base.mechanisms, self.mechanisms),
            roles=base.roles | self.roles,
            permissions=base.permissions | self.permissions,
            scopes=base.scopes | self.scopes,
            authorizers=base.authorizers + self.authorizers,
            # An empty set demands nothing: where no class is acceptable to both, none is.
            acr=(base.acr & self.acr or _NOBODY_HAS) if base.acr and self.acr else base.acr | self.acr,
            max_age=_younger(base.max_age, self.max_age),
        )


def demand(
    *,
    public: bool = False,
    mechanisms: Collection[str] | None = None,
    roles: Collection[str] = (),
    permissions: Collection[str] = (),
    scopes: Collection[str] = (),
    acr: Collection[str] = (),
    max_age: float | None = None,
    authorize: Authorize | Authorizer | None = None,
) -> Demand:
    """A demand, as routes write it.

    `authorize` is an authorizer, or a function that may block, of the principal and the request: it says `Word.ALLOW`,
    `Word.VETO`, or nothing.

    Raises:
        TypeError: where a string stands for a collection of them, or `authorize` has to be awaited.
        ValueError: where `max_age` is no number of seconds.
    """
    for name, given in {
        "mechanisms": mechanisms,
        "roles": roles,
        "permissions": permissions,
        "scopes": scopes,
        "acr": acr,
    }.items():
        if isinstance(given, str):
            raise TypeError(f'{name} is a collection: write {name}={{"{given}"}}')
    if max_age is not None and not 0 <= max_age < float("inf"):
        raise ValueError("max_age is a number of seconds, such as 300")
    return Demand(
        public=public,
        mechanisms=None if mechanisms is None else frozenset(mechanisms),
        roles=frozenset(roles),
        permissions=frozenset(permissions),
        scopes=frozenset(scopes),
        authorizers=() if authorize is None else (_authorizer(authorize),),
        acr=frozenset(acr),
        max_age=max_age,
    )


def _authorizer(given: Authorize | Authorizer) -> Authorizer:
    return by_function(given) if callable(given) else given


def _both(some: frozenset[str] | None, others: frozenset[str] | None) -> frozenset[str] | None:
    """Those that both allow, where None allows all."""
    if some is None or others is None:
        return others if some is None else some
    return some & others


def _younger(one: float | None, other: float | None) -> float | None:
    ages = [age for age in (one, other) if age is not None]
    return min(ages) if ages else None
