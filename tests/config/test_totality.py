"""Whatever is written, there are settings or problems, and never a traceback."""

from __future__ import annotations

import contextlib
import json
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from watchword.config import ConfigurationError, Problem, Settings, load
from watchword.config.reading.environment import all_variables
from watchword.config.reading.later import SETTINGS
from watchword.config.reading.lines import lines_of
from watchword.config.section import keys_of, table_of

quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def names(model: type[BaseModel] = Settings) -> Iterator[str]:
    for name, field in keys_of(model).items():
        yield name
        table = table_of(field.annotation)
        if table is not None:
            yield from names(table)


SECTIONS = sorted(keys_of(Settings))
NAMES = sorted({*names(), *(part for key in SETTINGS for part in key.split("."))})
PLAUSIBLE = [
    "session",
    "basic",
    "auth-token",
    "openmrs",
    "::/0",
    "10.0.0.0/8",
    "https://a.example",
    "/a/{b}/*",
    "12h",
    "__Host-a",
]

scalars = (
    st.sampled_from(PLAUSIBLE)
    | st.text(max_size=20)
    | st.integers()
    | st.integers(min_value=-(10**4000), max_value=10**4000)
    | st.floats()
    | st.booleans()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
tables = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
spaces = st.lists(
    st.dictionaries(st.sampled_from(NAMES), values | st.lists(tables, max_size=2), max_size=5), max_size=2
)


def settings_or_problems(
    file: Path | None, environ: dict[str, str], overrides: dict[str, object] | None = None
) -> None:
    problems: list[Problem] = []
    try:
        assert load(file, environ, overrides).spaces()
    except ConfigurationError as refused:
        problems = refused.problems or [Problem("", "")]
    for problem in problems:
        assert problem.says
        assert str(problem).isprintable()


@quick
@given(text=st.text())
@example(text="[server]\npath = 1\n[[space]]\npath = 1\n[[space.protect]]\npath = 1\n")
@example(text="a = [[[[" * 400)
@example(text="[[space]]\n[space]\n")
@example(text="[[space.protect]]\n[[space]]\n")
@example(text="[server]\n[server.tls]\n[server]\n")
@example(text='a = """')
@example(text="a = 1979-05-27T07:32:00Z\n[server]\nhost = 07:32:00\n")
def test_any_text_is_settings_or_problems(text: str, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    settings_or_problems(file, {})


@quick
@given(content=st.binary())
def test_any_bytes_are_settings_or_problems(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_bytes(content)
    settings_or_problems(file, {})


@quick
@given(st.dictionaries(st.sampled_from(SECTIONS), tables, max_size=4), spaces)
def test_any_tables_are_settings_or_problems(
    written: dict[str, dict[str, object]], space: list[dict[str, object]]
) -> None:
    settings_or_problems(None, {}, {**written, "space": space})


@quick
@given(
    st.dictionaries(
        st.sampled_from([variable.name for variable in all_variables()])
        | st.text(string.ascii_uppercase + "_").map("WATCHWORD_".__add__)
        | st.text(),
        st.text() | values.map(lambda value: json.dumps(value)),
        max_size=4,
    )
)
@example({"WATCHWORD_SERVER__TRUSTED_PROXIES": "[" * 900 + "]" * 900})
@example({"WATCHWORD_SERVER__TLS": '{"a":' * 900 + "1" + "}" * 900})
@example({"WATCHWORD_SERVER__PORT": "9" * 5000})
@example({"WATCHWORD_SESSION__IDLE": "1e999"})
@example({"WATCHWORD_REALM__NAME": "\udcff"})
@example({"WATCHWORD_\udcff\n": "1"})
@example({"WATCHWORD_SERVER__TLS": '{"\\ud800": 1}'})
@example({"WATCHWORD_SERVER__TLS__KEY": "\x00", "WATCHWORD_SERVER__TLS__CERTIFICATE": "\x00"})
def test_any_environment_is_settings_or_problems(environ: dict[str, str]) -> None:
    settings_or_problems(None, environ)


@quick
@given(
    st.lists(
        st.sampled_from(["[a]", "[[b]]", "[[b.c]]", "[b.d]", "e = 1", "f.g = [\n1]", "h = '''\n[i]\n'''", "", "# j"])
    )
)
def test_lines_are_found_in_whatever_is_toml(statements: list[str]) -> None:
    text = "\n".join(statements)
    with contextlib.suppress(tomllib.TOMLDecodeError):
        document = tomllib.loads(text)
        lines = lines_of(text)
        assert {location[0] for location in lines} == set(document)
        assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize("name", ["\x00", "a" * 5000, "\udcff"])
def test_any_name_of_a_file_is_a_problem(name: str) -> None:
    settings_or_problems(Path(name), {})
    with pytest.raises(ConfigurationError):
        load(Path(name), {})
