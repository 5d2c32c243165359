"""What pydantic found wrong with a key, as a sentence for people."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from watchword.config.problems import meant
from watchword.config.reading.later import not_yet
from watchword.config.reading.lines import Location
from watchword.config.section import example_of, is_list, keys_of, table_of, words_for
from watchword.config.settings import Settings
from watchword.config.values import Unfit


def sentence(error: ErrorDetails) -> str:
    """What is wrong, and what to write instead, to go on after the setting's name."""
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        return _unknown(location)
    cause: Any = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError) and not isinstance(cause, Unfit):
        return str(cause)
    _, field = _described(location)
    assert field is not None, "a file, a variable and an override are tables by themselves"
    header = _header(location)
    if table_of(field.annotation) is not None and is_list(field.annotation):
        return f"must be a table; write [[{header}]] above its keys"
    if table_of(field.annotation) is not None:
        return f"must be a table; write [{header}] above its keys"
    entry = isinstance(location[-1], int)
    wanted = f"{words_for(field, entry=entry)}, such as {example_of(field, entry=entry)}"
    return f"is missing; write {wanted}" if error["type"] == "missing" else f"must be {wanted}"


def _unknown(location: Location) -> str:
    *place, key = location
    never = _NEVER.get(_header(location))
    if never is not None:
        return never
    later = not_yet(_header(location))
    if later is not None:
        return later
    table, _ = _described(tuple(place))
    known = keys_of(table)
    near = meant(str(key), known)
    if near is not None:
        return f'there is no such key; did you mean "{near}"?'
    if not place:
        homes = [
            section
            for section, field in keys_of(Settings).items()
            if (inner := table_of(field.annotation)) is not None and key in keys_of(inner)
        ]
        if homes:
            return f"there is no such section; write the key under {' or '.join(f'[{home}]' for home in homes)}"
        return f"there is no such section; there are {', '.join(known)}"
    return f"there is no such key; there are {', '.join(known)}"


_KEY = (
    "keys do not stand in the configuration in clear; write key_fingerprint, which `watchword hash --key` prints, or "
    "the name of a file in key_file"
)
_SUBMITTED = "credentials for providers do not stand in the configuration; every user submits their own"
_NEVER = {
    **{f"service_account.{name}": _KEY for name in ("key", "api_key", "apikey", "secret", "token")},
    **{f"provider.{name}": _SUBMITTED for name in ("key", "api_key", "apikey", "secret", "token", "credential")},
}
"""Keys that people would write, and must not."""


def _described(location: Location) -> tuple[type[BaseModel], FieldInfo | None]:
    """The table that a place is or lies in, and the key that describes it."""
    table: type[BaseModel] = Settings
    field: FieldInfo | None = None
    for part in location:
        if isinstance(part, int):
            continue
        field = keys_of(table).get(part)
        inner = None if field is None else table_of(field.annotation)
        if inner is not None:
            table = inner
    return table, field


def _header(location: Location) -> str:
    return ".".join(part for part in location if isinstance(part, str))
