"""Which plug-ins are installed here. Nothing is imported but what the configuration asks for by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, TypeAlias

from watchword.config.problems import printable, shown

PlugInKind: TypeAlias = Literal["mechanism", "store", "token manager", "authorizer"]

GROUPS: dict[PlugInKind, str] = {
    "mechanism": "watchword.mechanism",
    "store": "watchword.store",
    "token manager": "watchword.token_manager",
    "authorizer": "watchword.authorizer",
}
"""The group of entry points in which packages offer each kind."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class PlugInRefused(Exception):
    """The plug-in cannot be used. Its text goes on after the name of the setting that asks for it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point. `package` is the distribution that it came with, and its version."""

    kind: PlugInKind
    name: str
    package: str


def is_installed(kind: PlugInKind, name: str) -> bool:
    """Whether some package here offers this name."""
    return _NAME.fullmatch(name) is not None and bool(entry_points(group=GROUPS[kind], name=name))


def all_installed() -> Iterator[Installed]:
    """Every plug-in of every package here."""
    for kind, group in GROUPS.items():
        for point in sorted(entry_points(group=group), key=lambda point: (point.name, _package(point))):
            yield Installed(kind, printable(point.name), _package(point))


def loaded(kind: PlugInKind, name: str) -> tuple[object, str]:
    """What the entry point stands for, and the package that it came with.

    Raises:
        PlugInRefused: where there is none, or more than one, or it cannot be imported.
    """
    points = list(entry_points(group=GROUPS[kind], name=name))
    packages = sorted({_package(point) for point in points})
    if not points:
        raise PlugInRefused(f"no package that is installed here has the {kind} {shown(name)}; install one that has")
    if len(packages) > 1:
        raise PlugInRefused(f"{' and '.join(packages)} both have the {kind} {shown(name)}; uninstall all but one")
    try:
        return points[0].load(), packages[0]
    except Exception as error:  # an import may raise anything
        why = printable(f"{type(error).__name__}: {error}")[:300]
        raise PlugInRefused(f"{packages[0]} cannot be imported ({why}); install it again, or leave it out") from None


def _package(point: EntryPoint) -> str:
    return "an unnamed package" if point.dist is None else printable(f"{point.dist.name} {point.dist.version}")
