"""What credentials for one request need: to be remembered once they were used, and to be used once by one request.

A route that demands more than its rule has its request judged a second time (`/keys` for somebody else, `/users`),
which must not be taken for a replay.
"""

from __future__ import annotations

from typing import Final, cast

from watchword.core.ask import Steps
from watchword.core.outcome import Outcome
from watchword.http.message import Request

REMEMBERED_FOR: Final = 3600.0
"""For how many seconds after its end a nonce or a signature is remembered: so far may the clock be set back without
anything being taken twice (F8)."""


def judged_once(request: Request, name: str, judge: Steps[Outcome]) -> Steps[Outcome]:
    """The outcome of `judge` on this request, or what it was the first time. `name` is the mechanism's in its space."""
    before = outcome_before(request, name)
    if before is not None:
        judge.close()
        return before
    outcome = yield from judge
    if request.memo is None:
        request.memo = {}
    request.memo[_key(name)] = outcome
    return outcome


def outcome_before(request: Request, name: str) -> Outcome | None:
    """What was judged of this request; None where nothing was yet."""
    return None if request.memo is None else cast("Outcome | None", request.memo.get(_key(name)))


def _key(name: str) -> str:
    return f"judged by {name}"
