"""The rows of the hosts: each peer beside Watchword with the same kind of credentials, on the same endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bench.hosts import calls, ours
from bench.hosts.calls import Served, Variant
from bench.hosts.ours import Ours
from bench.hosts.people import Credentials
from bench.measure import Measure, Measured
from bench.rows import Row, Target, cpu_ratio


class _Kind(NamedTuple):
    """A way of authentication in a framework. `beside` is ours, which takes the same kind of credentials."""

    name: str
    what: str
    beside: str | None = None


_FRAMEWORKS = {
    "fastapi": (
        _Kind("watchword-jwt", "an access token (JWT)"),
        _Kind("pyjwt", "a JWT by HTTPBearer and PyJWT, which looks nobody up", "watchword-jwt"),
        _Kind("users", "a JWT by fastapi-users", "watchword-jwt"),
    ),
    "drf": (
        _Kind("watchword-jwt", "an access token (JWT)"),
        _Kind("simplejwt", "a JWT by simplejwt", "watchword-jwt"),
        _Kind("watchword-key", "an API key"),
        _Kind("token", "a token of the framework's own", "watchword-key"),
        _Kind("knox", "a token by knox", "watchword-key"),
    ),
    "flask": (
        _Kind("watchword-basic", "a password by Basic"),
        _Kind("httpauth", "a password by Flask-HTTPAuth's Basic", "watchword-basic"),
        _Kind("watchword-session", "a session cookie"),
        _Kind("security", "a session cookie by Flask-Security", "watchword-session"),
    ),
    "litestar": (
        _Kind("watchword-jwt", "an access token (JWT)"),
        _Kind("jwt", "a JWT by the framework's own JWTAuth", "watchword-jwt"),
    ),
}
_SPREADS = {"same": "the same at each request", "many": "another person's at each request"}


def _rows(framework: str) -> tuple[Row, ...]:
    bare = Row(name=f"hosts-{framework}-open", what=f"a request to a small {framework} application that asks nobody")
    return bare, *(
        Row(
            name=f"hosts-{framework}-{kind.name}-{spread}",
            what=f"what {kind.what} costs above that, {how}",
            reference=None if kind.beside is None else f"hosts-{framework}-{kind.beside}-{spread}",
            targets=() if kind.beside is None else (_dearer_than(f"hosts-{framework}-{kind.beside}-{spread}"),),
        )
        for kind in _FRAMEWORKS[framework]
        for spread, how in _SPREADS.items()
    )


def _dearer_than(ours: str) -> Target:
    return Target(limit=1, unit="x", at_least=True, compare=cpu_ratio, to=ours)


ROWS = tuple(row for framework in _FRAMEWORKS for row in _rows(framework))

_Variants: TypeAlias = Mapping[str, Served | Variant]
_Making: TypeAlias = Callable[[Ours, Path, ExitStack, asyncio.Runner], _Variants]


def measures(names: Sequence[str], stack: ExitStack, folder: Path) -> dict[str, Measure]:
    """How to measure these rows. Each application is asked first whether it lets in whom it should, and nobody else.

    Raises:
        BenchFailed: where one does not.
    """
    if not names:
        return {}
    folder = folder / "hosts"
    folder.mkdir()
    with_us = stack.enter_context(ours.opened(folder / "watchword"))
    runner = stack.enter_context(asyncio.Runner())
    found: dict[str, Measure] = {}
    for framework in _FRAMEWORKS:
        wanted = [name for name in names if name.startswith(f"hosts-{framework}-")]
        if wanted:
            # Imported only where it is measured: together the frameworks take seconds, and memory.
            making: _Making = import_module(f"bench.hosts.{framework}").variants
            found.update(_of_framework(framework, wanted, making(with_us, folder, stack, runner)))
    return found


def _of_framework(framework: str, names: Sequence[str], variants: _Variants) -> dict[str, Measure]:
    bare, served = f"hosts-{framework}-open", variants["open"]
    assert not isinstance(served, Variant)
    groups = {spread: _Together(bare, served) for spread in _SPREADS}
    found: dict[str, Measure] = {}
    checked: set[str] = set()
    for name in names:
        kind, _, spread = name.removeprefix(f"hosts-{framework}-").rpartition("-")
        variant = variants.get(kind)
        if isinstance(variant, Variant):
            if kind not in checked:
                variant.checked(f"The bench's {framework} application with {kind}")
                checked.add(kind)
            groups[spread].add(name, variant, variant.good if spread == "many" else variant.good[:1])
            found[name] = partial(groups[spread].measured, name)
        else:
            found[name] = partial(groups["same"].measured, name)
    return found


class _Together:
    """Rows of one framework whose applications have their turns together, once in each round."""

    def __init__(self, bare: str, served: Served) -> None:
        self._bare = bare
        self._asked: dict[str, tuple[Served, Sequence[Credentials]]] = {bare: (served, [{}])}
        self._remembered: list[tuple[Served, Sequence[Credentials]]] = []
        self._left: dict[str, Measured] = {}

    def add(self, name: str, variant: Variant, sent: Sequence[Credentials]) -> None:
        """One more row, for which these are sent."""
        self._asked[name] = variant.served, sent
        if variant.remembers:
            self._remembered.append(self._asked[name])

    def measured(self, name: str, seconds: float) -> Measured:
        """This row's part: of the open application what a request costs, of others what it costs above that.

        Each has a fourth of the time of other rows: there are many of them, and none needs a server.
        """
        if name not in self._left:
            for served, sent in self._remembered:
                served.turn(sent)  # passwords are remembered for minutes only, and other rows take long
            took = calls.together(self._asked, seconds / 4)
            bare = took[self._bare]
            self._left = {other: Measured(cpu=cost - bare) for other, cost in took.items()}
            self._left[self._bare] = Measured(cpu=bare, rate=1e6 / bare)
        return self._left.pop(name)
