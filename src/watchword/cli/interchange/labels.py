"""Which texts may be a role, a permission or the key of an attribute."""

from __future__ import annotations

import re

LONGEST_LABEL = 255

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def label_problem(text: str) -> str | None:
    """What is wrong with the text as a label; None where nothing is."""
    if not text:
        return "is empty; leave it out"
    if len(text) > LONGEST_LABEL:
        return f"is longer than {LONGEST_LABEL} characters; write a shorter one"
    if _CONTROLS.search(text):
        return "has a control character; write it without"
    return None
