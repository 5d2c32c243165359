"""Beside the stages of the table: what use cases answer without any of its rows, by the same cells."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.core.cells import CELLS, DETAILS
from watchword.core.decision import Refused
from watchword.core.reasons import told
from watchword.http.problem import JsonValue


def third_party(
    cell: str,
    code: str,
    *,
    status: int | None = None,
    retry_after: int | None = None,
    members: Mapping[str, JsonValue] | None = None,
    reasons: tuple[str, ...] = (),
) -> Refused:
    """C19 to C21, for a call that a third party's refusal or outage ended.

    `members` go into the problem, so that it says whose authentication failed; `reasons` into the log.

    Raises:
        ValueError: where the table does not let the cell be answered with this status.
    """
    answer = CELLS[cell]
    chosen = answer.status if status is None else status
    if cell not in ("C19", "C20", "C21") or chosen is None or chosen not in answer.options:
        raise ValueError(f"{cell} cannot be answered with {status}: write one of {answer.options}")
    return Refused(
        cell=cell,
        status=chosen,
        code=code,
        title=answer.title,
        detail=DETAILS.get(code, answer.title),
        retry_after=retry_after,
        reasons=reasons,
        members={} if members is None else members,
    )


def unavailable(about: str = "", *, reason: str = "no-answer", retry_after: int = 5) -> Refused:
    """C17 for a use case whose own records could not be reached or changed. `reason` and `about` as in outcomes."""
    answer = CELLS["C17"]
    assert answer.status is not None
    return Refused(
        cell=answer.id,
        status=answer.status,
        code="unavailable",
        title=answer.title,
        detail=DETAILS["unavailable"],
        retry_after=retry_after,
        reasons=(told(reason, about),),
    )


def throttled(retry_after: int, *, reason: str) -> Refused:
    """C16 for a use case that is counted apart from log-ins."""
    answer = CELLS["C16"]
    assert answer.status is not None
    return Refused(
        cell=answer.id,
        status=answer.status,
        code="throttled",
        title=answer.title,
        detail=DETAILS["throttled"],
        retry_after=retry_after,
        reasons=(reason,),
    )
