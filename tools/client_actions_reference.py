"""Writes what clients do about answers, from the program's own table: docs/reference/client-actions.md, and
clients/js/test/advice.json for the tests of the client in JavaScript; `--check`: are they up to date?
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from watchword.core.advice import BY_CELL, BY_CODE, BY_ERROR, BY_STATUS, Advice, advice, nothing_was_done
from watchword.core.cells import CELLS
from watchword.core.respond import PROBLEM_TYPE
from watchword.http.authentication import parse_challenges

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "client-actions.md"
ANSWERS = ROOT / "clients" / "js" / "test" / "advice.json"

MEANINGS: Mapping[Advice, str] = {
    Advice.PROCEED: "hands the answer on: it is not about authentication",
    Advice.REFRESH: "gets fresh credentials with what it has (a refresh token, a password, a key), and repeats once",
    Advice.LOG_IN: "asks the person, or uses the password, and repeats once",
    Advice.STEP_UP: "adds a second factor or logs in afresh, and repeats once",
    Advice.WAIT: "waits as long as `Retry-After` says, if that is short, and repeats once, if that can do no harm",
    Advice.STOP: "hands the answer on: repeating with the same account will not help, or the request itself is wrong",
}

OTHER_SERVERS = (
    (200, ()),
    (204, ()),
    (303, ()),
    (400, ()),
    (400, ('Bearer realm="x", error="invalid_request"',)),
    (401, ()),
    (401, ('Basic realm="x", charset="UTF-8"',)),
    (401, ('Bearer realm="x"',)),
    (401, ('Bearer realm="x", error="invalid_token"',)),
    (401, ('Basic realm="x"', 'Bearer realm="x", error="invalid_token", error_description="Expired, or \\"new\\""')),
    (401, ('Basic realm="a, Bearer error=\\"invalid_token\\"", X-Cookie realm="x"',)),
    (401, ('Basic realm="x", bEaReR error=invalid_token',)),
    (401, ('DPoP algs="ES256", error="invalid_token"',)),
    (401, ('Bearer error="insufficient_user_authentication", acr_values="mfa", max_age="300"',)),
    (401, ('Bearer error="something_else"',)),
    (401, ('Digest realm="x", nonce="y", stale=true',)),
    (401, ('Digest realm="x", nonce="y", stale=FALSE',)),
    (401, ("Negotiate",)),
    (401, ("Negotiate oRQwEqADCgEBoQsGCSqGSIb3EgECAg==",)),
    (403, ()),
    (403, ('Bearer realm="x", error="insufficient_scope", scope="write"',)),
    (404, ()),
    (407, ('Basic realm="proxy"',)),
    (409, ()),
    (422, ()),
    (429, ()),
    (431, ()),
    (500, ()),
    (502, ()),
    (503, ()),
    (504, ()),
)
"""Answers that say no more than HTTP does: status, and the lines of WWW-Authenticate."""


def page() -> str:
    """The page, whole."""
    return "\n".join(_lines()) + "\n"


def answers() -> str:
    """The rows as JSON, and answers with what is to be done about each, for other languages' tests."""
    told = {
        "comment": f"Made by tools/{Path(__file__).name} from the server's own table.",
        "problem_type": PROBLEM_TYPE,
        "codes": {code: each.value for code, each in BY_CODE.items()},
        "cells": {cell: each.value for cell, each in BY_CELL.items()},
        "answers": [*_answers()],
    }
    return json.dumps(told, indent=1) + "\n"


def _answers() -> Iterator[Mapping[str, object]]:
    for status_of_theirs, lines in OTHER_SERVERS:
        yield _answer(status_of_theirs, lines, None, None)
    for cell, answer in CELLS.items():
        for status in dict.fromkeys((answer.status, *answer.options)):
            if status is not None:
                yield _answer(status, (), None, cell)
                yield _answer(status, (), "a-code-that-nobody-knows", cell)
    for code in BY_CODE:
        yield _answer(_STATUS_OF_CODES, (), code, None)
    for code, cell, status_of_both in _TOGETHER:
        yield _answer(status_of_both, (), code, cell)
    yield _answer(401, ('Bearer error="invalid_token"',), "a-code-that-nobody-knows", "C99")
    yield _answer(401, ('Bearer error="invalid_token"',), "session-expired", "C05")


_STATUS_OF_CODES = 400
"""One that says nothing by itself: the code decides."""

_TOGETHER = (
    ("expired-token", "C09", 401),
    ("invalid-api-key", "C09", 401),
    ("invalid-api-key", "C09", 400),
    ("session-expired", "C05", 403),
    ("invalid-credentials", "C25", 407),
    ("expired-token", "C09", 200),
    ("third-party-limited", "C21", 429),
    ("third-party-limited", "C21", 503),
    ("unavailable", "C17", 503),
)


def _answer(status: int, lines: tuple[str, ...], code: str | None, cell: str | None) -> Mapping[str, object]:
    told = advice(status, parse_challenges(lines), code, cell)
    row: dict[str, object] = {"status": status, "challenges": [*lines], "code": code, "cell": cell}
    if told is Advice.WAIT:
        row["nothing_was_done"] = nothing_was_done(status, code, cell)
    return {**row, "advice": told.value}


def _lines() -> Iterator[str]:
    yield "# What clients do"
    yield ""
    yield "Made from `core/advice.py` by `tools/client_actions_reference.py`: our clients run by these rows."
    yield ""
    yield "An answer tells a client what to do, by itself. Nothing is repeated more than once, and a password is never"
    yield "sent twice for one call."
    yield ""
    yield "| advice | the client |"
    yield "|---|---|"
    for each, meaning in MEANINGS.items():
        yield f"| {each.value} | {meaning} |"
    yield ""
    yield "A request that changes something is repeated after a wait only where nothing was done before: after 429, and"
    yield "after C16 and C17; not after C21, nor after a 503 of somebody else."
    yield ""
    yield "## By the code of a problem"
    yield ""
    yield f"Where the content is `application/problem+json` with a `type` that begins with `{PROBLEM_TYPE}`."
    yield ""
    yield "| code | advice |"
    yield "|---|---|"
    for code, told in BY_CODE.items():
        yield f"| `{code}` | {told.value} |"
    yield ""
    yield "## By the cell"
    yield ""
    yield "Where there is no code that is known: the member `cell`, or what the field `Auth-Decision` begins with."
    yield "C25 is read before the code."
    yield ""
    yield "| cell | title | advice |"
    yield "|---|---|---|"
    for cell, told in BY_CELL.items():
        yield f"| {cell} | {CELLS[cell].title} | {told.value} |"
    yield ""
    yield "## By status and challenges"
    yield ""
    yield "Where neither is there, as with other servers."
    yield ""
    yield "| answer | advice |"
    yield "|---|---|"
    for error, told in BY_ERROR.items():
        yield f'| 401, a challenge with `error="{error}"` | {told.value} |'
    yield f"| 401, Digest with `stale=true` | {Advice.REFRESH.value} |"
    yield f"| 401 otherwise | {Advice.LOG_IN.value} |"
    for status, told in sorted(BY_STATUS.items()):
        yield f"| {status} | {told.value} |"
    yield f"| any other, a hidden target's 404 among them | {Advice.PROCEED.value} |"


MADE = {PAGE: page, ANSWERS: answers}

if __name__ == "__main__":
    for file, made in MADE.items():
        if "--check" in sys.argv:
            if not file.exists() or file.read_text("utf-8") != made():
                sys.exit(f"{file.name} is out of date: run python {Path(__file__).name}")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made(), "utf-8")
