"""What a client does about an answer: the decision table, read from the other side.

| advice  | the client                                                                                            |
|---------|-------------------------------------------------------------------------------------------------------|
| PROCEED | hands the answer on: it is not about authentication                                                   |
| REFRESH | gets fresh credentials with what it has (a refresh token, a password, a key), and repeats once        |
| LOG_IN  | asks the person, or uses the password, and repeats once                                               |
| STEP_UP | adds a second factor or logs in afresh, and repeats once                                              |
| WAIT    | waits as long as Retry-After says, if that is short, and repeats once, if that can do no harm         |
| STOP    | hands the answer on: repeating with the same account will not help, or the request itself is wrong    |

The cell and the code of our own problems decide; where there are none, status and challenges, so that other servers'
answers are read rightly too. Clients in other languages are tested against the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from watchword.core.cells import CELLS
from watchword.http.authentication import Challenge


class Advice(Enum):
    """What to do about an answer; see above."""

    PROCEED = "proceed"
    REFRESH = "refresh"
    LOG_IN = "log-in"
    STEP_UP = "step-up"
    WAIT = "wait"
    STOP = "stop"


def advice(
    status: int, challenges: Sequence[Challenge] = (), code: str | None = None, cell: str | None = None
) -> Advice:
    """What a client does about this answer. Total.

    `code` and `cell` are the members of a problem of ours, or the cell that Auth-Decision names. A code says more than
    its cell: C09 is an expired token, and a key that was never one. What is not known here counts as not said.
    """
    if status < _REDIRECTS:
        return Advice.PROCEED
    if code is not None and code in BY_CODE and cell != _FOR_PROXIES:
        return BY_CODE[code]
    if cell is not None and cell in BY_CELL:
        return BY_CELL[cell]
    return by_status(status, challenges)


def by_status(status: int, challenges: Sequence[Challenge] = ()) -> Advice:
    """The same for answers that say no more than HTTP does."""
    if status == CELLS["C03"].status:
        return next((told for challenge in challenges if (told := _told(challenge)) is not None), Advice.LOG_IN)
    return BY_STATUS.get(status, Advice.PROCEED)


def nothing_was_done(status: int, code: str | None = None, cell: str | None = None) -> bool:
    """Whether an answer with the advice to wait says that the request was not carried out.

    Only then may a request that changes something be repeated. An overload, or a third party's failure, may have come
    midway.
    """
    if code in _MIDWAY or cell in _MIDWAY:
        return False
    return status == CELLS["C16"].status or code in _BEFORE or cell in _BEFORE


BY_CELL: Mapping[str, Advice] = {
    "C00": Advice.PROCEED,
    "C01": Advice.PROCEED,
    "C02": Advice.PROCEED,
    "C03": Advice.LOG_IN,
    "C04": Advice.LOG_IN,
    "C05": Advice.LOG_IN,
    "C06": Advice.PROCEED,
    "C07": Advice.LOG_IN,
    "C08": Advice.LOG_IN,
    "C09": Advice.REFRESH,
    "C10": Advice.STOP,
    "C11": Advice.STOP,
    "C12": Advice.STOP,
    "C13": Advice.STOP,
    "C14": Advice.STOP,
    "C15": Advice.STEP_UP,
    "C16": Advice.WAIT,
    "C17": Advice.WAIT,
    "C18": Advice.STOP,
    # A third party's refusal: logging in here changes nothing about it.
    "C19": Advice.STOP,
    "C20": Advice.STOP,
    "C21": Advice.WAIT,
    "C22": Advice.PROCEED,
    "C23": Advice.LOG_IN,
    "C25": Advice.STOP,
    "C28": Advice.STOP,
}

BY_CODE: Mapping[str, Advice] = {
    "authentication-required": Advice.LOG_IN,
    "session-expired": Advice.LOG_IN,
    "session-invalid": Advice.LOG_IN,
    "malformed-credentials": Advice.LOG_IN,
    "invalid-credentials": Advice.LOG_IN,
    "log-in-refused": Advice.LOG_IN,
    "invalid-id-token": Advice.LOG_IN,
    "unknown-log-in": Advice.LOG_IN,
    "invalid-token": Advice.REFRESH,
    "expired-token": Advice.REFRESH,
    "expired-mfa-token": Advice.LOG_IN,
    "expired-nonce": Advice.REFRESH,
    # A wrong signature stays wrong: the key that made it is not the right one. An old one only has to be made anew.
    "invalid-signature": Advice.LOG_IN,
    "expired-signature": Advice.REFRESH,
    "invalid-api-key": Advice.LOG_IN,
    "expired-api-key": Advice.LOG_IN,
    "invalid-auth-key": Advice.REFRESH,
    "expired-auth-key": Advice.REFRESH,
    "invalid-certificate": Advice.LOG_IN,
    "expired-certificate": Advice.LOG_IN,
    # Only the proxy can put this right.
    "invalid-proxy-identity": Advice.STOP,
    "invalid-request": Advice.STOP,
    "conflicting-credentials": Advice.STOP,
    "insufficient-scope": Advice.STOP,
    "forbidden": Advice.STOP,
    "not-exposed": Advice.STOP,
    "unknown-identity": Advice.STOP,
    "not-yours": Advice.STOP,
    "csrf": Advice.STOP,
    "tls-required": Advice.STOP,
    "peer-not-allowed": Advice.STOP,
    "step-up-required": Advice.STEP_UP,
    "throttled": Advice.WAIT,
    "unavailable": Advice.WAIT,
    "header-too-large": Advice.STOP,
    "third-party-credential-rejected": Advice.STOP,
    "third-party-scope-missing": Advice.STOP,
    "third-party-credential": Advice.STOP,
    "third-party-unavailable": Advice.WAIT,
    "third-party-slow": Advice.WAIT,
    "third-party-limited": Advice.WAIT,
    "preflight": Advice.PROCEED,
    "login": Advice.LOG_IN,
}

BY_STATUS: Mapping[int, Advice] = {
    status: told
    for cell, told in (
        ("C12", Advice.STOP),
        ("C16", Advice.WAIT),
        ("C17", Advice.WAIT),
        ("C18", Advice.STOP),
        ("C25", Advice.STOP),
    )
    if (status := CELLS[cell].status) is not None
}
"""Statuses that speak for themselves. What is not here is the application's own; 401 is read by its challenges."""

BY_ERROR: Mapping[str, Advice] = {
    "invalid_token": Advice.REFRESH,
    "insufficient_user_authentication": Advice.STEP_UP,
    "insufficient_scope": Advice.STOP,
    "invalid_request": Advice.STOP,
}
"""The error of a challenge of 401 (RFC 6750 section 3.1, RFC 9470 section 3)."""

_REDIRECTS = 300
_FOR_PROXIES = "C25"
"""Its codes are those of other cells, and say what is wrong with credentials that only a proxy takes."""

_BEFORE = frozenset(("C16", "C17", "throttled", "unavailable"))
_MIDWAY = frozenset(("C21", "third-party-unavailable", "third-party-slow", "third-party-limited"))


def _told(challenge: Challenge) -> Advice | None:
    if challenge.scheme.lower() == "digest":
        return Advice.REFRESH if (challenge.param("stale") or "").lower() == "true" else None
    return BY_ERROR.get(challenge.param("error") or "")
