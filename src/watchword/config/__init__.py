"""Floor 8: the configuration, and the composition root that builds a server of it."""

from __future__ import annotations

from watchword.config.loading import load
from watchword.config.problems import ConfigurationError, Problem
from watchword.config.settings import Settings

__all__ = ["ConfigurationError", "Problem", "Settings", "load"]
