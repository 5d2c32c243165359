"""The bench as it is run: every row that is promised is measured, and the table can be read by people and programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import ALL_ROWS, FULL_ROWS, SHORT_ROWS
from bench.report import COLUMNS

ROOT = Path(__file__).parents[2]
BENCH = [sys.executable, "-m", "bench"]
HOW = ("session", "basic", "token", "jwt", "opaque", "key", "none")
PEERS = (
    "fastapi-pyjwt",
    "fastapi-users",
    "drf-simplejwt",
    "drf-token",
    "drf-knox",
    "flask-httpauth",
    "flask-security",
    "litestar-jwt",
)
PROMISED = {
    "bare",
    "login-basic",
    "nginx-bare",
    "nginx-basic",
    *(f"{what}-{how}" for what in ("verify", "whoami", "guarded") for how in HOW),
    *(f"jwt-{how}-{alg}" for how in ("raw", "first") for alg in ("ES256", "EdDSA", "RS256", "PS256", "HS256")),
    "jwt-again-ES256",
    "core-check-jwt",
    "core-check-key",
    "core-check-basic",
    "storm-idle",
    "storm-checks",
    *(f"{number}-{credentials}" for number in ("three", "all") for credentials in ("session", "key")),
    "refresh-rotations",
    "refresh-http",
    *(f"few-{kind}" for kind in ("session", "key", "family")),
    *(f"hosts-{framework}-open" for framework in ("fastapi", "drf", "flask", "litestar")),
    *(f"hosts-{peer}-{spread}" for peer in PEERS for spread in ("same", "many")),
}
PROMISED_TO_THE_PATIENT = {"find-1000000", "clean-up"}
PROMISED_BY_NAME = {f"millions-{kind}" for kind in ("session", "key", "family")}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BENCH, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_short_form_has_every_row() -> None:
    assert {row.name for row in SHORT_ROWS} >= PROMISED


@pytest.mark.long
def test_short_form_measures_every_row(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = bench("--short", "--rounds", "1", "--json", str(file))
    assert (run.returncode, run.stderr) == (0, "")
    machine, head, *lines = run.stdout.splitlines()
    assert machine.startswith("python 3.")
    assert head.split("  ")[0] == COLUMNS[0]
    assert all(column in head for column in COLUMNS)
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert PROMISED <= set(rows) == {row.name for row in SHORT_ROWS}
    assert [line.split()[0] for line in lines if line] == list(rows)
    for name, row in rows.items():
        figures = [row[part]["median"] for part in ("cpu", "rate", "p50", "p99", "value") if row[part] is not None]
        assert figures, name
        assert min(figures) > 0, name
        assert (row["ratio"] is None) == (row["reference"] is None), name


def test_row_of_a_group_is_measured_alone_with_what_it_is_compared_with(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = bench("--short", "--rounds", "1", "--own-load", "--rows", "verify-session", "--json", str(file))
    assert (run.returncode, run.stderr) == (0, "")
    assert [row["name"] for row in json.loads(file.read_text())["rows"]] == ["bare", "verify-session"]
    assert "our own generator" in run.stdout


def test_unknown_row_is_a_sentence_that_names_them_all() -> None:
    run = bench("--rows", "fast")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("there is no row 'fast': choose from bare, ")
    assert all(row.name in run.stderr for row in ALL_ROWS)


def test_rows_that_take_long_are_measured_where_they_are_asked_for() -> None:
    short, full, every = ({row.name for row in rows} for rows in (SHORT_ROWS, FULL_ROWS, ALL_ROWS))
    assert short < full < every
    assert full - short >= PROMISED_TO_THE_PATIENT
    assert every - full == PROMISED_BY_NAME
