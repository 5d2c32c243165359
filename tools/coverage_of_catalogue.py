"""Tells which behaviours of docs/catalogue.toml have tests, and which have none.

    python tools/coverage_of_catalogue.py [--brief] [--json] [--require FILE]

A test names what it shows in its own name or in a parameter's id, with an underscore for the dot:
`test_colon_stays_in_the_password__S3_1__F19`, `[C07-Basic]`. `S0_1` is not found in `S0_19`.

Exits 0; with `--require FILE` it exits 1 if an id listed in FILE has no test, if a test names an id that the catalogue
does not have, or if some tests could not be collected.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "docs" / "catalogue.toml"

# Letters and digits end an id, as does "%" before it (percent-encoded bytes in a parameter's id); "_" does not.
ID_IN_TEST = re.compile(r"(?<![A-Za-z0-9%])(S\d_\d{1,2}|C\d{2}|F\d{1,2})(?![A-Za-z0-9])")


def read_catalogue() -> dict[str, dict[str, str]]:
    """The sections by title, each with its ids and their words."""
    sections = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {section["title"]: section["rows"] for section in sections.values()}


def read_required(file: Path) -> list[str]:
    """One id a line; what follows a # is a remark."""
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def ids_in(test: str) -> set[str]:
    return {found.replace("_", ".") for found in ID_IN_TEST.findall(test)}


def collect_tests() -> tuple[list[str], bool]:
    """The node id of every test, whatever its markers, and whether all could be collected."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "node-ids.json"
        pytest = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--no-header", f"--node-ids={file}"]
        done = subprocess.run(
            [*pytest, "--continue-on-collection-errors", "-m", ""], cwd=ROOT, capture_output=True, text=True
        )
        tests: list[str] = json.loads(file.read_text()) if file.exists() else []
    complete = done.returncode in (0, 5)
    if not complete:
        print(done.stdout[-4000:], done.stderr[-4000:], "Not every test could be collected.", sep="\n", file=sys.stderr)
    return tests, complete


def tests_by_id(tests: Iterable[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        for found in ids_in(test):
            result[found].append(test)
    return result


def show(catalogue: Mapping[str, Mapping[str, str]], found: Mapping[str, list[str]], brief: bool) -> None:
    for title, rows in catalogue.items():
        untested = [name for name in rows if name not in found]
        print(f"{title}: {len(rows) - len(untested)} of {len(rows)}")
        if brief:
            print(*(["  no test: ", *untested] if untested else ["  all have tests"]))
        else:
            for name, words in rows.items():
                print(f"  {name:<6} {len(found.get(name, ())) or '-':>4}  {words}")
        print()


def problems(known: set[str], found: Mapping[str, list[str]], required: Iterable[str]) -> list[str]:
    unknown = [f"{name} is not in the catalogue, but in {found[name][0]}" for name in sorted(set(found) - known)]
    return unknown + [f"{name} is required and has no test" for name in required if name not in found]


def main() -> int:
    parser = argparse.ArgumentParser(description="Which behaviours of the catalogue have tests.")
    parser.add_argument("--brief", action="store_true", help="only sums, and what has no test")
    parser.add_argument("--json", action="store_true", help="for machines: the tests of each id")
    parser.add_argument("--require", type=Path, metavar="FILE", help="fail unless every id listed there has a test")
    options = parser.parse_args()

    catalogue = read_catalogue()
    known = {name for rows in catalogue.values() for name in rows}
    tests, complete = collect_tests()
    found = tests_by_id(tests)
    if options.json:
        print(json.dumps({name: sorted(found.get(name, ())) for rows in catalogue.values() for name in rows}, indent=2))
    else:
        show(catalogue, found, options.brief)
        print(f"{len(known & set(found))} of {len(known)} ids have tests; {len(tests)} tests in all.")

    wrong = problems(known, found, read_required(options.require) if options.require else ())
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if options.require and (wrong or not complete) else 0


if __name__ == "__main__":
    sys.exit(main())
