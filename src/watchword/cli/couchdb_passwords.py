"""`watchword couchdb-password` and `couchdb-rotate-passwords`: passwords for CouchDB that one secret derives."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.options import with_json
from watchword.cli.printing import print_json
from watchword.cli.progress import progress
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.crypto.secret import Secret

_SECRET_HELP = "The application's secret, in a file that nobody else may read; of several lines, the last."


@click.command("couchdb-password")
@click.argument("name")
@click.option("--secret-file", type=click.Path(path_type=Path), metavar="FILE", help=_SECRET_HELP)
def couchdb_password(name: str, secret_file: Path | None) -> None:
    """Print the password that a secret derives for NAME in CouchDB.

    Without --secret-file, the secret is read from standard input. One secret opens every account: whoever has it can
    log in to CouchDB as anybody. A cookie or a proxy's token needs no password at all.
    """
    from watchword.crypto.couchdb_password import couchdb_password as derived

    secret = _secret(secret_file)
    try:
        print(derived(name, secret).reveal_text())
    except ValueError as error:
        raise Refusal(f"That is no name: {error}.") from None


@click.command("couchdb-rotate-passwords")
@click.option("--url", required=True, metavar="URL", help="CouchDB's, such as https://couchdb.example.com:6984.")
@click.option("--secret-file", type=click.Path(path_type=Path), required=True, metavar="FILE", help=_SECRET_HELP)
@click.option(
    "--admin-file",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="A file with NAME:PASSWORD of one of CouchDB's administrators, that nobody else may read.",
)
@click.option("--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Who may vouch for CouchDB (PEM).")
@click.option("--all", "everybody", is_flag=True, help="Passwords that somebody has chosen, too.")
@click.option("--after", metavar="NAME", help="Begin behind this user, in CouchDB's order.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be.")
@with_json
def couchdb_rotate_passwords(
    url: str,
    secret_file: Path,
    admin_file: Path,
    ca_file: Path | None,
    everybody: bool,
    after: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Change the passwords of CouchDB's users to those that a secret derives.

    Whom a secret's password was given once is changed; with --all everybody, as the first time. A run that was broken
    off goes on where it was, and one that is done changes nothing. Until a user is changed the old secret's password is
    good: an application tries the new one first, and then the old one.
    """
    from watchword.config.values.asked_url import read_asked_url
    from watchword.core.ask import AnswerFailed
    from watchword.stores.couchdb.passwords import Became, rotate_passwords
    from watchword.stores.couchdb.users import CouchDBUsers

    try:
        where = read_asked_url(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    users = CouchDBUsers(where, _admin(admin_file), authorities=ca_file)
    secret, counts, last = _secret(secret_file), Counter[Became](), after
    try:
        with progress("users looked at") as one_more:
            for rotated in rotate_passwords(users, secret, everybody=everybody, after=after, dry_run=dry_run):
                counts[rotated.became] += 1
                last = rotated.name
                one_more()
    except AnswerFailed as error:
        behind = "" if last is None else f' "{last}" was the last one that was done.'
        raise Refusal(f"{error}.{behind} The same command goes on from there.") from None
    if as_json:
        print_json({became.value: counts[became] for became in Became} | {"dry_run": dry_run})
    else:
        print(
            f"{counts[Became.CHANGED]} {'would be changed' if dry_run else 'changed'}, "
            f"{counts[Became.CURRENT]} had it already, {counts[Became.OWN]} have passwords of their own."
        )
    if counts[Became.BUSY]:
        raise Refusal(f"{counts[Became.BUSY]} were being changed by somebody else. Run the same command again.")


def _secret(file: Path | None) -> Secret:
    """The newest secret, of a file or of standard input."""
    from watchword.config.values.secret_file import secrets_in, secrets_in_file

    if file is None and sys.stdin.isatty():
        raise click.UsageError("Write --secret-file FILE, or send the secret to standard input.")
    try:
        return (secrets_in(sys.stdin.read(16_384)) if file is None else secrets_in_file(file))[-1]
    except ValueError as error:
        raise Refusal(f"{'Standard input' if file is None else file} {error}.") from None


def _admin(file: Path) -> tuple[str, Secret]:
    from watchword.config.values.secret_file import password_in_file
    from watchword.crypto.secret import Secret

    try:
        name, colon, password = password_in_file(file).reveal().partition(b":")
    except ValueError as error:
        raise Refusal(f"{file} {error}.") from None
    if not name or not colon or not password:
        raise Refusal(f"{file} holds no NAME:PASSWORD.")
    return name.decode("utf-8", "replace"), Secret(password)
