"""What an application's row says of somebody: by the names of its columns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from watchword.core.names import LONGEST_SPELLING

ATTRIBUTE = "attribute_"
_COLUMNS = ("name", "password_hash", "salt", "roles", "disabled", "version")
_YES = ("1", "t", "true", "y", "yes", "\x01")
_NO = ("", "0", "f", "false", "n", "no", "\x00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as a row tells. `stored` is None where there is no hash."""

    name: str
    stored: str | None = field(repr=False)
    salt: str | None = field(default=None, repr=False)
    roles: frozenset[str] = frozenset()
    disabled: bool = False
    version: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


def could_be_a_name(text: str) -> bool:
    """Whether a database need be asked who that is. No driver gets to see control characters or half of a character."""
    if not text or len(text) > LONGEST_SPELLING:
        return False
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def person(columns: Sequence[str], row: Sequence[object]) -> Person:
    """Who a row is about.

    Raises:
        ValueError: where it cannot be understood. A column of an unknown name is not passed over: it might be meant to
            disable somebody.
    """
    names = [name.lower() for name in columns]
    for name in names:
        if name not in _COLUMNS and not (name.startswith(ATTRIBUTE) and name != ATTRIBUTE):
            raise ValueError(f"the query gives a column {name!r}; there are {', '.join(_COLUMNS)} and {ATTRIBUTE}...")
    told = dict(zip(names, row, strict=True))
    if len(told) != len(names):
        raise ValueError("the query gives two columns of one name")
    if not {"name", "password_hash"} <= told.keys():
        raise ValueError("the query does not give both a name and a password_hash")
    canonical = _text(told["name"])
    if canonical is None:
        raise ValueError("the query gives a row without a name")
    return Person(
        name=canonical,
        stored=_text(told["password_hash"]),
        salt=_text(told.get("salt")),
        roles=_roles(told.get("roles")),
        disabled=_switch(told.get("disabled")),
        version=_text(told.get("version")) or "",
        attributes={
            column.removeprefix(ATTRIBUTE): text
            for column, value in told.items()
            if column.startswith(ATTRIBUTE) and (text := _text(value)) is not None
        },
    )


def roles_in(rows: Iterable[Sequence[object]]) -> frozenset[str]:
    """The roles of a query that gives one in each row.

    Raises:
        ValueError: where it gives something else.
    """
    found: set[str] = set()
    for row in rows:
        if len(row) != 1:
            raise ValueError("the query for roles gives more than one column")
        role = _text(row[0])
        if role is not None:
            found.add(role.strip())
    return frozenset(found - {""})


def _roles(value: object) -> frozenset[str]:
    """A list, as text with commas, as JSON, or as the database's own."""
    if not isinstance(value, list | tuple):
        text = (_text(value) or "").strip()
        value = json.loads(text) if text.startswith("[") else text.split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(role, str) for role in value):
        raise ValueError("the column roles holds no list of names")
    return frozenset(role.strip() for role in value) - {""}


def _switch(value: object) -> bool:
    text = (_text(value) or "").strip(" ").lower()
    if text not in (*_YES, *_NO):
        raise ValueError(
            "the column disabled holds neither yes nor no; write an expression such as: banned IS NOT NULL"
        )
    return text in _YES


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode()  # a UnicodeDecodeError is a ValueError
    return str(value)
