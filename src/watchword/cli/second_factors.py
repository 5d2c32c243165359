"""`watchword user second-factor`: for people who have lost what they log in with."""

from __future__ import annotations

from pathlib import Path

import click

from watchword.cli.accounts import known_account
from watchword.cli.groups import Commands
from watchword.cli.opened import opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json_list, print_table


@click.group("second-factor", cls=Commands)
def second_factor() -> None:
    """Second factors of an account: list them, remove them all."""


@second_factor.command("list")
@click.argument("name")
@with_data
@with_json
def list_(name: str, config: Path | None, data: Path, as_json: bool) -> None:
    """List the authenticators of the account NAME, and how many recovery codes it has left."""
    from watchword.core.credentials import RECOVERY_CODE, TOTP
    from watchword.core.questions import FindCredentials
    from watchword.http.timestamps import milliseconds, seconds

    with opened(config, data) as here:
        subject = known_account(here.storage, name).name
        found = here.storage.find_credentials(FindCredentials(subject, fresh=True))
    authenticators = [each for each in found if each.kind == TOTP]
    codes = sum(each.kind == RECOVERY_CODE for each in found)
    if as_json:
        print_json_list(
            {
                "id": each.id,
                "kind": each.kind,
                "label": each.label,
                "confirmed": each.confirmed,
                "created_at": milliseconds(each.created_at),
            }
            for each in authenticators
        )
        return
    rows = [
        (each.id, each.label, "confirmed" if each.confirmed else "waiting", seconds(each.created_at))
        for each in authenticators
    ]
    print_table(("id", "label", "state", "added"), rows)
    print(f"{codes} recovery {'code' if codes == 1 else 'codes'} left.")


@second_factor.command()
@click.argument("name")
@with_data
def reset(name: str, config: Path | None, data: Path) -> None:
    """Remove every second factor of the account NAME, and its recovery codes: its password is enough again.

    Find out first that it is NAME who asks, as carefully as when the account was made.
    """
    from watchword.core.credentials import TOTP
    from watchword.core.questions import EndCredentials

    with opened(config, data) as here:
        subject = known_account(here.storage, name).name
        ended = here.storage.end_credentials(EndCredentials(subject, kind=TOTP))
    print(f"Removed {ended} {'authenticator' if ended == 1 else 'authenticators'} of {subject}.")
