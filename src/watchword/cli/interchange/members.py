"""Reading the members of one JSON object: every problem is collected, and no value is quoted (F33)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from watchword.cli.interchange.instants import read_instant
from watchword.cli.interchange.labels import label_problem
from watchword.core.names import LONGEST_SPELLING, NameRefused, account_name
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.tokens.api_key import is_scope

if TYPE_CHECKING:
    from watchword.core.principal import Instant
    from watchword.core.records import Json

T = TypeVar("T")

LONGEST_SEALED = 64 * 1024
"""In characters."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an entry. `who` is the user that it is about, where that can be told."""

    who: str | None
    problems: tuple[str, ...]


NO_OBJECT = Wrong(None, ("is no object; write {...}",))


class Unfit(ValueError):
    """A value is not what its member holds. The message goes on after the member's name."""


class Members:
    """The members of one object. A null counts as a member that is not there."""

    def __init__(self, values: Mapping[str, Json], known: tuple[str, ...]) -> None:
        self.problems: list[str] = []
        self._values = values
        for name in sorted(values.keys() - set(known)):
            near = get_close_matches(name[:100], known, n=1)
            self.problems.append(
                f"has a member {name[:100]!a}, which means nothing; "
                + (f"did you mean {near[0]}?" if near else "leave it out")
            )

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def read(self, name: str, reader: Callable[[Json], T]) -> T | None:
        """The member's value as the reader makes it; None where there is none, or where it is wrong."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return reader(value)
        except Unfit as unfit:
            self.problems.append(f"{name} {unfit}")
            return None

    def is_null(self, name: str) -> bool:
        """Whether null was written."""
        return name in self._values and self._values[name] is None

    def require(self, name: str) -> None:
        """Note it where the member is missing."""
        if name not in self:
            self.problems.append(f"has no {name}; write one")


# --- readers: each takes any value, and raises Unfit -----------------------------------------------------------------


def text(longest: int) -> Callable[[Json], str]:
    """Text of at most so many characters."""

    def read(value: Json) -> str:
        if not isinstance(value, str):
            raise Unfit("is no text; write it in quotation marks")
        if len(value) > longest:
            raise Unfit(f"is longer than {longest} characters; write less")
        return value

    return read


def name(value: Json) -> str:
    """The name of an account, in its canonical form."""
    try:
        return account_name(text(LONGEST_SPELLING)(value))
    except NameRefused as error:
        raise Unfit(f"cannot be used: {error}") from None


def label(value: Json) -> str:
    """A role, a permission, the key of an attribute."""
    if not isinstance(value, str):
        raise Unfit("is no text; write it in quotation marks")
    problem = label_problem(value)
    if problem is not None:
        raise Unfit(problem)
    return value


def labels(value: Json) -> frozenset[str]:
    """A set of labels."""
    return frozenset(each(value, label))


def scopes(value: Json) -> frozenset[str]:
    """A set of scopes."""
    return frozenset(each(value, _scope))


def each(value: Json, reader: Callable[[Json], T]) -> Iterator[T]:
    """Every item of an array, as the reader makes it."""
    if not isinstance(value, list):
        raise Unfit('is no array; write ["...", "..."]')
    for index, item in enumerate(value):
        try:
            yield reader(item)
        except Unfit as unfit:
            raise Unfit(f"has an entry {index} that {unfit}") from None


def switch(value: Json) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Unfit("is neither true nor false; write one of them")
    return value


def instant(value: Json) -> Instant:
    """A point in time."""
    found = read_instant(value)
    if found is None:
        raise Unfit("is no time; write 2027-01-31T12:00:00Z, or seconds since 1970")
    return found


def span(value: Json) -> float:
    """A length of time in seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1e10:
        raise Unfit("is no length of time; write seconds, more than 0")
    return float(value)


def digest(value: Json) -> bytes:
    """A SHA-256 in hexadecimal."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise Unfit("is no SHA-256; write its 64 hexadecimal digits")
    return bytes.fromhex(value)


def sealed(value: Json) -> bytes:
    """A secret as it is kept: sealed, or as its fingerprint."""
    try:
        found = base64url.decode(text(LONGEST_SEALED)(value))
    except JoseRefused:
        found = b""
    if not found:
        raise Unfit("is none that was exported: it is no base64url; export it again")
    return found


def public_id(value: Json) -> str:
    """The id of a record that was exported."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unfit("is no id that was exported; leave it out")
    return value


_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")


def _scope(value: Json) -> str:
    if not isinstance(value, str) or not is_scope(value):
        raise Unfit(
            "is no scope; write 1 to 100 visible ASCII characters, without quotation marks and backslashes, and not * "
            "alone"
        )
    return value
