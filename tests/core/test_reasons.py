"""Every outcome has a stable reason, and every reason is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_every_answer_fails import REQUESTS
from tests.table.real import answered, received
from watchword.core.reasons import REASONS

SOURCE = Path(__file__).parents[2] / "src" / "watchword"
OUTCOMES = {
    "Ambiguous",
    "Denied",
    "JoseRefused",
    "Malformed",
    "NotRedeemed",
    "PasswordWrong",
    "Rejected",
    "Stale",
    "Unavailable",
    "Unreadable",
}
MODULES = sorted(file for file in SOURCE.rglob("*.py") if file.relative_to(SOURCE).parts[0] != "cli")


def texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def given(file: Path) -> Iterator[str]:
    """The reasons that a module gives."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in OUTCOMES and node.args:
                yield from texts(node.args[0])
            if node.func.id == "unavailable":
                yield from (text for word in node.keywords if word.arg == "reason" for text in texts(word.value))


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_every_reason_that_is_given_is_documented__F33(file: Path) -> None:
    assert [reason for reason in given(file) if reason not in REASONS] == []


def test_every_documented_reason_is_given_somewhere() -> None:
    written = "".join(file.read_text("utf-8") for file in MODULES if file.name != "reasons.py")
    assert [reason for reason in REASONS if f'"{reason}"' not in written] == []


def test_reasons_are_words_that_programs_can_search_for() -> None:
    assert [reason for reason in REASONS if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reason)] == []
    assert [reason for reason, meaning in REASONS.items() if not meaning.endswith(".")] == []


def test_what_the_real_mechanisms_say_is_documented() -> None:
    said: set[str] = set()
    for parts in REQUESTS.values():
        decision = answered(received(*parts)).decision
        said |= {reason for reason in getattr(decision, "reasons", ()) if ": " in reason}
    words = {reason.split(": ", 1)[1].partition(" (")[0] for reason in said}
    assert len(words) > 10
    assert words <= REASONS.keys() | {"scripted"}
