"""Where in the configuration a mechanism or a target stands, for findings about it."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.spaces.settings import Protect


def where_mechanism_stands(settings: Settings, mechanism: str) -> list[Location]:
    """The lists of mechanisms that have this one."""
    return [
        ("space", index, "mechanisms")
        for index, space in enumerate(settings.space)
        if space.mechanisms is not None and mechanism in space.mechanisms
    ]


def targets(settings: Settings) -> Iterator[tuple[Location, Protect]]:
    """All entries of `[[space.protect]]`, each with its place."""
    for at, space in enumerate(settings.space):
        for index, entry in enumerate(space.protect):
            yield ("space", at, "protect", index), entry
