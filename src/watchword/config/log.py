"""`[log]`: what the server writes to standard error."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.section import Section
from watchword.config.values import choice

Format: TypeAlias = Literal["console", "json"]
Level: TypeAlias = Literal["debug", "info", "warning", "error"]


class Log(Section):
    """What the server writes to standard error. It never holds a secret."""

    format: Annotated[Format, choice("console", "json")] = Field(default="console", examples=["json"])
    """For people or for programs."""

    level: Annotated[Level, choice("debug", "info", "warning", "error")] = Field(default="info", examples=["warning"])
    """The least that is written."""
