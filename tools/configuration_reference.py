"""Writes docs/reference/configuration.md from the settings themselves: their docstrings are the manual.

`--check` writes nothing, and exits 1 where the page is not what it would be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from watchword.config.pairs import CHECKS
from watchword.config.passwords.pairs import OWASP_MINIMUM
from watchword.config.problems import shown
from watchword.config.reading.environment import OTHERS, name_of
from watchword.config.reading.later import SETTINGS
from watchword.config.reading.lines import Location
from watchword.config.section import example_of, is_list, keys_of, table_of, words_for
from watchword.config.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "configuration.md"

INTRODUCTION = f"""# Configuration

<!-- Written by tools/configuration_reference.py from the docstrings of the settings. Change those. -->

`watchword serve --config watchword.toml` reads a TOML file; without one, the defaults below hold. An environment
variable `WATCHWORD_<SECTION>__<KEY>` overrides the file, and an option of the command line overrides both. Text
and lengths of time stand in a variable as they are, everything else as JSON; `[[space]]`, `[[store]]`,
`[[mechanism]]`, `[[authorizer]]`, `[[identity_provider]]`, `[[provider]]` and `[[service_account]]` are read from the
file only.
{" and ".join(f"`{name}`" for name in sorted(OTHERS)[:2])} name the file and the data folder.

Lengths of time are `"30m"`, `"12h"`, `"90d"`, `"2s"`, or a number of seconds. Names of files begin at the folder of
the configuration file.

Unknown keys, unknown variables that begin with `WATCHWORD_`, and settings that are unsafe or impossible together
refuse to start: `watchword check` lists everything that is wrong, with the line, and says what to write instead.
"""


def reference() -> str:
    """The page."""
    return "\n".join([INTRODUCTION, *_tables(Settings, ()), *_refused(), *_later()])


def _tables(model: type[BaseModel], place: Location) -> Iterator[str]:
    """The tables below this one, each with its keys."""
    for key, field in keys_of(model).items():
        table = table_of(field.annotation)
        if table is None:
            continue
        location = (*place, key)
        header = ".".join(str(part) for part in location)
        yield f"## `[[{header}]]`\n" if is_list(field.annotation) else f"## `[{header}]`\n"
        yield f"{_paragraphs(table.__doc__)}\n"
        for name, inner in keys_of(table).items():
            yield from _key(name, inner, location)
        yield from _tables(table, location)


def _key(name: str, field: FieldInfo, table: Location) -> Iterator[str]:
    facts = [words_for(field)]
    if field.is_required():
        facts.append("required")
    elif field.default is not None and not isinstance(field.default, BaseModel):
        default = sorted(field.default) if isinstance(field.default, frozenset) else field.default
        facts.append(f"default `{shown(default)}`")
    if not is_list(keys_of(Settings)[str(table[0])].annotation):
        facts.append(f"`{name_of((*table, name))}`")
    yield f"### `{name}`\n"
    yield f"{_paragraphs(field.description)}\n"
    yield f"{_capital(', '.join(facts))}. For example `{name} = {example_of(field)}`.\n"


def _refused() -> Iterator[str]:
    yield "## What refuses to start\n"
    yield "Beside values that are wrong by themselves:\n"
    for check in CHECKS:
        yield f"- {_paragraphs(check.__doc__)}"
    minimum = ", ".join(f"`t = {t}` with `m = {m}`" for t, m in OWASP_MINIMUM.items())
    yield f"\nOWASP's minimum for Argon2id with one lane is any of {minimum} (KiB), or more.\n"


def _later() -> Iterator[str]:
    yield "## Not in this version\n"
    yield "These keys are known, and refused until what they are for is there:\n"
    for key, what in SETTINGS.items():
        yield f"- `{key}`: {what}"
    yield ""


def _paragraphs(text: str | None) -> str:
    """A docstring without the indentation of its lines."""
    return re.sub(r"\n[ ]+", "\n", text or "").strip()


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def main() -> int:
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == reference()
        if not current:
            print("docs/reference/configuration.md is out of date: run tools/configuration_reference.py")
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
