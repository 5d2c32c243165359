"""Watchword as it is installed: the wheel, in environments made for it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))

NEEDED = ("cryptography", "cffi", "pycparser")
"""What `pip install watchword` brings: `cryptography`, and what that needs itself."""


def build(folder: Path) -> Path:
    """The wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with the wheel in it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def run(self, code: str, *arguments: str) -> str:
        """What a program prints that nothing of this checkout helps along."""
        ran = subprocess.run(
            [str(self.python), "-I", "-W", "error", "-c", code, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def _made(folder: Path, wheel: Path) -> Environment:
    venv.create(folder, symlinks=True)
    made = Environment(folder)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(made.packages)
    return made


def bare(folder: Path, wheel: Path) -> Environment:
    """With nothing but what the wheel needs."""
    made = _made(folder, wheel)
    for name in NEEDED:
        for top in {Path(file).parts[0] for file in files(name) or () if ".." not in Path(file).parts}:
            (made.packages / top).symlink_to(SITE_PACKAGES / top)
    return made


def beside_others(folder: Path, wheel: Path) -> Environment:
    """With all that tests have, behind the wheel."""
    made = _made(folder, wheel)
    (made.packages / "others.pth").write_text(f"{SITE_PACKAGES}\n")
    return made
