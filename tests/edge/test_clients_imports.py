"""What is imported with a client: the library that it is for, and no other; nothing of a server."""

from __future__ import annotations

import subprocess
import sys

import pytest

OTHERS = ("fastapi", "httpx", "httpx2", "niquests", "pydantic", "requests", "sqlalchemy", "starlette")


@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        ("watchword", ()),
        ("watchword.edge.asgi", ()),
        ("watchword.edge.wsgi", ()),
        ("watchword.edge.clients.session", ()),
        ("watchword.edge.httpx", ("httpx",)),
        ("watchword.edge.httpx2", ("httpx2",)),
        ("watchword.edge.requests", ("requests",)),
        ("watchword.edge.niquests", ("niquests",)),
    ],
)
def test_a_module_imports_its_own_library_alone__S2_46(module: str, wanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({OTHERS!r})))"
    told = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert tuple(told.stdout.split()) == wanted
