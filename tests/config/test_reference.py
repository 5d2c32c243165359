"""The manual is made of the settings, and nothing in it is out of date."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from watchword.config import ConfigurationError, Settings, load
from watchword.config.pairs import CHECKS
from watchword.config.reading.environment import name_of
from watchword.config.reading.later import SETTINGS
from watchword.config.reading.lines import Location
from watchword.config.section import example_of, is_list, keys_of, table_of, words_for

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "configuration.md"


def keys(model: type[BaseModel] = Settings, place: Location = ()) -> Iterator[tuple[Location, FieldInfo]]:
    """Every key below the sections."""
    for name, field in keys_of(model).items():
        if place:
            yield (*place, name), field
        table = table_of(field.annotation)
        if table is not None:
            yield from keys(table, (*place, name))


def values_with(location: Location, value: object) -> dict[str, object]:
    """The value at this place, and what the tables around it cannot do without."""
    values: dict[str, object] = {}
    table = values
    described: type[BaseModel] = Settings
    for part in location[:-1]:
        inner: dict[str, object] = {}
        key = keys_of(described)[str(part)]
        table[str(part)] = [inner] if is_list(key.annotation) else inner
        table = inner
        described = table_of(key.annotation) or described
        table.update({name: f.examples[0] for name, f in keys_of(described).items() if f.is_required() and f.examples})
    table[str(location[-1])] = value
    return values


def plain(where: str) -> str:
    return where.replace("[0]", "")


KEYS = list(keys())
IDS = [".".join(map(str, location)) for location, _ in KEYS]


def test_the_page_is_up_to_date() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "configuration_reference.py"), "--check"]
    found = subprocess.run(tool, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.parametrize(("location", "field"), KEYS, ids=IDS)
def test_every_key_is_described_and_stands_in_the_manual(location: Location, field: FieldInfo) -> None:
    description = field.description or ""
    assert description.endswith(".")
    assert words_for(field)
    page = PAGE.read_text(encoding="utf-8")
    assert description in page
    assert f"### `{location[-1]}`\n" in page
    if not is_list(keys_of(Settings)[str(location[0])].annotation):
        assert f"`{name_of(location)}`" in page


@pytest.mark.parametrize(("location", "field"), KEYS, ids=IDS)
def test_every_example_can_be_written(location: Location, field: FieldInfo) -> None:
    Settings.model_validate(values_with(location, tomllib.loads(f"value = {example_of(field)}")["value"]))


@pytest.mark.parametrize(("location", "field"), KEYS, ids=IDS)
def test_every_key_says_what_it_must_be(location: Location, field: FieldInfo) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(None, {}, values_with(location, date(1979, 5, 27)))
    (problem,) = (problem for problem in refused.value.problems if ".".join(map(str, location)) in plain(problem.where))
    assert problem.says.startswith("must be ")


def test_every_table_and_every_check_has_its_sentence() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for section, field in keys_of(Settings).items():
        table = table_of(field.annotation)
        assert table is not None
        assert (table.__doc__ or "").split("\n")[0] in page
        assert f"[{section}]" in page
    for check in CHECKS:
        assert f"- {(check.__doc__ or '').strip()}\n" in page


def test_keys_of_later_versions_are_in_the_manual_and_not_taken_yet() -> None:
    page = PAGE.read_text(encoding="utf-8")
    present = {".".join(str(part) for part in location) for location, _ in KEYS} | set(keys_of(Settings))
    for key in SETTINGS:
        assert f"- `{key}`: " in page
        assert key not in present
