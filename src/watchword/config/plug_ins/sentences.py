"""What a plug-in's own model found wrong, told as what is wrong with our own settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from watchword.config.findings import Finding
from watchword.config.plug_ins.making import SettingsRefused
from watchword.config.problems import meant, printable
from watchword.config.reading.lines import Location
from watchword.config.section import example_of, keys_of, words_for
from watchword.config.values import Read, Unfit


def settings_findings(refused: SettingsRefused, place: Location) -> Iterator[Finding]:
    """One for each thing that is wrong; `place` is where the plug-in's table stands."""
    for error in refused.invalid.errors(include_url=False, include_input=False):
        yield Finding((*place, *error["loc"]), _sentence(error, refused.model))


def _sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    known = keys_of(model)
    key = error["loc"][0] if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        near = meant(str(key), known)
        return "there is no such key; " + (f'did you mean "{near}"?' if near else f"there are {', '.join(known)}")
    cause: Any = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError) and not isinstance(cause, Unfit):
        return printable(str(cause))
    field = known.get(str(key))
    wanted = ""
    if field is not None and any(isinstance(part, Read) for part in field.metadata):
        wanted = words_for(field) + (f", such as {example_of(field)}" if field.examples else "")
    if error["type"] == "missing":
        return f"is missing; write {wanted or f'{key} = …'}"
    return f"must be {wanted}" if wanted else printable(error["msg"][:1].lower() + error["msg"][1:])
