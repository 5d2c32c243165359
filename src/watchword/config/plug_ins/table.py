"""The table of a plug-in's own settings, as it was written: the plug-in's model reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from watchword.config.values import Read, Unfit


@dataclass(frozen=True, slots=True)
class Written:
    """Keys and values, and the folder at which names of files begin."""

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    folder: Path = Path()


def _written(value: object, folder: Path) -> Written:
    if isinstance(value, Written):
        return value
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Unfit
    return Written(value, folder)


PlugInTable: TypeAlias = Annotated[Written, Read("a table of the plug-in's own keys", _written, relative=True)]
