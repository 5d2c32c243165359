"""`watchword session`: log-ins. Running servers see what is revoked at their next check."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.accounts import known_account
from watchword.cli.groups import Commands
from watchword.cli.opened import Opened, opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json_list, print_table
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.records import Session


@click.group(cls=Commands)
def session() -> None:
    """Sessions: list them, end them."""


@session.command("list")
@with_data
@click.option("--user", metavar="NAME", help="Only those of this account.")
@click.option(
    "--limit", type=click.IntRange(1, 10**9), default=1000, show_default=True, metavar="N", help="How many at most."
)
@with_json
def list_(config: Path | None, data: Path, user: str | None, limit: int, as_json: bool) -> None:
    """List the sessions that have not ended, newest first."""
    from watchword.core.questions import ListSessions

    with opened(config, data) as here:
        subject = None if user is None else known_account(here.storage, user).name
        sessions = here.storage.list_sessions(ListSessions(subject, time.time(), limit=limit + 1))
    if as_json:
        print_json_list(map(_as_json, sessions[:limit]))
    else:
        columns = ("id", "user", "began", "last seen", "ends", "address", "user agent")
        print_table(columns, map(_as_row, sessions[:limit]))
    if len(sessions) > limit:
        print(f"There are more: --limit shows more than these {limit}.", file=sys.stderr)


@session.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@with_data
@click.option("--user", metavar="NAME", help="All of this account.")
@click.option("--all", "everybody", is_flag=True, help="All of everybody: everyone has to log in again.")
@click.option("--dry-run", is_flag=True, help="Say how many would end, and end none.")
def revoke(
    ids: tuple[str, ...], config: Path | None, data: Path, user: str | None, everybody: bool, dry_run: bool
) -> None:
    """End sessions: those with these IDs, those of one account, or all.

    Prints how many ended.
    """
    if sum((bool(ids), user is not None, everybody)) != 1:
        raise click.UsageError("Say which sessions: by their IDs, with --user NAME, or --all.")
    wanted = frozenset(ids)
    with opened(config, data) as here:
        subject = None if user is None else known_account(here.storage, user).name
        if dry_run:
            count = _count(here, subject, wanted)
        else:
            count = sum(_end(here, subject, id) for id in wanted or (None,))
    print(f"{count} {'session' if count == 1 else 'sessions'} {'would end' if dry_run else 'ended'}.")
    if count < len(wanted):
        raise Refusal(f"{len(wanted) - count} of the IDs belong to no session: watchword session list shows them.")


def _end(here: Opened, subject: str | None, id: str | None) -> int:
    from watchword.core.questions import EndSessions

    return here.storage.end_sessions(EndSessions(subject, id=id))


def _count(here: Opened, subject: str | None, ids: frozenset[str]) -> int:
    """How many sessions would end. They are looked at one by one: there may be many."""
    return sum(
        1
        for session in here.storage.all_sessions()
        if (not ids or session.id in ids) and subject in (None, session.subject)
    )


def _as_row(session: Session) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    return (
        session.id,
        session.subject,
        seconds(session.created_at),
        seconds(session.last_seen),
        seconds(session.idle_expires_at),
        session.address or "-",
        session.user_agent or "-",
    )


def _as_json(session: Session) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "id": session.id,
        "user": session.subject,
        "created_at": milliseconds(session.created_at),
        "last_seen": milliseconds(session.last_seen),
        "idle_expires_at": milliseconds(session.idle_expires_at),
        "expires_at": milliseconds(session.expires_at),
        "address": session.address,
        "user_agent": session.user_agent,
    }
