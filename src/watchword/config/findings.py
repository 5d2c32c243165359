"""What checks of whole settings find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from watchword.config.reading.lines import Location
from watchword.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and on which other settings that depends."""

    location: Location
    says: str
    depends: tuple[Location, ...] = ()


Check: TypeAlias = Callable[[Settings], Iterator[Finding]]
