"""`WATCHWORD_<SECTION>__<KEY>`: environment variables that override the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from watchword.config.problems import Problem, meant, printable
from watchword.config.reading.later import SETTINGS, sentence
from watchword.config.reading.lines import Location
from watchword.config.section import is_list, is_text, keys_of, table_of
from watchword.config.settings import Settings
from watchword.config.values import DEEPEST, is_nested_deeper

PREFIX = "WATCHWORD_"

OTHERS = frozenset(("WATCHWORD_CONFIG", "WATCHWORD_DATA", "WATCHWORD_PASSWORD"))
"""Variables that the command line reads: they are no settings."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that holds a setting. `text` ones have it as it is, all others as JSON."""

    name: str
    location: Location
    text: bool

    def read(self, written: str) -> object:
        """The value, or the text itself where it is no JSON: whatever reads the setting says then what it wants."""
        if self.text:
            return written
        try:
            value = json.loads(written, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return written
        return written if is_nested_deeper(value, DEEPEST) else value


def variables(environ: Mapping[str, str]) -> tuple[list[tuple[Variable, str]], list[Problem]]:
    """The settings among the variables, whole tables before their keys, and the unknown ones as problems."""
    known = {variable.name: variable for variable in all_variables()}
    ours = sorted(name for name in environ if name.startswith(PREFIX) and name not in OTHERS)
    settings = [(known[name], environ[name]) for name in ours if name in known]
    unknown = [Problem(printable(name), _why_unknown(name, known)) for name in ours if name not in known]
    return sorted(settings, key=lambda found: len(found[0].location)), unknown


def all_variables() -> Iterator[Variable]:
    """Every variable that holds a setting."""
    for section, field in keys_of(Settings).items():
        table = table_of(field.annotation)
        if table is not None and not is_list(field.annotation):
            yield from _below(table, (section,))


def name_of(location: Location) -> str:
    """The variable of a setting: `WATCHWORD_TOKENS__SRV_URI` for `tokens.srv-uri`."""
    return PREFIX + "__".join(str(part).upper().replace("-", "_") for part in location)


def _below(table: type[BaseModel], place: Location) -> Iterator[Variable]:
    for key, field in keys_of(table).items():
        location = (*place, key)
        yield Variable(name_of(location), location, is_text(field.annotation) and not is_list(field.annotation))
        inner = table_of(field.annotation)
        if inner is not None and not is_list(field.annotation):
            yield from _below(inner, location)


def _why_unknown(name: str, known: Mapping[str, Variable]) -> str:
    for key, what in SETTINGS.items():
        if f"{name}__".startswith(name_of(tuple(key.split("."))) + "__"):
            return sentence(what)
    for section, field in keys_of(Settings).items():
        if is_list(field.annotation) and name.split("__")[0] == name_of((section,)):
            return f"lists of tables are read from the file only; write [[{section}]] there"
    # What all names have in common says nothing about which one was meant.
    near = meant(name.removeprefix(PREFIX).upper(), (other.removeprefix(PREFIX) for other in (*known, *OTHERS)))
    return f"there is no such setting; did you mean {PREFIX}{near}?" if near else "there is no such setting; remove it"


def _refuse(constant: str) -> float:
    raise ValueError(constant)
