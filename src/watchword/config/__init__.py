"""Floor 8: the configuration, and the composition root that builds a server of it.

Every table of `watchword.toml` has a room: `settings.py` is what may be written there, `pairs.py` what is refused
although each key is right, `making.py` what of the engine is made of it. Lists put the rooms together: the tables in
`settings.py`, the checks in `pairs.py`, and the names and makers of mechanisms in `mechanisms/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.config.problems import ConfigurationError, Problem
    from watchword.config.reading.loading import load
    from watchword.config.settings import Settings

__all__ = ["ConfigurationError", "Problem", "Settings", "load"]

_PLACES = {
    "ConfigurationError": "watchword.config.problems",
    "Problem": "watchword.config.problems",
    "Settings": "watchword.config.settings",
    "load": "watchword.config.reading.loading",
}


def __getattr__(name: str) -> object:
    """Import at first use: verifiers have no configuration, and none of what reads it."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
