"""Installs the packages of tests/npm into .venv/npm, where npm can be had, and records where they are or why not.

    python tools/npm_packages.py

Quick when nothing has changed since the last time. The row "npm-packages" of .venv/left-out.json holds the folder
for NODE_PATH, or the reason without it. WATCHWORD_NPM=no keeps it from installing anything.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from debian_packages import record

ROOT = Path(__file__).resolve().parent.parent
LISTED = ROOT / "tests" / "npm"
FILES = ("package.json", "package-lock.json", ".npmrc")
PLACE = ROOT / ".venv" / "npm"
MODULES = PLACE / "node_modules"
STAMP = PLACE / "installed"
LONGEST = 600  # seconds


def main() -> None:
    why_not = None if up_to_date() else install()
    row = {"path": str(MODULES)} if why_not is None else {"left_out": why_not}
    record({"npm-packages": row})
    print(f"Packages of npm for the tests: {row.get('path') or 'LEFT OUT: ' + row['left_out']}", flush=True)


def up_to_date() -> bool:
    return STAMP.exists() and STAMP.read_text("utf-8") == wanted()


def wanted() -> str:
    """What the folder depends on."""
    return hashlib.sha256(b"".join((LISTED / file).read_bytes() for file in FILES)).hexdigest()


def install() -> str | None:
    """Install what the lock file names, checked by its hashes; answers why not, as a sentence goes on."""
    if os.environ.get("WATCHWORD_NPM") == "no":
        return "WATCHWORD_NPM=no forbids installing them"
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "there is no npm here, which is too large to be installed for a few tests"
    print("Installing packages of npm for the tests ...", flush=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    for file in FILES:
        shutil.copy(LISTED / file, PLACE)
    command = [npm, "ci", "--loglevel", "error"]
    try:
        ran = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return f"npm did not install them within {LONGEST} seconds"
    if ran.returncode != 0:
        print(ran.stderr)
        return "npm could not install them"
    STAMP.write_text(wanted(), "utf-8")
    return None


if __name__ == "__main__":
    main()
