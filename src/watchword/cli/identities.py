"""`watchword identity`: who at somebody else's OpenID provider may log in to which account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
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
    from watchword.core.linked import LinkedIdentity

_ISSUER = "What the provider calls itself: its URL, character for character."
_SUBJECT = "What the provider calls the person: `sub` in its tokens."


@click.group(cls=Commands)
def identity() -> None:
    """Identities at OpenID providers, and the accounts they log in to: list them, link them, unlink them."""


def _issuer(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    from watchword.cli.interchange.identity_entries import issuer

    return _read(ctx, option, value, issuer)


def _subject(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    from watchword.cli.interchange.identity_entries import subject

    return _read(ctx, option, value, subject)


def _read(ctx: click.Context, option: click.Parameter, value: str | None, read: Callable[[str], str]) -> str | None:
    from watchword.cli.interchange.members import Unfit

    try:
        return None if value is None else read(value)
    except Unfit as unfit:
        raise click.BadParameter(str(unfit), ctx, option) from None


@identity.command("list")
@with_data
@click.option("--user", metavar="NAME", help="Only those of this account.")
@with_json
def list_(config: Path | None, data: Path, user: str | None, as_json: bool) -> None:
    """List the identities that are linked to accounts."""
    from watchword.core.questions import ListLinkedIdentities

    with opened(config, data) as here:
        found: Iterable[LinkedIdentity] = here.storage.linked.all()
        if user is not None:
            found = here.storage.linked.list(ListLinkedIdentities(known_account(here.storage, user).name))
        if as_json:
            print_json_list(map(_as_json, found))
        else:
            print_table(("user", "issuer", "subject", "linked"), map(_as_row, found))


@identity.command()
@with_data
@click.option("--user", required=True, metavar="NAME", help="The account.")
@click.option("--issuer", required=True, callback=_issuer, metavar="URL", help=_ISSUER)
@click.option("--subject", required=True, callback=_subject, metavar="SUB", help=_SUBJECT)
def link(config: Path | None, data: Path, user: str, issuer: str, subject: str) -> None:
    """Let who the provider says is SUB log in to the account NAME, from now on."""
    from watchword.core.linked import LinkedIdentity
    from watchword.core.questions import AddLinkedIdentity, FindLinkedIdentity

    with opened(config, data) as here:
        account = known_account(here.storage, user)
        wanted = LinkedIdentity(issuer=issuer, subject=subject, account=account.name, created_at=time.time())
        if here.storage.linked.add(AddLinkedIdentity(wanted)):
            return
        held = here.storage.linked.find(FindLinkedIdentity(issuer, subject))
    if held is None:
        raise Refusal(f"The account {account.name} is disabled, or has as many identities as it may.")
    if held.account != account.name:
        raise Refusal(f"It is linked to the account {held.account}: watchword identity unlink comes first.")


@identity.command()
@with_data
@click.option("--user", required=True, metavar="NAME", help="The account.")
@click.option("--issuer", callback=_issuer, metavar="URL", help=_ISSUER + " Without it, all identities are meant.")
@click.option("--subject", callback=_subject, metavar="SUB", help=_SUBJECT + " Without it, all of the issuer are.")
def unlink(config: Path | None, data: Path, user: str, issuer: str | None, subject: str | None) -> None:
    """Unlink identities of the account NAME, and end the sessions that began by their providers.

    Prints how many were unlinked. Where the account has no password, nobody can log in to it afterwards.
    """
    from watchword.core.questions import EndLinkedIdentities

    if subject is not None and issuer is None:
        raise click.UsageError("Say whose subject it is, with --issuer URL.")
    with opened(config, data) as here:
        account = known_account(here.storage, user)
        count = here.storage.linked.end(EndLinkedIdentities(account.name, time.time(), issuer, subject))
    print(f"{count} {'identity' if count == 1 else 'identities'} unlinked.")
    if not count:
        raise Refusal(f"The account {account.name} has no such identity: watchword identity list shows what there is.")


def _as_row(each: LinkedIdentity) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    return each.account, each.issuer, each.subject, seconds(each.created_at)


def _as_json(each: LinkedIdentity) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "user": each.account,
        "issuer": each.issuer,
        "subject": each.subject,
        "created_at": milliseconds(each.created_at),
    }
