"""docs/how-to/verifiers.md: its code runs, and its table has every option that there is."""

from __future__ import annotations

import inspect
import re
from contextlib import closing

from tests.docs.pages import Page
from watchword import Watchword

PAGE = Page.of("docs/how-to/verifiers.md")
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


def test_the_table_has_every_option() -> None:
    listed = [name for row in _ROW.findall(PAGE.path.read_text("utf-8")) for name in re.findall(r"\w+", row)]
    assert sorted(listed) == sorted(name for name in inspect.signature(Watchword).parameters)


def test_the_code_makes_verifiers() -> None:
    blocks = _CODE.findall(PAGE.path.read_text("utf-8"))
    assert len(blocks) == 2
    shared: dict[str, object] = {"app": None, "application": None}
    for block in blocks:
        exec(block, shared)
        auth = shared["auth"]
        assert isinstance(auth, Watchword)
        with closing(auth):
            assert callable(auth.asgi)
