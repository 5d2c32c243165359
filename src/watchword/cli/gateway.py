"""`watchword gateway`: configuration for reverse proxies that ask Watchword who may pass."""

from __future__ import annotations

import re
from pathlib import Path

import click

from watchword.cli.address import reached_at
from watchword.cli.groups import Commands
from watchword.cli.opened import load_settings
from watchword.cli.options import with_config

# What could end a directive and begin another is in none of these.
_LISTEN = re.compile(r"(?:[0-9.]+:|\[[0-9a-fA-F:]+\]:)?[0-9]{1,5}")
_NO_PATH = re.compile(r"https?://[^/?#]+/?")
_SERVER_NAME = re.compile(r"_|[A-Za-z0-9*._-]+")


@click.group(cls=Commands)
def gateway() -> None:
    """Print forward-auth configuration for a reverse proxy.

    The proxy asks Watchword about each request, and passes on those that may.
    """


@gateway.command()
@with_config
@click.option("--upstream", required=True, metavar="URL", help="The API to protect, such as http://127.0.0.1:9000.")
@click.option("--server", metavar="URL", help="Where nginx reaches Watchword; as configured where nothing is said.")
@click.option("--listen", default="8081", show_default=True, metavar="PORT", help="Where nginx listens.")
@click.option("--server-name", default="_", show_default=True, metavar="NAME", help="The host that clients ask for.")
def nginx(config: Path | None, upstream: str, server: str | None, listen: str, server_name: str) -> None:
    """Print a server block for nginx 1.22 or later.

    It belongs into the http block, in a file such as /etc/nginx/conf.d/api.conf.
    """
    from watchword.server.gateway import nginx_configuration

    if not _LISTEN.fullmatch(listen):
        raise click.BadParameter("write a port, or address:port", param_hint="--listen")
    if not _SERVER_NAME.fullmatch(server_name):
        raise click.BadParameter("write one host name, or _ for any", param_hint="--server-name")
    settings = load_settings(config)
    proxy = settings.couchdb.proxy
    text = nginx_configuration(
        server_url=_origin(reached_at(settings) if server is None else server, "--server"),
        upstream_url=_origin(upstream, "--upstream"),
        listen=listen,
        server_name=server_name,
        couchdb=None if proxy is None or proxy.emit == "off" else proxy.fields,
    )
    print(text, end="")


def _origin(url: str, option: str) -> str:
    from watchword.http.origin import origin_of

    origin = origin_of(url) if _NO_PATH.fullmatch(url) else None
    if origin is None:
        raise click.BadParameter(
            "write scheme, host and port without a path, such as http://127.0.0.1:9000", param_hint=option
        )
    return origin
