"""`watchword key`: API keys. Running servers see what is changed at their next check."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.accounts import known_account, unknown_account
from watchword.cli.groups import Commands
from watchword.cli.key_scan import scan
from watchword.cli.opened import Opened, opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_json_list, print_table
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.grants import ApiKey
    from watchword.flows.api_keys import MadeKey, NoKey


@click.group(cls=Commands)
def key() -> None:
    """API keys: make them, list them, put new ones in their place, end them, find them in files."""


def _span(ctx: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """A length of time, such as 90d."""
    from watchword.config.values.durations import FORMS, seconds

    if value is None:
        return None
    try:
        return seconds(value)
    except ValueError:
        raise click.BadParameter(f"must be {FORMS}", ctx, option) from None


def _overlap(ctx: click.Context, option: click.Parameter, value: str) -> float:
    return 0.0 if value in ("0", "0s") else _span(ctx, option, value) or 0.0


@key.command()
@with_data
@click.option("--user", required=True, metavar="NAME", help="The account that the key is for.")
@click.option("--name", metavar="N", help="What it is called in lists.")
@click.option("--scope", "scopes", multiple=True, metavar="S", help="What it may do; repeat it for more.")
@click.option("--signing", is_flag=True, help="An access key, with which requests are signed.")
@click.option("--expires", callback=_span, metavar="TIME", help='When it expires, such as "90d". Never without it.')
@with_json
def create(
    config: Path | None,
    data: Path,
    user: str,
    name: str | None,
    scopes: tuple[str, ...],
    signing: bool,
    expires: float | None,
    as_json: bool,
) -> None:
    """Make an API key, and print it.

    It is shown this once: only its fingerprint is kept. Without --scope it may do whatever the account may. With
    --signing two lines are printed: the access key ID, and the secret access key.
    """
    from watchword.flows.api_keys import DEFAULT_NAME, KeyRefused, NoKey, create_key

    now = time.time()
    with opened(config, data) as here:
        account = known_account(here.storage, user)
        steps = create_key(
            account.name,
            DEFAULT_NAME if name is None else name,
            entropy=os.urandom,
            now=now,
            scopes=scopes or None,
            expires_at=None if expires is None else now + expires,
            signing=here.access_keys() if signing else None,
        )
        try:
            made = here.run(steps)
        except KeyRefused as refused:
            raise Refusal(str(refused)) from None
    if made is NoKey.NO_ACCOUNT:
        raise Refusal(f"The account {account.name} is disabled: watchword user enable {account.name} comes first.")
    _print_made(made, as_json)


@key.command("list")
@with_data
@click.option("--user", metavar="NAME", help="Only those of this account.")
@click.option(
    "--limit", type=click.IntRange(1, 10**9), default=1000, show_default=True, metavar="N", help="How many at most."
)
@with_json
def list_(config: Path | None, data: Path, user: str | None, limit: int, as_json: bool) -> None:
    """List API keys, newest first. Of a key no more is shown than its last characters."""
    from watchword.core.questions import ListKeys

    with opened(config, data) as here:
        subject = None if user is None else known_account(here.storage, user).name
        keys = here.storage.list_keys(ListKeys(subject, limit=limit + 1))
    if as_json:
        print_json_list(map(_as_json, keys[:limit]))
    else:
        print_table(("id", "user", "name", "key", "scopes", "made", "last used", "expires"), map(_as_row, keys[:limit]))
    if len(keys) > limit:
        print(f"There are more: --limit shows more than these {limit}.", file=sys.stderr)


@key.command()
@click.argument("id")
@with_data
@click.option(
    "--overlap",
    default="24h",
    show_default=True,
    callback=_overlap,
    metavar="TIME",
    help='How long the old key lives on beside the new one, such as "24h"; 0 ends it at once.',
)
@with_json
def rotate(id: str, config: Path | None, data: Path, overlap: float, as_json: bool) -> None:
    """Make a new key in the place of the one with this ID, and print it.

    It has the name, the scopes and the lifetime that the old one began with.
    """
    from watchword.flows.api_keys import KeyRefused, rotate_key

    with opened(config, data) as here:
        old = _known_key(here, id)
        steps = rotate_key(
            old.subject,
            id,
            overlap=overlap,
            entropy=os.urandom,
            now=time.time(),
            access_keys=here.access_keys(),
        )
        try:
            made = here.run(steps)
        except KeyRefused as refused:
            raise Refusal(str(refused)) from None
    _print_made(made, as_json)


@key.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@with_data
def revoke(ids: tuple[str, ...], config: Path | None, data: Path) -> None:
    """End the API keys with these IDs.

    Prints how many ended.
    """
    from watchword.core.questions import EndKeys

    wanted = tuple(dict.fromkeys(ids))
    with opened(config, data) as here:
        count = here.storage.end_keys(EndKeys(wanted))
    print(f"{count} {'key' if count == 1 else 'keys'} ended.")
    if count < len(wanted):
        raise Refusal(f"{len(wanted) - count} of the IDs belong to no key: watchword key list shows them.")


key.add_command(scan)


def _known_key(here: Opened, id: str) -> ApiKey:
    for found in here.storage.all_keys():
        if found.id == id:
            return found
    raise Refusal(f"There is no key with the ID {id}: watchword key list shows them.")


def _print_made(made: MadeKey | NoKey, as_json: bool) -> None:
    from watchword.flows.api_keys import NoKey

    match made:
        case NoKey.NO_ACCOUNT:
            raise unknown_account("of this name that may be used")
        case NoKey.TOO_MANY:
            raise Refusal("The account has as many keys as it may: watchword key revoke ID ends one.")
        case NoKey.UNKNOWN | NoKey.ENDED:
            raise Refusal("The key was rotated before, or has expired: watchword key create makes another.")
        case _:
            pass
    if as_json and made.signs:
        print_json({**_as_json(made.key), "access_key_id": made.key.id, "secret_access_key": made.text})
    elif as_json:
        print_json({**_as_json(made.key), "key": made.text})
    elif made.signs:
        print(made.key.id)
        print(made.text)
        print("The first line is the access key ID, the second its secret. It is shown this once.", file=sys.stderr)
    else:
        print(made.text)
        print(f"The key has the ID {made.key.id}. It is shown this once.", file=sys.stderr)


def _as_row(found: ApiKey) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    expires = "never" if found.expires_at is None else seconds(found.expires_at)
    return (
        found.id,
        found.subject,
        found.name,
        f"****{found.hint}",
        "all" if found.scopes is None else " ".join(sorted(found.scopes)) or "none",
        seconds(found.created_at),
        "-" if found.last_used is None else seconds(found.last_used),
        expires if found.superseded_by is None else f"{expires}, superseded",
    )


def _as_json(found: ApiKey) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "id": found.id,
        "user": found.subject,
        "name": found.name,
        "hint": f"****{found.hint}",
        "scopes": None if found.scopes is None else sorted(found.scopes),
        "created_at": milliseconds(found.created_at),
        "expires_at": None if found.expires_at is None else milliseconds(found.expires_at),
        "last_used": None if found.last_used is None else milliseconds(found.last_used),
        "superseded_by": found.superseded_by,
    }
