"""Reading the configuration: the file, then the environment, then the command line; all problems at once."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watchword.config.pairs import findings
from watchword.config.problems import ConfigurationError, Problem, dotted, printable
from watchword.config.reading.environment import variables
from watchword.config.reading.lines import Location, line_of, lines_of
from watchword.config.reading.sentences import sentence
from watchword.config.section import keys_of, table_of
from watchword.config.settings import Settings
from watchword.config.values import DEEPEST, FOLDER, is_nested_deeper

LARGEST_FILE = 256 * 1024


def load(file: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings that the file, the variables and the overrides make together; later ones win.

    `overrides` has tables like the file's, and comes from the command line; a None in it says nothing.

    Raises:
        ConfigurationError: with every problem that was found.
    """
    written = _Written(file)
    problems = written.read_file()
    unreadable = bool(problems)
    found, unknown = variables(environ)
    problems += unknown
    for variable, text in found:
        written.put(variable.location, variable.read(text), variable.name)
    for location, value in _leaves(overrides or {}, ()):
        written.put(location, value, "command line")
    settings, wrong = _checked(written)
    if unreadable:
        # What is missing may stand in the file.
        wrong = [error for error in wrong if error.kind != "missing"]
    problems += [written.problem(error.location, error.says) for error in wrong]
    if not unreadable:
        taken_out = [error.location for error in wrong if error.kind != "extra_forbidden"]
        problems += [
            written.problem(finding.location, finding.says)
            for finding in findings(settings)
            if not any(_related(place, bad) for place in (finding.location, *finding.depends) for bad in taken_out)
        ]
    if problems:
        raise ConfigurationError(problems)
    return settings


@dataclass(slots=True)
class _Written:
    """What was written, and by whom."""

    file: Path | None
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    text: str = ""
    lines: dict[Location, int] | None = None
    origins: dict[Location, str] = field(default_factory=dict[Location, str])
    """Where values come from that are not the file's."""

    def read_file(self) -> list[Problem]:
        """Take the file's values. What keeps it from being read is the only problem then."""
        if self.file is None:
            return []
        name = printable(str(self.file))
        try:
            self.text = _text_of(self.file)
        except OSError as error:
            return [Problem(name, f"cannot be read ({error.strerror}); write the name of a TOML file that can be")]
        except UnicodeDecodeError:
            return [Problem(name, "is not UTF-8; save it in that encoding")]
        except ValueError:
            return [Problem(name, "cannot be the name of a file; write another")]
        try:
            values: dict[str, Any] | None = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            return [_syntax_problem(name, str(error), self.text)]
        except ValueError:
            return [Problem(name, "holds a number of thousands of digits; write a shorter one")]
        except RecursionError:
            values = None
        if values is None or is_nested_deeper(values, DEEPEST):
            return [Problem(name, f"holds more than {DEEPEST} tables and lists in one another; write fewer")]
        self.values = values
        return []

    def put(self, location: Location, value: object, origin: str) -> None:
        """Write a value in place of the file's."""
        table: Any = self.values
        for part in location[:-1]:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        # What is no table is refused for that; there is nothing to write into.
        if isinstance(table, dict):
            table[location[-1]] = copy.deepcopy(value)
            self.origins[location] = origin

    def problem(self, location: Location, says: str) -> Problem:
        """The problem, with where it was written."""
        where = dotted(location)
        for end in range(len(location), 0, -1):
            if location[:end] in self.origins:
                return Problem(where, says, self.origins[location[:end]])
        if self.file is None:
            return Problem(where, says)
        if self.lines is None:
            self.lines = lines_of(self.text)
        line = line_of(location, self.lines)
        return Problem(where, says, printable(self.file.name) if line else None, line)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Something that pydantic refused. `kind` is pydantic's name for why."""

    location: Location
    kind: str
    says: str


def _checked(written: _Written) -> tuple[Settings, list[_Wrong]]:
    """The settings without whatever is wrong, and what is wrong with that."""
    values = copy.deepcopy(written.values)
    folder = Path() if written.file is None else written.file.parent
    wrong: list[_Wrong] = []
    while True:
        try:
            return Settings.model_validate(values, context={FOLDER: folder}), wrong
        except ValidationError as invalid:
            errors = [
                _Wrong(error["loc"], error["type"], sentence(error))
                for error in invalid.errors(include_url=False, include_input=False)
            ]
        # What a later round misses was taken out by the one before.
        wrong += [error for error in errors if not wrong or error.kind != "missing"]
        for error in reversed(errors):
            _take_out(values, error.location, missing=error.kind == "missing")


def _take_out(values: dict[str, Any], location: Location, *, missing: bool = False) -> None:
    """Remove what is wrong, so that the rest can be looked at. Entries of lists of tables keep their places."""
    *place, last = location
    holder: Any = values
    with suppress(KeyError, IndexError, TypeError):  # what is around it may be gone already
        for part in place:
            holder = holder[part]
        if last == "path" and place[-2:-1] == ["protect"]:
            holder[last] = "/"  # no target is without
        elif last == "name" and place[-2:-1] == ["service_account"]:
            holder[last] = "-"  # nor is any of these
        elif last == "kind" and place[-2:-1] == ["authorizer"]:
            holder[last] = "owner"  # nor of these; its name stays, for whoever asks it
        elif missing:
            _take_out(values, tuple(place))
        elif isinstance(last, int) and place[-1] in _LISTS_OF_TABLES:
            holder[last] = _least(place[0]) if len(place) == 1 else {}
        else:
            del holder[last]
            if holder == []:
                _take_out(values, tuple(place))


_LISTS_OF_TABLES = frozenset(
    ("space", "protect", "store", "service_account", "identity_provider", "provider", "mechanism", "authorizer")
)


def _least(section: int | str) -> dict[str, Any]:
    """What an entry of this list of tables cannot do without, as an example."""
    table = table_of(keys_of(Settings)[str(section)].annotation)
    assert table is not None, "it is a list of tables"
    return {
        name: copy.deepcopy(field.examples[0])
        for name, field in keys_of(table).items()
        if field.is_required() and field.examples
    }


def _related(one: Location, other: Location) -> bool:
    return one[: len(other)] == other or other[: len(one)] == one


def _leaves(table: Mapping[str, object], place: Location) -> Iterator[tuple[Location, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, key))
        elif value is not None:
            yield (*place, key), value


def _text_of(file: Path) -> str:
    if file.exists() and not file.is_file():
        raise OSError(None, "it is no file")
    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise OSError(None, f"it is larger than {LARGEST_FILE // 1024} KiB")
    return content.decode("utf-8-sig")


# tomllib ends its messages so, or with "(at end of document)".
_PLACE = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)\Z")


def _syntax_problem(name: str, message: str, text: str) -> Problem:
    place = _PLACE.search(message)
    line, column = place.groups() if place else (None, None)
    return Problem(
        name,
        f"this is no TOML{f' from column {column} on' if column else ''}: {printable(_PLACE.sub('', message))}",
        line=int(line) if line else text.rstrip().count("\n") + 1,
    )
