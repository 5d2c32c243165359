"""`watchword user`: accounts. Running servers see every change at their next check."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.accounts import find_account, known_account, unknown_account
from watchword.cli.groups import Commands
from watchword.cli.opened import Opened, opened
from watchword.cli.options import with_data, with_json
from watchword.cli.passwords import new_password, with_password
from watchword.cli.printing import print_json, print_json_list, print_record, print_table
from watchword.cli.refusal import Refusal
from watchword.cli.second_factors import second_factor

if TYPE_CHECKING:
    from watchword.core.questions import ChangeAccount
    from watchword.core.records import Account


@click.group(cls=Commands)
def user() -> None:
    """Accounts: add, list, show, change, delete.

    Running servers see every change at their next check.
    """


@user.command()
@click.argument("name")
@with_data
@with_password
@click.option("--role", "roles", multiple=True, metavar="R", help="A role; may be given more than once.")
@click.option("--permission", "permissions", multiple=True, metavar="P", help="A permission; likewise.")
def add(
    name: str,
    config: Path | None,
    data: Path,
    password_stdin: bool,
    password_file: Path | None,
    roles: tuple[str, ...],
    permissions: tuple[str, ...],
) -> None:
    """Add the account NAME.

    Its password is read from where the options say, else from WATCHWORD_PASSWORD, else asked for twice. The first
    administrator is made with --role admin.
    """
    from watchword.cli.interchange.labels import label_problem
    from watchword.core.names import NameRefused, account_name
    from watchword.flows.accounts import add_account
    from watchword.flows.password_policy import PasswordRefused

    try:
        canonical = account_name(name)
    except NameRefused as error:
        raise Refusal(str(error)) from None
    for option, labels in (("--role", roles), ("--permission", permissions)):
        for label in labels:
            if (problem := label_problem(label)) is not None:
                raise click.BadParameter(problem, param_hint=option)
    with opened(config, data, new=True) as here:
        if find_account(here.storage, canonical) is not None:
            raise _taken(canonical)
        password = new_password(f"Password for {canonical}", password_stdin=password_stdin, password_file=password_file)
        try:
            added = here.run(
                add_account(
                    canonical,
                    password,
                    policy=here.policy,
                    entropy=os.urandom,
                    now=time.time(),
                    roles=frozenset(roles),
                    permissions=frozenset(permissions),
                    digest_secrets=here.digest_secrets(),
                )
            )
        except PasswordRefused as error:
            raise Refusal(str(error)) from None
        if added is None:
            raise _taken(canonical)
        print(f"Added {canonical}.")


@user.command("list")
@with_data
@click.option("--search", default="", metavar="TEXT", help="Only names that contain this.")
@with_json
def list_(config: Path | None, data: Path, search: str, as_json: bool) -> None:
    """List accounts by name."""
    with opened(config, data) as here:
        accounts = _listed(here, search)
        if as_json:
            print_json_list(map(_as_json, accounts))
        else:
            print_table(("name", "roles", "permissions", "state", "created"), map(_as_row, accounts))


@user.command()
@click.argument("name")
@with_data
@with_json
def show(name: str, config: Path | None, data: Path, as_json: bool) -> None:
    """Show the account NAME."""
    from watchword.core.questions import ListSessions

    with opened(config, data) as here:
        account = known_account(here.storage, name)
        sessions = len(here.storage.list_sessions(ListSessions(account.name, time.time(), limit=sys.maxsize)))
    if as_json:
        print_json({**_as_json(account), "has_password": account.password_hash is not None, "sessions": sessions})
        return
    row = dict(zip(("name", "roles", "permissions", "state", "created"), _as_row(account), strict=True))
    print_record(
        {
            **row,
            "password": "none" if account.password_hash is None else "set",
            "sessions": str(sessions),
            **{f"attribute {key}": value for key, value in sorted(account.attributes.items())},
        }
    )


@user.command()
@click.argument("name")
@with_data
@with_password
def passwd(name: str, config: Path | None, data: Path, password_stdin: bool, password_file: Path | None) -> None:
    """Give the account NAME another password.

    Its sessions and its auth token end.
    """
    from watchword.flows.accounts import change_password
    from watchword.flows.password_policy import PasswordRefused

    with opened(config, data) as here:
        name = known_account(here.storage, name).name
        password = new_password(f"New password for {name}", password_stdin=password_stdin, password_file=password_file)
        try:
            steps = change_password(
                name,
                password,
                policy=here.policy,
                entropy=os.urandom,
                now=time.time(),
                digest_secrets=here.digest_secrets(),
            )
            changed = here.run(steps)
        except PasswordRefused as error:
            raise Refusal(str(error)) from None
        if changed is None:
            raise unknown_account(name)
        print(f"Changed the password of {name}. Its sessions have ended.")


@user.command()
@click.argument("name")
@with_data
def disable(name: str, config: Path | None, data: Path) -> None:
    """Let nobody use the account NAME any more. Its sessions and its auth token end."""
    from watchword.core.questions import ChangeAccount

    with opened(config, data) as here:
        name = known_account(here.storage, name).name
        _change(here, ChangeAccount(name, disabled=True))
        print(f"Disabled {name}. Its sessions have ended.")


@user.command()
@click.argument("name")
@with_data
def enable(name: str, config: Path | None, data: Path) -> None:
    """Let the account NAME be used again. What ended when it was disabled stays ended."""
    from watchword.core.questions import ChangeAccount

    with opened(config, data) as here:
        name = known_account(here.storage, name).name
        _change(here, ChangeAccount(name, disabled=False))
        print(f"Enabled {name}.")


@user.command()
@click.argument("name")
@with_data
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, config: Path | None, data: Path, yes: bool) -> None:
    """Delete the account NAME, with its sessions and its auth token."""
    from watchword.flows.administrators import LastAdministrator, delete_account

    with opened(config, data) as here:
        name = known_account(here.storage, name).name
        if not yes:
            if not sys.stdin.isatty():
                raise Refusal(f"To delete {name} cannot be undone: say --yes.")
            if not click.confirm(f"Delete {name}? This cannot be undone.", err=True):
                raise Refusal("Nothing was deleted.")
        deleted = here.run(delete_account(name))
        if isinstance(deleted, LastAdministrator):
            raise _last_administrator(name)
        if not deleted:
            raise unknown_account(name)
        print(f"Deleted {name}.")


user.add_command(second_factor)


def _change(here: Opened, change: ChangeAccount) -> None:
    from watchword.flows.administrators import LastAdministrator, change_account

    changed = here.run(change_account(change))
    if isinstance(changed, LastAdministrator):
        raise _last_administrator(change.name)
    if changed is None:
        raise unknown_account(change.name)


def _listed(here: Opened, search: str) -> Iterator[Account]:
    from watchword.core.names import looked_up_name
    from watchword.core.questions import ListAccounts

    cursor: str | None = ""
    while cursor is not None:
        page = here.storage.list_accounts(ListAccounts(looked_up_name(search), cursor, limit=1000))
        yield from page.accounts
        cursor = page.next_cursor


def _as_row(account: Account) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    return (
        account.name,
        ", ".join(sorted(account.roles)) or "-",
        ", ".join(sorted(account.permissions)) or "-",
        "disabled" if account.disabled else "enabled",
        seconds(account.created_at),
    )


def _as_json(account: Account) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "name": account.name,
        "roles": sorted(account.roles),
        "permissions": sorted(account.permissions),
        "disabled": account.disabled,
        "attributes": dict(account.attributes),
        "created_at": milliseconds(account.created_at),
    }


def _taken(name: str) -> Refusal:
    return Refusal(f"There is an account {name} already: choose another name, or change it with user passwd.")


def _last_administrator(name: str) -> Refusal:
    return Refusal(f"{name} is the last administrator: make another first, with user add NAME --role admin.")
