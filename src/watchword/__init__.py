"""Watchword: every request to a REST API answered with the right status, challenges and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchword.config.library import Watchword
    from watchword.core.principal import Principal
    from watchword.core.requirement import Requirement

__all__ = ["Principal", "Requirement", "Watchword", "__version__"]
__version__ = "0.1.0"

_PLACES = {
    "Principal": "watchword.core.principal",
    "Requirement": "watchword.core.requirement",
    "Watchword": "watchword.config.library",
}


def __getattr__(name: str) -> object:
    """Import at first use: `import watchword` itself costs nothing, and needs no optional dependency."""
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
