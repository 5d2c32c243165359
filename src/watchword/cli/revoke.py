"""`watchword revoke`: everything that a criterion means ends. Running servers see it at their next check."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchword.cli.opened import opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json
from watchword.cli.refusal import Refusal


@click.command()
@with_data
@click.option("--where", required=True, metavar="EXPR", help="""Which: such as "subject = ann" or "country in EU".""")
@click.option("--dry-run", is_flag=True, help="Say how many would end, and end none.")
@with_json
def revoke(config: Path | None, data: Path, where: str, dry_run: bool, as_json: bool) -> None:
    """End sessions and refresh tokens by what is known of them, with their access tokens.

    EXPR compares subject, role, client, kind (session, auth-key, refresh, key), country, address, user_agent, issued
    and last_used; and, or, not and parentheses combine. API keys end only where it names kind = key.

    \b
    watchword revoke --dry-run --where "role = clerk and not address in 10.0.0.0/8"
    watchword revoke --where "last_used > 30d"
    """
    from watchword.core.criteria import CriterionRefused, read_criterion
    from watchword.flows.revocations import revoke_where

    try:
        criterion = read_criterion(where)
    except CriterionRefused as error:
        raise Refusal(str(error)) from None
    with opened(config, data) as here:
        ended = here.run(revoke_where(criterion, time.time(), dry_run=dry_run))
    if as_json:
        told = {"sessions": ended.sessions, "refresh": ended.families, "keys": ended.keys}
        print_json({"revoked": ended.total, "dry_run": dry_run, **told})
        return
    print(
        f"{ended.total} {'would end' if dry_run else 'ended'}: {ended.sessions} sessions, "
        f"{ended.families} log-ins with refresh tokens, {ended.keys} keys."
    )
