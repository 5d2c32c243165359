"""Counters of decisions, exported for Prometheus. Counting is one addition to an array: no lock, no label look-up.

Each worker process counts in its own row of memory that all of them share, so that any worker can tell the sum.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import TypeAlias

from watchword.core.cells import CELLS
from watchword.core.decision import Granted, Refused

Row: TypeAlias = MutableSequence[int]
_CELLS = tuple(sorted(CELLS))
_INDEX = {cell: index for index, cell in enumerate(_CELLS)}
_DEPRECATED = len(_CELLS)
_SUBSCRIBERS = len(_CELLS) + 1
_EVENTS = (
    "authn_login_success",
    "authn_token_created",
    "authn_token_revoked",
    "key_file_refused",
    "session_expired",
    "token_reused",
)
_EVENT_INDEX = {name: len(_CELLS) + 2 + index for index, name in enumerate(_EVENTS)}
LENGTH = len(_CELLS) + 2 + len(_EVENTS)
"""How many counters a row has."""


class Metrics:
    """The counters of one process, `own`, among those of all processes."""

    def __init__(self, own: Row | None = None, rows: Sequence[Row] | None = None) -> None:
        self._own: Row = [0] * LENGTH if own is None else own
        self._rows: Sequence[Row] = [self._own] if rows is None else rows

    def granted(self, granted: Granted) -> None:
        """Count a request that passed."""
        self._own[_INDEX[granted.cell]] += 1

    def refused(self, refused: Refused) -> None:
        """Count a request that was answered in place of the application."""
        self._own[_INDEX[refused.cell]] += 1
        if refused.deprecated:
            self._own[_DEPRECATED] += 1

    def noted(self, name: str) -> None:
        """Count an event of this name, if it is one of those that are counted."""
        index = _EVENT_INDEX.get(name)
        if index is not None:
            self._own[index] += 1

    def feed_subscribers(self, number: int) -> None:
        """So many verifiers listen to this process's revocation feed now."""
        self._own[_SUBSCRIBERS] = number

    def text(self, knowledge_age: float) -> bytes:
        """All counters in Prometheus' text format. `knowledge_age` is how old the knowledge of revocations is."""
        totals = [sum(row[index] for row in self._rows) for index in range(LENGTH)]
        lines = [
            "# HELP watchword_decisions_total Decisions by cell of the decision table.",
            "# TYPE watchword_decisions_total counter",
            *(f'watchword_decisions_total{{cell="{cell}"}} {totals[_INDEX[cell]]}' for cell in _CELLS),
            "# HELP watchword_events_total What came of log-ins, tokens and keys, by the names that the log has.",
            "# TYPE watchword_events_total counter",
            *(f'watchword_events_total{{event="{name}"}} {totals[index]}' for name, index in _EVENT_INDEX.items()),
            "# HELP watchword_deprecated_answers_total Answers with a status that is kept only while clients migrate.",
            "# TYPE watchword_deprecated_answers_total counter",
            f"watchword_deprecated_answers_total {totals[_DEPRECATED]}",
            "# HELP watchword_revocation_knowledge_age_seconds How old the knowledge of revocations is.",
            "# TYPE watchword_revocation_knowledge_age_seconds gauge",
            f"watchword_revocation_knowledge_age_seconds {knowledge_age:.3f}",
            "# HELP watchword_feed_subscribers Verifiers that listen to the revocation feed.",
            "# TYPE watchword_feed_subscribers gauge",
            f"watchword_feed_subscribers {totals[_SUBSCRIBERS]}",
        ]
        return ("\n".join(lines) + "\n").encode()
