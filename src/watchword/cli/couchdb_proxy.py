"""`watchword couchdb-proxy-token`: the fields by which a proxy tells CouchDB who the client is."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchword.cli.opened import load_settings
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json
from watchword.cli.refusal import Refusal


@click.command("couchdb-proxy-token")
@click.argument("name")
@with_data
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role to tell; may be repeated.")
@click.option("--safe", is_flag=True, help="A token that expires, and covers the roles. CouchDB knows none of those.")
@with_json
def couchdb_proxy_token(
    config: Path | None, data: Path, name: str, roles: tuple[str, ...], safe: bool, as_json: bool
) -> None:
    """Print the fields by which a proxy tells CouchDB that NAME is asking.

    They are lines for `curl -H @-`. CouchDB's own token is made of `couchdb.secret_file`. It never expires, and covers
    the name alone: whoever sees it may be NAME, with any roles, until CouchDB's secret is another.
    """
    from watchword.config.couchdb.bridge import proof_of
    from watchword.config.couchdb.proxy import CouchdbProxySettings
    from watchword.config.keys.file import KeyFileRefused, read_keys
    from watchword.http.couchdb_proxy import user_value
    from watchword.tokens.couchdb_told import ToldToCouchDb
    from watchword.tokens.keys import KeyRing

    bridge = load_settings(config).couchdb
    proxy = bridge.proxy or CouchdbProxySettings()
    if not safe and bridge.secret_file is None:
        raise Refusal("There is no secret of CouchDB's: write the file with it as couchdb.secret_file.")
    if user_value(name) is None:
        raise Refusal("CouchDB would read that name otherwise: it has control characters, or a space at an end.")
    try:
        ring = read_keys(data) if safe and proxy.identity_secret_file is None else KeyRing()
        told = ToldToCouchDb(proof_of(bridge, proxy, ring, "safe" if safe else "proxy"), proxy.names)
    except KeyFileRefused as error:
        raise Refusal(str(error)) from None
    except ValueError as error:
        raise Refusal(f"A secret's file {error}.") from None
    values = [value.decode() for _, value in told.named(name, frozenset(roles), time.time())]
    if as_json:
        print_json(dict(zip(proxy.fields, values, strict=True)))
        return
    for field, value in zip(proxy.fields, values, strict=True):
        print(f"{field}: {value}")
