"""`[[mechanism]]` and `[tokens.manager]`: plug-ins that have no table of their own elsewhere."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.plug_ins.table import PlugInTable
from watchword.config.section import Section
from watchword.config.values import Read, Unfit

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


PlugInName: TypeAlias = Annotated[str, Read("lower-case letters, digits, hyphens and underscores, at most 64", _name)]


class MechanismSettings(Section):
    """What a mechanism of a plug-in needs to know. It is tried where a `[[space]]` names it in `mechanisms`; one that
    needs to know nothing needs no entry here."""

    kind: PlugInName = Field(examples=["room-key"])
    """The name under which a package that is installed here offers it (an entry point in `watchword.mechanism`)."""

    settings: PlugInTable | None = Field(default=None, examples=[{"file": "rooms.txt"}])
    """The plug-in's own keys."""


class TokenManagerSettings(Section):
    """Who issues and judges auth tokens, instead of the server itself."""

    kind: PlugInName = Field(examples=["short-tokens"])
    """The name under which a package that is installed here offers it (an entry point in `watchword.token_manager`)."""

    settings: PlugInTable | None = Field(default=None, examples=[{"minutes": 5}])
    """The plug-in's own keys."""
