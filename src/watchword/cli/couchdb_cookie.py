"""`watchword couchdb-cookie`: CouchDB's session cookie for somebody, without the password (S2.26)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from watchword.cli.accounts import known_account
from watchword.cli.opened import opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.tokens.couchdb_cookie import Hash


@click.command("couchdb-cookie")
@with_data
@click.option("--user", required=True, metavar="NAME", help="Whose: the account that it acts for.")
@click.option(
    "--hash",
    "algorithm",
    type=click.Choice(["sha256", "sha1"]),
    help="CouchDB before 3.3 needs sha1. Without it the first of couchdb.hash.",
)
@with_json
def couchdb_cookie(config: Path | None, data: Path, user: str, algorithm: str | None, as_json: bool) -> None:
    """Make CouchDB's session cookie for an account, without a log-in. It is printed, and kept nowhere.

    This server takes it where a space has the mechanism couchdb. CouchDB takes it where couchdb.secret_file holds its
    secret, and the account's attribute couchdb_salt is the salt of its user document: import brings it along.
    """
    from watchword.config.couchdb.settings import couchdb_cookies
    from watchword.http.couchdb_cookie import NAME
    from watchword.http.timestamps import milliseconds

    with opened(config, data) as here:
        account = known_account(here.storage, user)
        if account.disabled:
            raise Refusal(f"The account {account.name} is disabled.")
        try:
            cookies = couchdb_cookies(here.settings.couchdb, here.ring())
        except ValueError as error:
            raise Refusal(f"couchdb.secret_file {error}.") from None
        now = time.time()
        made = cookies.of(account, now, cast("Hash | None", algorithm))
    if as_json:
        print_json({"name": account.name, "auth_session": made, "expires_at": milliseconds(int(now) + cookies.timeout)})
    else:
        print(f"{NAME}={made}")
