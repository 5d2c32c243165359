"""What is published: one small module without dependencies, and types that agree with code of users."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.pouchdb import Node

LARGEST = 5000
"""Of the module, without white space and comments and compressed, in bytes."""

USED = Path(__file__).with_name("used.ts")
MISUSED = Path(__file__).with_name("misused.ts")


def test_the_module_is_small__S2_41(node_and_packages: Node, client: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (client / "watchword.js").read_bytes()
    terser = Path(node_and_packages.modules) / "terser" / "bin" / "terser"
    command = [node_and_packages.program, str(terser), str(client / "watchword.js"), "--module", "-c", "passes=2", "-m"]
    small = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    sizes = [len(gzip.compress(each, 9)) for each in (small, source)]
    with capsys.disabled():
        print(
            f"\nwatchword.js: {sizes[0]} bytes minified and compressed, {sizes[1]} compressed, {len(source)} as it is"
        )
    assert sizes[0] < LARGEST


def test_the_module_needs_nothing_and_evaluates_nothing(client: Path) -> None:
    source = (client / "watchword.js").read_text("utf-8")
    code = re.sub(r"^\s*//[^\n]*$|/\*.*?\*/", "", source, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"\bimport\b|\brequire\b|\beval\b|\bFunction\(|innerHTML|document\b|process\b", code)
    assert re.findall(r"^export (?:async )?(?:function|class) (\w+)", code, re.MULTILINE) == [
        "advice",
        "WatchwordError",
        "parseChallenges",
        "createClient",
    ]


def test_the_demo_page_has_the_very_module__S2_41(client: Path) -> None:
    link = client.parents[1] / "src" / "watchword" / "demo" / "page" / "watchword.js"
    assert link.is_symlink()  # one copy; a wheel has its content
    assert link.resolve() == (client / "watchword.js").resolve()


def test_the_package_says_what_it_is(client: Path) -> None:
    package = json.loads((client / "package.json").read_text("utf-8"))
    project = tomllib.loads((client.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert package["name"] == project["name"]
    assert package["version"] == project["version"]
    assert package["license"] == project["license"]
    assert package["type"] == "module"
    assert not package.keys() & {"scripts", "dependencies", "devDependencies", "peerDependencies"}
    for file in package["files"]:
        assert (client / file).is_file()


def complaints(packages: Node, client: Path, folder: Path, *files: Path) -> set[tuple[str, int]]:
    """The lines of these files of a user's of which the compiler complains, where it is strict."""
    config = {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "target": "es2022",
            "lib": ["es2022", "dom", "dom.iterable"],
            "module": "nodenext",
            "exactOptionalPropertyTypes": True,
            "noUncheckedIndexedAccess": True,
            "types": [],
        },
        "files": [file.name for file in files],
    }
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps(config))
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "watchword").symlink_to(client)
    tsc = Path(packages.modules) / "typescript" / "bin" / "tsc"
    command = [packages.program, str(tsc), "-p", "."]
    told = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120).stdout
    assert "error TS6053" not in told, told
    return {(name, int(line)) for name, line in re.findall(r"^(\S+?)\((\d+),\d+\): error", told, re.MULTILINE)}


def test_types_fit_what_users_write_and_nothing_else(node_and_packages: Node, client: Path, tmp_path: Path) -> None:
    lines = MISUSED.read_text("utf-8").splitlines()
    wrong = {(MISUSED.name, number) for number, line in enumerate(lines, 1) if line.endswith("// wrong")}
    assert len(wrong) > 5
    assert complaints(node_and_packages, client, tmp_path, USED, MISUSED) == wrong


def test_exports_are_those_of_the_types(node: str, client: Path) -> None:
    code = "console.log(JSON.stringify(Object.keys(await import(process.argv[1])).sort()))"
    command = [node, "--input-type=module", "-e", code, (client / "watchword.js").as_uri()]
    exported = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
    types = (client / "watchword.d.ts").read_text("utf-8")
    assert exported == sorted(re.findall(r"^export (?:function|class) (\w+)", types, re.MULTILINE))
