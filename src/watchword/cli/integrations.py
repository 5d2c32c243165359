"""`watchword integration`: the credentials that accounts have with third parties."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.accounts import known_account
from watchword.cli.groups import Commands
from watchword.cli.opened import opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json_list, print_table
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.third_party import ThirdPartyCredential
    from watchword.storage import Storage

_PAGE = 500


@click.group(cls=Commands)
def integration() -> None:
    """Credentials that accounts have with third parties: list them, forget them. They are shown to nobody."""


@integration.command("list")
@with_data
@click.option("--user", metavar="NAME", help="Only those of this account.")
@click.option("--provider", metavar="P", help="Only those for this provider.")
@with_json
def list_(config: Path | None, data: Path, user: str | None, provider: str | None, as_json: bool) -> None:
    """List the credentials, and what their providers last said of them."""
    with opened(config, data) as here:
        subject = None if user is None else known_account(here.storage, user).name
        found = _credentials(here.storage, subject, provider)
        if as_json:
            print_json_list(map(_as_json, found))
        else:
            print_table(("user", "provider", "credential", "state", "status", "checked"), map(_as_row, found))


@integration.command()
@with_data
@click.option("--user", required=True, metavar="NAME", help="The account.")
@click.option("--provider", metavar="P", help="The provider; without it, all of them are meant.")
def forget(config: Path | None, data: Path, user: str, provider: str | None) -> None:
    """Forget credentials of the account NAME. At their providers they are good still.

    Prints how many were forgotten.
    """
    from watchword.core.questions import EndThirdPartyCredentials

    with opened(config, data) as here:
        account = known_account(here.storage, user)
        count = here.storage.third_party.end(EndThirdPartyCredentials(account.name, provider))
    print(f"{count} {'credential' if count == 1 else 'credentials'} forgotten.")
    if not count:
        raise Refusal(f"The account {account.name} has none there: watchword integration list shows what there is.")


def _credentials(storage: Storage, subject: str | None, provider: str | None) -> Iterator[ThirdPartyCredential]:
    from watchword.core.questions import ListThirdPartyCredentials

    after: tuple[str, str] | None = None
    while True:
        page = storage.third_party.list(ListThirdPartyCredentials(subject, provider, after=after, limit=_PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].subject, page[-1].provider


def _as_row(each: ThirdPartyCredential) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    status = "-" if each.provider_status is None else str(each.provider_status)
    checked = "-" if each.checked_at is None else seconds(each.checked_at)
    return each.subject, each.provider, each.hint, each.state, status, checked


def _as_json(each: ThirdPartyCredential) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "user": each.subject,
        "provider": each.provider,
        "hint": each.hint,
        "state": each.state,
        "provider_status": each.provider_status,
        "created_at": milliseconds(each.created_at),
        "checked_at": None if each.checked_at is None else milliseconds(each.checked_at),
        "verified_at": None if each.verified_at is None else milliseconds(each.verified_at),
    }
