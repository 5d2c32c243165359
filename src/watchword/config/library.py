"""Watchword inside an application: the same engine that the server runs, around the application's own routes."""

from __future__ import annotations

import os
from pathlib import Path

from watchword.config import load
from watchword.config.build import Parts, build
from watchword.config.settings import Settings
from watchword.edge.asgi import Application, Guarded
from watchword.edge.witness import LoggingWitness


class Watchword:
    """Protects applications by the spaces of a configuration.

    One for each process; it opens its database at the first request. Close it when the application ends.
    """

    def __init__(self, settings: Settings, data: Path) -> None:
        """Raises `UnusableStorage` or `KeyFileRefused`, with a sentence that says what to do."""
        self._parts: Parts = build(settings, data, LoggingWitness())

    @classmethod
    def from_config(cls, file: str | Path | None = None, *, data: str | Path = "watchword-data") -> Watchword:
        """From a `watchword.toml`, with the data in the folder `data`; without a file, the defaults.

        Raises:
            ConfigurationError: with every problem of the configuration.
            UnusableStorage, KeyFileRefused: with a sentence that says what to do.
        """
        return cls(load(None if file is None else Path(file), os.environ), Path(data))

    def asgi(self, application: Application) -> Application:
        """The application, of which only those requests are seen that the configuration lets through.

        Who asks is in the scope, under `watchword.edge.asgi.PRINCIPAL`.
        """
        return Guarded(application, self._parts.service.engine, self._parts.service.targets)

    def close(self) -> None:
        """Write what is still to be written, and let threads and connections go."""
        self._parts.close()
