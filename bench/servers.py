"""The servers that rows are measured on, each started when the first row asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from bench import nginx, processes
from bench.data import CONFIG, Data
from bench.processes import Running


class Servers:
    """Everything runs on loopback over one data folder, each server with one worker, and ends with the stack."""

    def __init__(self, stack: ExitStack, data: Data, folder: Path) -> None:
        self._stack = stack
        self._data = data
        self._folder = folder

    @cached_property
    def bare(self) -> Running:
        """An application that answers 204, served as Watchword is."""
        return self._stack.enter_context(processes.python("bench.serving", "bare"))

    @cached_property
    def guarded(self) -> Running:
        """The same application behind the ASGI middleware."""
        return self._stack.enter_context(processes.python("bench.serving", "guarded", str(self._data.folder)))

    @cached_property
    def watchword(self) -> Running:
        """`watchword serve` as it comes."""
        return self._serve("watchword.toml", CONFIG)

    @cached_property
    def trusting(self) -> Running:
        """`watchword serve` for a proxy on this machine."""
        return self._serve("trusting.toml", f'{CONFIG}[server]\ntrusted_proxies = ["127.0.0.1"]\n')

    @cached_property
    def nginx(self) -> Running | None:
        """nginx in front of `trusting`; None where it is not installed."""
        command = nginx.nginx()
        if command is None:
            return None
        return self._stack.enter_context(nginx.serving(command, self._folder / "nginx", self.trusting.url))

    def start_another(self, stack: ExitStack) -> Running:
        """One more `watchword serve`, which ends with this stack."""
        return stack.enter_context(processes.python("watchword", *self._arguments("watchword.toml", CONFIG)))

    def _serve(self, name: str, config: str) -> Running:
        return self._stack.enter_context(processes.python("watchword", *self._arguments(name, config)))

    def _arguments(self, name: str, config: str) -> list[str]:
        file = self._folder / name
        file.write_text(config)
        return ["serve", "--config", str(file), "--data", str(self._data.folder), "--port", "0"]
