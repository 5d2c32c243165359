"""`watchword serve`: the server."""

from __future__ import annotations

from pathlib import Path

import click

from watchword.cli.opened import load_settings, sentence
from watchword.cli.options import with_data
from watchword.cli.refusal import Refusal


@click.command()
@with_data
@click.option("--host", metavar="H", help="The address to listen on, in place of server.host.")
@click.option("--port", type=int, metavar="P", help="The port, in place of server.port; 0 takes a free one.")
@click.option("--workers", type=int, metavar="N", help="Processes that serve, in place of server.workers.")
def serve(config: Path | None, data: Path, host: str | None, port: int | None, workers: int | None) -> int:
    """Run the server until it is told to stop (Ctrl-C, SIGTERM).

    Once it accepts connections it prints one line to standard output, `Watchword is ready: http://H:P`. Logs and hints
    go to standard error. Everything that is wrong with the configuration is said at once.
    """
    settings = load_settings(config, {"server": {"host": host, "port": port, "workers": workers}})
    from watchword.config.keys.file import KeyFileRefused
    from watchword.config.serving import run_server
    from watchword.core.ask import AnswerFailed
    from watchword.server.run import CannotListen
    from watchword.storage import UnusableStorage

    try:
        return run_server(settings, data, say_ready)
    except (AnswerFailed, CannotListen, KeyFileRefused, UnusableStorage) as error:
        raise Refusal(sentence(str(error))) from None


def say_ready(url: str) -> None:
    """The one line of standard output."""
    print(f"Watchword is ready: {url}", flush=True)
