"""What the demo's API demands: clerks may see and keep patients, only doctors may write notes."""

from __future__ import annotations

from typing import Final

from watchword.core.requirement import Requirement
from watchword.core.space import Rule

CLERK: Final = "clerk"
DOCTOR: Final = "doctor"

RULES: tuple[Rule, ...] = (
    Rule(path="/patients/*", requirement=Requirement(roles=frozenset((CLERK,)))),
    Rule(
        path="/patients/{id}/notes",
        requirement=Requirement(roles=frozenset((DOCTOR,))),
        methods=frozenset(("POST",)),
    ),
)
