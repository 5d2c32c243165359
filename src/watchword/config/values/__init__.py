"""How single values are read: each by one function that takes whatever was written and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from watchword.config.plug_ins.installed import PlugInKind, is_installed
from watchword.config.problems import meant, shown
from watchword.config.values.durations import FORMS, seconds

T = TypeVar("T")


class Unfit(ValueError):
    """The value is not of its kind; nothing more is to be said than what kind that is."""


@dataclass(frozen=True, slots=True)
class Read:
    """How a value is read: what it must be, in words that go on after "must be", and the function that reads it.

    The function takes whatever was written, and the configuration file's folder where it is `relative`. It raises
    `Unfit`, or `ValueError` with a sentence that goes on after the setting's name.
    """

    words: str
    function: Callable[..., object]
    relative: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        if not self.relative:
            return core_schema.no_info_plain_validator_function(self.function)
        return core_schema.with_info_plain_validator_function(
            lambda value, info: self.function(value, (info.context or {}).get(FOLDER, Path()))
        )


FOLDER = "folder"
"""Where the validation context holds the folder to which files are relative."""

DEEPEST = 16
"""Tables and lists in one another. No setting needs half of that, and walking down ends somewhere."""


def is_nested_deeper(value: object, levels: int) -> bool:
    """Whether there are more tables and lists in one another than `levels`."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(is_nested_deeper(item, levels - 1) for item in inner))


def whole(low: int, high: int) -> Read:
    """A whole number from `low` to `high`."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Unfit
        return value

    return Read(f"a whole number from {low} to {high}", read)


NOTHING_OTHERWISE: Mapping[str, str] = {}


def choice(
    *names: str,
    later: Iterable[str] = (),
    what: str = "",
    otherwise: Mapping[str, str] = NOTHING_OTHERWISE,
    plug_ins: PlugInKind | None = None,
) -> Read:
    """One of some names. `later` are those that only a later version will know, `what` says what they are; `otherwise`
    has those that are asked for in another way, each with a sentence that says how. `plug_ins` of this kind may be
    asked for by the names under which they are installed; none takes a name of ours."""
    coming = frozenset(later)
    quoted = [f'"{name}"' for name in names]
    listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise Unfit
        if value in names:
            return value
        meaning = value.lower().replace("_", "-")
        if meaning in otherwise:
            raise ValueError(otherwise[meaning])
        if meaning in coming:
            raise ValueError(f"this version has no {what} {shown(value)} yet; write {listed}")
        if plug_ins is not None and is_installed(plug_ins, value):
            return value
        near = meant(value, names)
        hint = "" if plug_ins is None else "; no package that is installed here has a plug-in of that name"
        raise ValueError(f"must be {listed}, not {shown(value)}" + (f'; did you mean "{near}"?' if near else hint))

    return Read(listed, read)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Unfit
    return value


def _minutes(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 60 * 24 * 366:
        raise Unfit
    return float(value)


Switch: TypeAlias = Annotated[bool, Read("true or false", _switch)]
Text: TypeAlias = Annotated[str, Read("text without control characters", _text)]
Duration: TypeAlias = Annotated[float, Read(FORMS, seconds)]
Minutes: TypeAlias = Annotated[float, Read("a number of minutes, more than 0 and at most a year", _minutes)]


def _once(values: tuple[T, ...]) -> tuple[T, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{shown(value)} stands there twice; write it once")
    return values


Once = AfterValidator(_once)
"""For lists in which nothing may stand twice."""


def _some(values: T) -> T:
    if not values:
        raise ValueError("is an empty list; write at least one entry, or leave the key out")
    return values


Some = AfterValidator(_some)
"""For lists that must not be empty."""
