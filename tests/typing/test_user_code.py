"""The code of users passes `mypy --strict`, with the wheel as they install it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.edge.members import EDGE, hosts_there_are
from tests.typing import installed

SAMPLES = Path(__file__).parent / "samples"

# What these packages say of themselves concerns no user of ours, and reading it takes longer than all the rest.
CONFIGURATION = """\
[mypy]
strict = True
[mypy-alembic.*,bcrypt.*,click.*,cryptography.*,h11.*,jinja2.*,ldap3.*,pymysql.*,rich.*,sqlalchemy.*,uvicorn.*]
follow_imports = skip
"""


def test_the_wheel_has_every_module_and_says_that_it_is_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "watchword/py.typed" in names
    source = installed.ROOT / "src"
    modules = {path.relative_to(source).as_posix() for path in (source / "watchword").rglob("*.py")}
    assert modules <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_user_code_passes_mypy_strict(wheel: Path, tmp_path: Path) -> None:
    """`wrong.py` among it says which errors have to be found: strict mypy refuses an `ignore` that is not needed."""
    environment = installed.beside_others(tmp_path / "venv", wheel)
    configuration = tmp_path / "mypy.ini"
    configuration.write_text(CONFIGURATION)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", f"--config-file={configuration}", f"--cache-dir={tmp_path / 'cache'}"),
            *(f"--python-executable={environment.python}", "."),
        ],
        cwd=SAMPLES,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_host_and_client_has_a_sample() -> None:
    texts = "\n".join(path.read_text("utf-8") for path in SAMPLES.glob("with_*.py"))
    imported = set(re.findall(r"^from watchword\.edge\.(\w+) import", texts, re.MULTILINE))
    imported |= set(re.findall(r"^from watchword\.edge import (\w+) as", texts, re.MULTILINE))
    clients = {path.stem for path in EDGE.glob("*.py") if "\nclass WatchwordAuth(" in path.read_text("utf-8")}
    assert len(clients) >= 4
    assert hosts_there_are() | clients <= imported
