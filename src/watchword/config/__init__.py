"""Floor 8: the configuration, and the composition root that builds a server of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.config.loading import load
    from watchword.config.problems import ConfigurationError, Problem
    from watchword.config.settings import Settings

__all__ = ["ConfigurationError", "Problem", "Settings", "load"]

_PLACES = {
    "ConfigurationError": "watchword.config.problems",
    "Problem": "watchword.config.problems",
    "Settings": "watchword.config.settings",
    "load": "watchword.config.loading",
}


def __getattr__(name: str) -> object:
    """Import at first use: verifiers have no configuration, and none of what reads it."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
