"""Writes docs/reference/codes.md from the codes that the program has; `--check`: is it up to date?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from watchword.core.cells import DETAILS
from watchword.core.reasons import REASONS
from watchword.server.api.errors import PROBLEMS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "codes.md"


def page() -> str:
    """The page, whole."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Codes"
    yield ""
    yield "Made by `tools/codes_reference.py`. A code never changes its meaning, and none is used again for another."
    yield ""
    yield "## Refusals of the decision table"
    yield ""
    yield "The member `code` of a refusal, and the last part of its `type`. It never says which part of a credential"
    yield "was wrong: the log does, by one of the reasons below."
    yield ""
    yield "| code | what people are told |"
    yield "|---|---|"
    for code, detail in sorted(DETAILS.items()):
        if detail:
            yield f"| `{code}` | {detail} |"
    yield ""
    yield "## Errors of the server's own routes"
    yield ""
    yield "| code | status | title |"
    yield "|---|---|---|"
    for code, (status, title) in sorted(PROBLEMS.items()):
        yield f"| `{code}` | {status} | {title} |"
    yield ""
    yield "## Reasons, for operators"
    yield ""
    yield "The member `reasons` of a line of the log, as `mechanism: reason`, with what it is about in parentheses."
    yield "Clients are told none of them."
    yield ""
    yield "| reason | means |"
    yield "|---|---|"
    for reason, meaning in sorted(REASONS.items()):
        yield f"| `{reason}` | {meaning} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text("utf-8") != page():
            sys.exit(f"{PAGE.name} is out of date: run python {Path(__file__).name}")
    else:
        PAGE.write_text(page(), "utf-8")
