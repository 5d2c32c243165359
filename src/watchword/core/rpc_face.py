"""The face of the decision table to JSON-RPC clients (C24): the same decision, told as an error of their call.

Profile `http` adds to the cell's own status and fields an error object of JSON-RPC 2.0. Profile `legacy` answers as
Kallithea does: always 200, with a text, in its own words wherever it has some. Either way the code in `Auth-Decision`,
in the log and in `error_code` is the true one, so that no outage ever looks like an answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from watchword.core.cells import CELLS
from watchword.core.decision import Refused
from watchword.http.json_rpc import SERVER_ERROR, Error, Profile, content_of, failure, id_of, written
from watchword.http.message import Request
from watchword.http.problem import Problem

CODES: Mapping[str, int] = {cell: SERVER_ERROR - int(cell[1:]) for cell in CELLS}
"""The code of JSON-RPC 2.0 for each cell: C03 is -32003, C17 is -32017."""

_NOTHING_SENT = "Incorrect JSON query missing 'api_key'"
_REFUSED = "Invalid API KEY"

LEGACY_TEXTS: Mapping[str, str] = {
    # The thread's own words. Nobody is told which kind of credential it was, nor what was wrong with it.
    "C03": _NOTHING_SENT,
    "C04": _NOTHING_SENT,
    "C05": _REFUSED,
    "C07": _REFUSED,
    "C08": _REFUSED,
    "C09": _REFUSED,
    # Kallithea's: "not allowed" of somebody without the permission, and the next of who asks about somebody else.
    "C12": "not allowed",
    "C13": "userid is not the same as your user",
}
"""What profile `legacy` says by cell; of the others, the sentence that belongs to the code."""

_NOT_EXPOSED = "Method not allowed"
"""Kallithea's, of methods that exist, and cannot be called so."""


def rpc_body(refused: Refused, problem: Problem, request: Request, profile: Profile) -> bytes:
    """The content of the answer to a refused request. The id is echoed where the content of the request is at hand.

    A request without credentials gets none from Kallithea: what it has is read only once somebody is known.
    """
    nothing_sent = profile == "legacy" and legacy_text(refused) == _NOTHING_SENT
    id = None if nothing_sent else id_of(content_of(request), profile)
    return written(failure(id, rpc_error(refused, problem, profile), profile))


def rpc_error(refused: Refused, problem: Problem, profile: Profile) -> Error:
    """What the client is told of this refusal. Its status and its challenges are the table's."""
    return Error(
        code=CODES[refused.cell],
        name=refused.code,
        text=legacy_text(refused) if profile == "legacy" else refused.detail or refused.title,
        problem=problem.members(),
    )


def legacy_text(refused: Refused) -> str:
    """The text for Kallithea's clients."""
    if refused.code == "not-exposed":
        return _NOT_EXPOSED
    return LEGACY_TEXTS.get(refused.cell) or refused.detail or refused.title
