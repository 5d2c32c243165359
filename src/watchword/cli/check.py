"""`watchword check`: what is wrong with the configuration, or what the server would do with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.address import listens_at
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_record
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.config import Settings


@click.command()
@with_data
@with_json
def check(config: Path | None, data: Path, as_json: bool) -> int:
    """Read the configuration, and say everything that is wrong with it.

    Where nothing is, say what the server would do, which plug-ins are installed, and what deserves a second look.
    Nothing is started or made.
    """
    from watchword.config import ConfigurationError, load
    from watchword.storage.opening import database_file

    try:
        settings = load(config, os.environ)
    except ConfigurationError as error:
        if not as_json:
            raise Refusal(str(error)) from None
        problems = [{"where": p.where, "says": p.says, "source": p.source, "line": p.line} for p in error.problems]
        print_json({"ok": False, "problems": problems})
        return 1
    database = database_file(settings.storage.url, data)
    if as_json:
        _print_json(settings, database)
    else:
        _print_lines(settings, database)
    return 0


def _print_json(settings: Settings, database: Path) -> None:
    from watchword.config.plug_ins.installed import all_installed

    spaces = [{"realm": space.realm, "mechanisms": space.mechanisms} for space in settings.spaces()]
    print_json(
        {
            "ok": True,
            "listens_at": listens_at(settings),
            "public_url": settings.server.public_url,
            "workers": settings.server.workers,
            "database": str(database),
            "personas": settings.realm.personas,
            "spaces": spaces,
            "plug_ins": [{"kind": p.kind, "name": p.name, "package": p.package} for p in all_installed()],
            "warnings": [*_warnings(settings)],
        }
    )


def _print_lines(settings: Settings, database: Path) -> None:
    from watchword.config.plug_ins.installed import all_installed

    server = settings.server
    print("The configuration is good. The server would use it so:")
    workers = "1 worker" if server.workers == 1 else f"{server.workers} workers"
    lines = {
        "listens at": f"{listens_at(settings)}, {workers}",
        "database": f"{database}" if database.exists() else f"{database}, which is made at the first start",
        "personas": ", ".join(settings.realm.personas) or "none",
    }
    for number, space in enumerate(settings.spaces(), start=1):
        rules = f"; {len(space.rules)} kinds of targets" if space.rules else ""
        lines[f"space {number}"] = f"{space.realm}: {', '.join(space.mechanisms)}{rules}"
    for number, plug_in in enumerate(all_installed(), start=1):
        lines[f"plug-in {number}"] = f"{plug_in.kind} {plug_in.name}, of {plug_in.package}"
    print_record(lines)
    for warning in _warnings(settings):
        print(f"Look again: {warning}")


def _warnings(settings: Settings) -> Iterator[str]:
    """What is allowed, and not always meant."""
    from watchword.config.providers.warnings import credentials_in_urls
    from watchword.http.forwarded import is_loopback

    server = settings.server
    if server.allow_cleartext:
        yield "server.allow_cleartext lets passwords travel without TLS, where everybody on the way can read them."
    elif server.tls is None and server.host != "localhost" and not is_loopback(server.host):
        yield f"server.host {server.host} takes cleartext, for the trusted proxies: nobody else should reach it."
    if settings.passwords.sign_up:
        yield "passwords.sign_up lets everybody who reaches the server make an account."
    yield from (says for _, says in credentials_in_urls(settings))
    for at, space in enumerate(settings.spaces()):
        if space.no_auth_challenge == "remove":
            yield (
                f"space {at + 1} leaves all challenges out where a client asks for that (No-Auth-Challenge), "
                "against RFC 9110."
            )
        if space.unnamed.session_expired_status is not None:
            yield f"space {at + 1} answers {space.unnamed.session_expired_status} to ended sessions, not 401."
        if space.unnamed.ignore_invalid:
            yield f"space {at + 1} lets wrong credentials pass as none on public targets."
