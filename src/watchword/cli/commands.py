"""Every command there is, in the order in which `watchword --help` lists them."""

from __future__ import annotations

import click

from watchword.cli.check import check
from watchword.cli.clients import client
from watchword.cli.couchdb_cookie import couchdb_cookie
from watchword.cli.couchdb_passwords import couchdb_password, couchdb_rotate_passwords
from watchword.cli.couchdb_proxy import couchdb_proxy_token
from watchword.cli.demo import demo
from watchword.cli.exporting import export_records
from watchword.cli.gateway import gateway
from watchword.cli.groups import Commands
from watchword.cli.hashing import hash_password
from watchword.cli.identities import identity
from watchword.cli.importing import import_records
from watchword.cli.integrations import integration
from watchword.cli.keys import key
from watchword.cli.revoke import revoke
from watchword.cli.serve import serve
from watchword.cli.server_keys import keys
from watchword.cli.sessions import session
from watchword.cli.tokens import token
from watchword.cli.users import user


def _say_version(ctx: click.Context, option: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"watchword {version('watchword')}")
        except PackageNotFoundError:
            click.echo("watchword, from a checkout that is not installed")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="The version.")
def watchword() -> None:
    """Watchword protects REST APIs: it knows who may call, and says so to servers and proxies.

    Exit codes: 0 done, 1 refused or not found, 2 wrongly called.
    """


for command in (
    serve,
    demo,
    check,
    user,
    key,
    client,
    session,
    identity,
    integration,
    revoke,
    token,
    couchdb_cookie,
    couchdb_proxy_token,
    couchdb_password,
    couchdb_rotate_passwords,
    keys,
    import_records,
    export_records,
    gateway,
    hash_password,
):
    watchword.add_command(command)
