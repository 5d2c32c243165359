"""What the applications of all members have in common: what they demand, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final, TypeAlias

from tests.edge.house import House
from tests.edge.raw import SAW, Answer, Raw, saw
from tests.edge.scenarios import DEMANDS, OPTIONAL
from watchword.core.principal import Principal

Ask: TypeAlias = Callable[[Raw], Answer]
Build: TypeAlias = Callable[[House, bool, Mapping[str, Any]], Ask]
"""Makes an application: of this house, protected as a whole (with what is demanded of it) or at its routes."""

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OWN_VARY = "Accept-Encoding"
"""What the application's own answers vary by."""

JSON = "application/json"


def _of(who: Principal | None) -> str | None:
    return None if who is None else who.subject


def fields_of(who: Principal | None, names: Any) -> dict[str, str]:
    return {SAW: saw(_of(who), names), "Vary": OWN_VARY}


def demanding(host: ModuleType, house: House) -> Iterator[tuple[str, Any]]:
    """The routes that demand, each with what the host has for it."""
    for name, wanted in OPTIONAL.items():
        yield name, host.Optional(house, **wanted)
    for name, wanted in DEMANDS.items():
        yield name, host.Authenticated(house, **wanted)


def demanding_at(path: str) -> str:
    """The name of the route that demands at this path; empty where none does."""
    before, at, behind = path.partition("/at/")
    return behind.partition("/")[0] if at and not before else ""
