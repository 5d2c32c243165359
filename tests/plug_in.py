"""examples/plug-in, installed into a folder of its own as a user would install it; and broken ones, made up."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[1] / "examples" / "plug-in"


@cache
def installed() -> Path:
    """The folder into which pip has installed the example; it is removed at the end of this process."""
    folder = Path(tempfile.mkdtemp(prefix="watchword-plug-in-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source, target = folder / "source", folder / "target"
    shutil.copytree(EXAMPLE, source)  # building leaves things behind
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True, timeout=120)
    return target


def made_up(folder: Path, package: str, module: str, code: str, entry_points: str) -> None:
    """A package as pip leaves it, with one module."""
    (folder / f"{module}.py").write_text(code, "utf-8")
    told = folder / f"{package}-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
    (told / "entry_points.txt").write_text(entry_points, "utf-8")


def imported(module: str) -> Any:
    """A module of the example, in this process."""
    source = str(EXAMPLE / "src")
    if source not in sys.path:
        sys.path.append(source)
    return import_module(f"watchword_reading_room.{module}")
