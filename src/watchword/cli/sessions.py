"""`watchword session`: log-ins, those that gave tokens too. Running servers see what is revoked at their next check."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
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
    from watchword.core.grants import Family
    from watchword.core.records import Session


@click.group(cls=Commands)
def session() -> None:
    """Log-ins: list them, end them."""


@session.command("list")
@with_data
@click.option("--user", metavar="NAME", help="Only those of this account.")
@click.option(
    "--limit", type=click.IntRange(1, 10**9), default=1000, show_default=True, metavar="N", help="How many at most."
)
@with_json
def list_(config: Path | None, data: Path, user: str | None, limit: int, as_json: bool) -> None:
    """List the sessions and refresh families that have not ended, newest first."""
    from watchword.core.questions import ListFamilies, ListSessions

    now = time.time()
    with opened(config, data) as here:
        subject = None if user is None else known_account(here.storage, user).name
        found: list[Session | Family] = [*here.storage.list_sessions(ListSessions(subject, now, limit=limit + 1))]
        found += here.storage.list_families(ListFamilies(subject, now, limit=limit + 1))
    found.sort(key=lambda each: (each.created_at, each.id), reverse=True)
    if as_json:
        print_json_list(map(_as_json, found[:limit]))
    else:
        columns = ("id", "kind", "user", "began", "last seen", "ends", "address", "user agent")
        print_table(columns, map(_as_row, found[:limit]))
    if len(found) > limit:
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
    """End log-ins: those with these IDs, those of one account, or all.

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
    from watchword.core.questions import EndFamilies, EndHalfLogIns, EndSessions

    if id is None:
        here.storage.end_half_log_ins(EndHalfLogIns(subject, time.time()))
        ended = here.storage.end_sessions(EndSessions(subject))
        return ended + sum(here.storage.end_families(EndFamilies(ids)) for ids in _family_ids(here, subject))
    return here.storage.end_sessions(EndSessions(None, id=id)) or here.storage.end_families(EndFamilies((id,)))


def _family_ids(here: Opened, subject: str | None) -> Iterator[tuple[str, ...]]:
    from watchword.core.questions import ListFamilies

    after = ""
    while page := here.storage.list_families(ListFamilies(subject, time.time(), after=after)):
        yield tuple(family.id for family in page)
        after = page[-1].id


def _count(here: Opened, subject: str | None, ids: frozenset[str]) -> int:
    """How many would end. They are looked at one by one: there may be many."""
    everything: Iterator[Session | Family] = chain(here.storage.all_sessions(), here.storage.all_families())
    return sum(1 for each in everything if (not ids or each.id in ids) and subject in (None, each.subject))


def _as_row(each: Session | Family) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    shown = _told(each)
    return (
        each.id,
        shown.kind,
        each.subject,
        seconds(each.created_at),
        seconds(shown.last_seen),
        seconds(shown.ends_at),
        each.address or "-",
        each.user_agent or "-",
    )


def _as_json(each: Session | Family) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    shown = _told(each)
    return {
        "id": each.id,
        "kind": shown.kind,
        "user": each.subject,
        "created_at": milliseconds(each.created_at),
        "last_seen": milliseconds(shown.last_seen),
        "idle_expires_at": milliseconds(shown.ends_at),
        "expires_at": milliseconds(each.expires_at),
        "address": each.address,
        "user_agent": each.user_agent,
        **shown.more,
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """What the kinds of log-in call by different names, and what only one has."""

    kind: str
    last_seen: float
    ends_at: float
    more: dict[str, object]


def _told(each: Session | Family) -> _Told:
    from watchword.core.records import Session

    if isinstance(each, Session):
        return _Told(each.kind, each.last_seen, each.idle_expires_at, {})
    more: dict[str, object] = {"country": each.country, "device": each.device, "client": each.client_id}
    return _Told("refresh", each.last_used, each.expires_at, more)
