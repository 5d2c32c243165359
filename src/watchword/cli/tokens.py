"""`watchword token`: access tokens, for service accounts and for finding out what is wrong with one."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from watchword.cli.accounts import known_account
from watchword.cli.groups import Commands
from watchword.cli.inspecting import inspected
from watchword.cli.opened import opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_record
from watchword.cli.refusal import Refusal


@click.group(cls=Commands)
def token() -> None:
    """Access tokens: issue one, look into one."""


@token.command()
@with_data
@click.option("--user", required=True, metavar="NAME", help="Whose: the account that it acts for.")
@click.option("--kind", type=click.Choice(["access"]), default="access", show_default=True, help="What is issued.")
@click.option("--audience", "audiences", multiple=True, metavar="A", help="Whom it is meant for; repeat it for more.")
@click.option("--scope", "scopes", multiple=True, metavar="S", help="What it may do; repeat it for more.")
@click.option("--ttl", metavar="TIME", help="How long it lives; tokens.access_ttl at most, and without it.")
@with_json
def issue(
    config: Path | None,
    data: Path,
    user: str,
    kind: str,
    audiences: tuple[str, ...],
    scopes: tuple[str, ...],
    ttl: str | None,
    as_json: bool,
) -> None:
    """Issue an access token for an account, without a log-in. It is printed, and kept nowhere.

    It dies when the account is disabled, or gets another password or other roles.
    """
    from watchword.config.tokens.making import token_policy
    from watchword.config.values.durations import seconds
    from watchword.core.grants import state_of
    from watchword.flows.access_tokens import Proof, issue_access_token
    from watchword.http.timestamps import milliseconds
    from watchword.tokens.api_key import is_scope

    if not all(map(is_scope, scopes)):
        raise click.UsageError("--scope has no spaces, quotation marks or backslashes.")
    try:
        lifetime = None if ttl is None else seconds(ttl)
    except ValueError as error:
        raise click.UsageError(f"--ttl {error}.") from None
    with opened(config, data) as here:
        longest = here.settings.tokens.access_ttl
        if lifetime is not None and lifetime > longest:
            raise Refusal(f"No access token lives longer than tokens.access_ttl, which is {longest:g} seconds.")
        account = known_account(here.storage, user)
        if account.disabled:
            raise Refusal(f"The account {account.name} is disabled.")
        now = time.time()
        made = here.run(
            issue_access_token(
                account,
                proof=Proof(auth_time=now),
                policy=token_policy(here.settings, here.ring()),
                entropy=os.urandom,
                now=now,
                scopes=frozenset(scopes) or None,
                audience=audiences or None,
                ttl=lifetime,
            )
        )
    if made is None:
        raise Refusal("The account changed meanwhile: try again.")
    if as_json:
        told = {"id": made.id, "expires_at": milliseconds(made.expires_at), "state": state_of(account)}
        print_json({"access_token": made.token, "token_type": "Bearer", "expires_in": made.expires_in(now), **told})
    else:
        print(made.token)


@token.command()
@click.argument("inspected_text", metavar="[TOKEN]", required=False)
@with_data
@with_json
def inspect(config: Path | None, data: Path, inspected_text: str | None, as_json: bool) -> None:
    """Say what a token is, what it holds, and whether this server would take it. It is never printed whole.

    Without TOKEN it is read from standard input, where neither the history of the shell nor a list of processes has it.
    """
    text = (inspected_text if inspected_text not in (None, "-") else sys.stdin.readline()) or ""
    with opened(config, data) as here:
        found = inspected(here, text.strip().removeprefix("Bearer "), here.ring())
    if as_json:
        print_json(found)
        return
    print_record({name: _written(value) for name, value in found.items()})


def _written(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_written(each)}" for name, each in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)
