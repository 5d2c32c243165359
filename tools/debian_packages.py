"""Finds the programs that the tests or the benchmarks start, installs the missing ones where it may, and records all.

    python tools/debian_packages.py tests|bench

Prints a table, and writes it to .venv/left-out.json, where tests/conftest.py reads what may be missing and why.
WATCHWORD_APT=no keeps it from installing anything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / ".venv" / "left-out.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program, what it may be called, and the Debian packages that bring it.

    `proof` are arguments with which it exits 0: Ubuntu ships a /usr/bin/chromium-browser that only says where to look.
    Without packages it is used where it is, and never installed.
    """

    name: str
    commands: tuple[str, ...]
    packages: tuple[str, ...]
    purpose: str
    proof: tuple[str, ...] | None = None

    def path(self) -> str | None:
        """Where it is, or None. Servers lie in sbin, which is seldom on the PATH of anybody but root."""
        servers = ("/usr/local/sbin", "/usr/sbin", "/sbin", *glob("/usr/lib/postgresql/*/bin"))
        folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *servers))
        for command in self.commands:
            found = shutil.which(command, path=folders)
            if found and self._works(found):
                return found
        return None

    def _works(self, found: str) -> bool:
        if self.proof is None:
            return True
        try:
            return subprocess.run([found, *self.proof], capture_output=True, timeout=60).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            return False


CURL = Program(
    name="curl",
    commands=("curl",),
    packages=("curl",),
    proof=("--version",),
    purpose="the documented commands, run as they stand",
)
NGINX = Program(
    name="nginx",
    commands=("nginx",),
    packages=("nginx",),
    proof=("-v",),
    purpose="forward-auth behind a real proxy",
)
CHROMIUM = Program(
    name="chromium",
    commands=("chromium", "chromium-browser", "google-chrome"),
    packages=("chromium", "fonts-liberation"),
    proof=("--version",),
    purpose="pages and cookies in a real browser",
)
HTPASSWD = Program(
    name="htpasswd",
    commands=("htpasswd",),
    packages=("apache2-utils",),
    purpose="password files as Apache writes them",
)
OATHTOOL = Program(
    name="oathtool",
    commands=("oathtool",),
    packages=("oathtool",),
    proof=("--version",),
    purpose="codes of a second factor, by a program that nobody here wrote",
)
SLAPD = Program(
    name="slapd",
    commands=("slapd",),
    packages=("slapd",),
    purpose="a real directory, for people who are kept there",
)
LDAPWHOAMI = Program(
    name="ldapwhoami",
    commands=("ldapwhoami",),
    packages=("ldap-utils",),
    proof=("-VV",),
    purpose="a client of directories that nobody here wrote",
)
POSTGRES = Program(
    name="postgres",
    commands=("postgres",),
    packages=("postgresql",),
    proof=("--version",),
    purpose="a real PostgreSQL, for people who are kept there",
)
MARIADB = Program(
    name="mariadbd",
    commands=("mariadbd",),
    packages=("mariadb-server-core",),
    proof=("--version",),
    purpose="a real MariaDB, likewise",
)
WGET = Program(
    name="wget",
    commands=("wget",),
    packages=("wget",),
    proof=("--version",),
    purpose="a client that takes the challenges apart by itself",
)
NODE = Program(
    name="node",
    commands=("node",),
    packages=(),
    proof=("--version",),
    purpose="fetch, as browsers and servers in JavaScript have it",
)
JAVA = Program(
    name="java",
    commands=("java",),
    packages=(),
    # A runtime without a compiler runs no program from its source.
    proof=("-m", "jdk.compiler/com.sun.tools.javac.Main", "-version"),
    purpose="the two HTTP clients of the JDK",
)
WRK = Program(name="wrk", commands=("wrk",), packages=("wrk",), purpose="load from one machine")

GROUPS: dict[str, tuple[Program, ...]] = {
    "tests": (CURL, NGINX, CHROMIUM, HTPASSWD, LDAPWHOAMI, MARIADB, OATHTOOL, POSTGRES, SLAPD, WGET, NODE, JAVA),
    "bench": (CURL, NGINX, WRK),
}


def main(group: str) -> None:
    programs = GROUPS[group]
    missing = [program for program in programs if program.packages and program.path() is None]
    why_not = install(missing) if missing else ""
    rows = {program.name: row(program, why_not) for program in programs}
    record(rows)
    show(group, programs, rows)


def install(programs: Sequence[Program]) -> str:
    """Install what brings these programs; answers why some may still be missing, as the end of a sentence."""
    if os.environ.get("WATCHWORD_APT") == "no":
        return "WATCHWORD_APT=no forbids installing it"
    if shutil.which("apt-get") is None:
        return "there is no apt-get here"
    if not may_install():
        return "that takes root or sudo without a password"
    print(f"Installing Debian packages for {', '.join(program.name for program in programs)} ...", flush=True)
    if not apt_install(package for program in programs for package in program.packages):
        for program in programs:  # one unknown package refuses the whole list
            apt_install(program.packages)
    return "apt-get could not install it"


def may_install() -> bool:
    if os.geteuid() == 0:
        return True
    sudo = shutil.which("sudo")
    return sudo is not None and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0


def apt_install(packages: Iterable[str]) -> bool:
    return subprocess.run([str(ROOT / "tools" / "apt_install.sh"), *packages]).returncode == 0


def row(program: Program, why_not: str) -> dict[str, str]:
    path = program.path()
    if path is not None:
        return {"path": path}
    if not program.packages:
        return {"left_out": "is not here, and too large to be installed for one test"}
    return {"left_out": f"needs the Debian package {program.packages[0]}, and {why_not}"}


def record(rows: dict[str, dict[str, str]]) -> None:
    """Add the rows to what an earlier call found for another group."""
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(known | rows, indent=2, sort_keys=True) + "\n")


def show(group: str, programs: Sequence[Program], rows: dict[str, dict[str, str]]) -> None:
    print(f"Programs for the {group}:")
    for program in programs:
        found = rows[program.name]
        state = found.get("path") or f"LEFT OUT: {found['left_out']}"
        print(f"  {program.name:<10} {state:<24} ({program.purpose})")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in GROUPS:
        sys.exit(f"usage: debian_packages.py {'|'.join(GROUPS)}")
    main(sys.argv[1])
