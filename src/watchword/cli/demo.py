"""`watchword demo`: the server on throw-away data, with people to sign in as and an API to protect."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from watchword.cli.opened import load_settings, sentence
from watchword.cli.refusal import Refusal
from watchword.cli.serve import say_ready


@click.command()
@click.option("--port", type=int, default=8080, show_default=True, metavar="P", help="The port; 0 takes a free one.")
def demo(port: int) -> int:
    """Try Watchword: a server with demo users, a demo API and a page.

    Its data lie in a folder of their own, which is removed when it stops, and its passwords are new each time.
    Addresses, users and commands to try go to standard error.
    """
    from tempfile import TemporaryDirectory

    from watchword.config.keys.file import KeyFileRefused
    from watchword.config.serving import run_server
    from watchword.demo.app import demo_around
    from watchword.demo.people import banner, new_people
    from watchword.server.run import CannotListen
    from watchword.storage import UnusableStorage

    # Variables that are about for a real server are left alone: the demo is the same everywhere.
    realm: dict[str, object] = {"name": "Watchword demo", "personas": ["openmrs", "restheart"]}
    chosen: dict[str, dict[str, object]] = {"server": {"port": port}, "realm": realm}
    settings = load_settings(None, chosen, environ={})
    people = new_people()

    def ready(url: str) -> None:
        print(banner(url, people), file=sys.stderr, flush=True)
        say_ready(url)

    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    with TemporaryDirectory(prefix="watchword-demo-", ignore_cleanup_errors=True) as folder:
        try:
            return run_server(settings, Path(folder), ready, around=demo_around(people))
        except (CannotListen, KeyFileRefused, UnusableStorage) as error:
            raise Refusal(sentence(str(error))) from None


def _end(number: int, frame: FrameType | None) -> None:
    """End as after Ctrl-C, so that the folder is removed. The server obeys that as it obeys SIGTERM."""
    os.kill(os.getpid(), signal.SIGINT)
