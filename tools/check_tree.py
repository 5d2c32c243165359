"""Checks what no linter knows: that the pages and lists of this repository agree with each other and with the tree.

Prints one line for each thing that is wrong, and exits 1 if there is any.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from coverage_of_catalogue import ROOT, read_catalogue, read_required

PACKAGE = ROOT / "src" / "watchword"
PURE_FLOORS = ("http", "crypto", "core", "tokens", "mechanisms", "flows")

# How many ids each series has: an id is never given up, so a gap is a slip of the pen.
SERIES = (
    [f"S0.{n}" for n in range(1, 20)]
    + [f"S1.{n}" for n in range(1, 12)]
    + [f"S2.{n}" for n in range(1, 47)]
    + [f"S3.{n}" for n in range(1, 12)]
    + [f"S4.{n}" for n in range(1, 10)]
    + [f"C{n:02}" for n in range(29)]
    + [f"F{n}" for n in range(1, 41)]
)


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def links_lead_somewhere() -> Iterator[str]:
    for page in pages():
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not re.match(r"[a-z]+:|#", target) and not (page.parent / target.partition("#")[0]).exists():
                yield f"{page.relative_to(ROOT)}: the link {target} leads nowhere"


def decisions_are_numbered() -> Iterator[str]:
    for number, page in enumerate(sorted((ROOT / "docs" / "decisions").glob("*.md")), start=1):
        if not page.name.startswith(f"{number:04}-"):
            yield f"{page.relative_to(ROOT)}: the next decision is number {number:04}"


def every_dependency_is_explained() -> Iterator[str]:
    """docs/decisions/0002-dependencies.md has a row for each dependency that pyproject.toml names, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    named = {re.split(r"[^A-Za-z0-9-]", item)[0].lower() for item in wanted} - {project["name"]}
    page = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    explained = {name.lower() for name in re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE)}
    for name in sorted(named ^ explained):
        where = "docs/decisions/0002-dependencies.md" if name in named else "pyproject.toml"
        yield f"{name} is missing in {where}"


def catalogue_is_complete() -> Iterator[str]:
    listed = [name for rows in read_catalogue().values() for name in rows]
    if listed != SERIES:
        odd = sorted(set(listed) ^ set(SERIES))
        yield f"docs/catalogue.toml: missing, unknown, or out of order: {', '.join(odd) or 'the order'}"
    for name in read_required(ROOT / "docs" / "catalogue-required.txt"):
        if name not in SERIES:
            yield f"docs/catalogue-required.txt: there is no {name}"


def locks_hold_versions_and_hashes_only() -> Iterator[str]:
    allowed = re.compile(r"#.*|[a-z0-9-]+==[^\s\\]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
            if not allowed.fullmatch(line):
                yield f"{lock.relative_to(ROOT)}:{number}: neither a version nor a hash"


def packages_are_packages() -> Iterator[str]:
    """A folder of modules without __init__.py is invisible to import-linter. Alembic's are loaded by path."""
    for folder in sorted({module.parent for module in PACKAGE.rglob("*.py")}):
        if folder.name != "versions" and not (folder / "__init__.py").exists():
            yield f"{folder.relative_to(ROOT)} has no __init__.py"


def pure_floors_begin_empty() -> Iterator[str]:
    """The __init__.py of floors 0-4 imports nothing outside Watchword: .importlinter watches only what is below."""
    for floor in PURE_FLOORS:
        init = PACKAGE / floor / "__init__.py"
        for node in ast.walk(ast.parse(init.read_text(encoding="utf-8"))) if init.exists() else ():
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                if not all(name.startswith("watchword.") or name == "__future__" for name in names):
                    yield f"{init.relative_to(ROOT)}:{node.lineno}: imports {', '.join(names)}"


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    links_lead_somewhere,
    decisions_are_numbered,
    every_dependency_is_explained,
    catalogue_is_complete,
    locks_hold_versions_and_hashes_only,
    packages_are_packages,
    pure_floors_begin_empty,
)


def main() -> int:
    wrong = [line for check in CHECKS for line in check()]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
