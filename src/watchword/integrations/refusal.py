"""Why there is no answer of the third party's, as an application tells it to its clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from watchword.core.decision import Refused
from watchword.core.respond import PROBLEM_TYPE, problem_of_refusal
from watchword.flows.third_party_calls import NoCredential, NotAllowed, NotSent, TooMuch
from watchword.http.problem import CONTENT_TYPE, JsonValue, Problem
from watchword.http.relayed import Unrelayable


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A refusal: never a 401 or a 407, and never with a challenge.

    `cell` is the row of the decision table: C19 and C20 where the provider refuses, C21 where it is away, C16 where it
    is asked too often; None where nothing was asked, because the call itself was wrong. `headers` go with it.
    """

    status: int
    cell: str | None
    code: str
    headers: Mapping[str, str]
    told: Problem

    def problem(self) -> Mapping[str, JsonValue]:
        """The members of the problem (RFC 9457), for `application/problem+json`.

        `provider` and `provider_status` say whose authentication failed.
        """
        return self.told.members()

    def body(self) -> bytes:
        """The same as JSON."""
        return self.told.body()


_HEADERS: Final = {"Content-Type": CONTENT_TYPE.decode("ascii"), "Cache-Control": "no-store"}


def refusal_of(refused: Refused) -> Refusal:
    """A refusal of the table's."""
    headers = dict(_HEADERS)
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    problem = problem_of_refusal(refused)
    return Refusal(status=refused.status, cell=refused.cell, code=refused.code, headers=headers, told=problem)


def refusal_to_send(why: NotSent) -> Refusal:
    """A call that was not sent, because of what it is."""
    match why:
        case NoCredential():
            return _own(409, "no-credential", "No credential is stored", "Store one before you call.")
        case NotAllowed(methods):
            allowed = ", ".join(methods)
            return _own(405, "method-not-allowed", "Method not allowed", f"Use {allowed}.", {"Allow": allowed})
        case TooMuch(most):
            return _own(413, "content-too-large", "Content too large", f"At most {most} bytes are taken.")
        case Unrelayable(reason):
            return _own(400, "not-relayed", "Not relayed", f"This path or query is not relayed: {reason}.")


def unsendable() -> Refusal:
    """What was submitted is nothing that this provider could be sent."""
    return _own(422, "invalid-content", "Invalid content", "This is no credential that the provider could be sent.")


def _own(status: int, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None) -> Refusal:
    problem = Problem(PROBLEM_TYPE + code, title, status=status, detail=detail, code=code)
    return Refusal(status=status, cell=None, code=code, headers={**_HEADERS, **(headers or {})}, told=problem)
