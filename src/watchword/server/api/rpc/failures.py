"""What a JSON-RPC client is told where a call could not be carried out, though the decision table let it pass."""

from __future__ import annotations

from collections.abc import Mapping

from watchword.http.json_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    SERVER_ERROR,
    Error,
)
from watchword.http.message import Fields
from watchword.server.api.errors import Errors, Wrong, problem_of

CODES: Mapping[str, int] = {
    "malformed-content": PARSE_ERROR,
    "malformed-call": INVALID_REQUEST,
    "content-too-large": INVALID_REQUEST,
    "unsupported-content": INVALID_REQUEST,
    "no-such-method": METHOD_NOT_FOUND,
    "invalid-content": INVALID_PARAMS,
    "internal-error": INTERNAL_ERROR,
    # The server's own, below those of the cells.
    "not-found": SERVER_ERROR - 50,
    "too-many-keys": SERVER_ERROR - 51,
    "answer-too-large": SERVER_ERROR - 52,
}
"""The code of JSON-RPC 2.0 for each code of a problem that a call can end in. Neither ever changes."""

_ANY_OTHER = SERVER_ERROR - 99
"""For whatever a route may come to say that has no number of its own yet."""

LONGEST_ECHO = 100
"""In characters: of what was sent, no more is repeated in a text."""


class Failed(Exception):
    """The call ends here: `error` says why. `fields` go into the header."""

    def __init__(self, error: Error, fields: Fields = ()) -> None:
        super().__init__(error.name)
        self.error = error
        self.fields = fields


def failed(name: str, text: str, *, errors: Errors = (), request_id: str | None = None, fields: Fields = ()) -> Failed:
    """For a name in PROBLEMS. `text` is for people, and the one that Kallithea has, where it has one."""
    problem = problem_of(name, text, errors=errors, request_id=request_id)
    return Failed(Error(code=CODES.get(name, _ANY_OTHER), name=name, text=text, problem=problem.members()), fields)


def no_such_method(name: str) -> Failed:
    """There is no method of this name, or none that its caller may know of."""
    return failed("no-such-method", f"No such method: {echoed(name)}")


def missing_argument(name: str) -> Failed:
    """An argument that the method cannot do without is not there."""
    return failed("invalid-content", f"Missing non optional `{name}` arg in JSON DATA")


def unknown_arguments(names: list[str]) -> Failed:
    """There are arguments that the method does not have."""
    listed = ", ".join(f"`{name}`" for name in names)
    return failed("invalid-content", f"Unknown {echoed(listed)} arg in JSON DATA")


def wrong_argument(name: str, why: str) -> Failed:
    """The value of an argument is none that it can have."""
    return failed("invalid-content", f"Wrong `{name}` arg in JSON DATA: {why}")


def does_not_exist(what: str, name: str) -> Failed:
    """There is no such record, or none that is the caller's."""
    return failed("not-found", f"{what} `{echoed(name)}` does not exist")


def of_wrong(wrong: Wrong) -> Failed:
    """What the routes found wrong. Where that is one argument, it is named."""
    pointers = [each["pointer"] for each in wrong.errors if "pointer" in each]
    if wrong.code == "invalid-content" and len(pointers) == 1 and pointers[0] != "#":
        return wrong_argument(pointers[0].removeprefix("#/").partition("/")[0], wrong.errors[0]["detail"])
    return failed(wrong.code, wrong.detail, errors=wrong.errors, fields=wrong.fields)


def echoed(text: str) -> str:
    """What was sent, as far as it is repeated."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= LONGEST_ECHO else shown[:LONGEST_ECHO] + "…"
