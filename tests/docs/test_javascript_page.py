"""docs/how-to/javascript.md: its programs, run as they stand there, tell what the page says they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.pages import ROOT, Page, programs, told_by
from tests.ports import free_port

PAGE = Page.of("docs/how-to/javascript.md")
_PROGRAM = re.compile(r"^```js\n(// (\S+)\n.*?)^```$", re.MULTILINE | re.DOTALL)
_TOLD = re.compile(r"// → (.*)$", re.MULTILINE)


def test_every_program_tells_what_the_page_says__S2_41(require_program: Callable[[str], str], tmp_path: Path) -> None:
    node, port = Path(require_program("node")), free_port()
    found = _PROGRAM.findall(PAGE.path.read_text("utf-8"))
    assert [name for _, name in found] == ["who.mjs", "again.mjs", "refused.mjs"]
    for text, name in found:
        (tmp_path / name).write_text(text.replace("8080", str(port)), "utf-8")
    (tmp_path / "watchword.js").write_bytes((ROOT / "clients" / "js" / "watchword.js").read_bytes())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    script = PAGE.script({"8080": port}, waits={0: str(port)})
    path = [programs(tmp_path / "bin"), node.parent]
    told = told_by(script, tmp_path, path, {"WATCHWORD_SERVER__PORT": str(port)})
    promised = [line for text, _ in found for line in _TOLD.findall(text)]
    assert len(promised) >= 8
    assert [line for line in told if not line.startswith("Watchword is ready")][-len(promised) :] == promised


def test_every_mode_and_every_advice_is_on_the_page__S2_41() -> None:
    text = PAGE.path.read_text("utf-8")
    types = (ROOT / "clients" / "js" / "watchword.d.ts").read_text("utf-8")
    for name in ("Mode", "Advice"):
        (listed,) = re.findall(rf"^export type {name} = (.*);$", types, re.MULTILINE)
        for value in re.findall(r'"([a-z-]+)"', listed):
            assert re.search(rf"^\|.*\b{value}\b.*\|$", text, re.MULTILINE), value
