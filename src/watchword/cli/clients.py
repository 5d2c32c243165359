"""`watchword client`: OAuth clients. Running servers see every change at their next check."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.groups import Commands
from watchword.cli.opened import Opened, opened
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_json_list, print_record, print_table
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.core.grants import Client
    from watchword.core.records import Json
    from watchword.flows.clients import MadeClient

GRANTS = ("client_credentials", "refresh_token")


@click.group(cls=Commands)
def client() -> None:
    """OAuth clients: programs that get tokens for themselves, or ask about others'.

    Running servers see every change at their next check.
    """


@client.command()
@click.argument("id")
@with_data
@click.option("--scope", "scopes", multiple=True, metavar="S", help="What it may do; repeat it for more.")
@click.option("--grant", "grants", multiple=True, type=click.Choice(GRANTS), help="How it gets tokens; likewise.")
@click.option("--role", "roles", multiple=True, metavar="R", help="A role of its own, such as verifier; likewise.")
@click.option("--jwks", type=click.Path(path_type=Path), metavar="FILE", help="Its public keys, a JWK Set.")
@click.option("--public", is_flag=True, help="It can keep no secret, and gets none.")
@with_json
def add(
    id: str,
    config: Path | None,
    data: Path,
    scopes: tuple[str, ...],
    grants: tuple[str, ...],
    roles: tuple[str, ...],
    jwks: Path | None,
    public: bool,
    as_json: bool,
) -> None:
    """Add the client ID, and print its secret.

    It is shown this once: only its fingerprint is kept. With --jwks the client authenticates with keys of its own
    (private_key_jwt), and has no secret. A client with the role verifier may ask about every access token.
    """
    from watchword.cli.interchange.client_entries import read_client
    from watchword.cli.interchange.members import Wrong
    from watchword.crypto.jose.jwk_set import read_jwk_set
    from watchword.flows.clients import add_client

    if public and (jwks is not None or "client_credentials" in grants):
        raise click.UsageError("A public client has no keys, and cannot act for itself: leave out --public.")
    given: dict[str, Json] = {"id": id, "scopes": [*scopes], "roles": [*roles], "grants": [*grants]}
    if jwks is not None:
        given["jwks"] = _read(jwks)
    entry = read_client(given)
    if isinstance(entry, Wrong):
        raise Refusal("\n".join(f"The client's {problem}." for problem in entry.problems))
    if entry.jwks is not None and read_jwk_set(entry.jwks).skipped:
        raise Refusal(f"{jwks} holds a private key, or one that cannot be used: write the client's public keys alone.")
    with opened(config, data, new=True) as here:
        made = here.run(
            add_client(
                id,
                entropy=os.urandom,
                now=time.time(),
                grants=frozenset(grants),
                scopes=frozenset(scopes),
                roles=frozenset(roles),
                jwks=entry.jwks or "",
                public=public,
            )
        )
    if made is None:
        raise Refusal(f"There is a client {id} already: choose another id, or delete it first.")
    _print_made(made, as_json)


@client.command("list")
@with_data
@with_json
def list_(config: Path | None, data: Path, as_json: bool) -> None:
    """List clients by id."""
    with opened(config, data) as here:
        clients = sorted(here.storage.all_clients(), key=lambda each: each.id)
    if as_json:
        print_json_list(map(_as_json, clients))
    else:
        print_table(("id", "grants", "scopes", "roles", "proof", "state", "created"), map(_as_row, clients))


@client.command()
@click.argument("id")
@with_data
@with_json
def show(id: str, config: Path | None, data: Path, as_json: bool) -> None:
    """Show the client ID."""
    with opened(config, data) as here:
        known = _known(here, id)
    if as_json:
        print_json(_as_json(known))
    else:
        columns = ("id", "grants", "scopes", "roles", "proof", "state", "created")
        print_record(dict(zip(columns, _as_row(known), strict=True)))


@client.command("rotate-secret")
@click.argument("id")
@with_data
@with_json
def rotate_secret(id: str, config: Path | None, data: Path, as_json: bool) -> None:
    """Give the client ID another secret, and print it.

    The old one is worth nothing from now on. Tokens that the client has live on until they expire: disable it, and
    enable it again, to end them.
    """
    from watchword.flows.clients import rotate_secret as rotate_steps

    with opened(config, data) as here:
        _known(here, id)
        made = here.run(rotate_steps(id, entropy=os.urandom))
    if made is None:
        raise Refusal(f"The client {id} has no secret: it authenticates with keys of its own, or not at all.")
    _print_made(made, as_json)


@client.command()
@click.argument("id")
@with_data
def disable(id: str, config: Path | None, data: Path) -> None:
    """Let nobody use the client ID any more. All tokens that it was given end."""
    from watchword.flows.clients import disable_client

    with opened(config, data) as here:
        if here.run(disable_client(id, entropy=os.urandom)) is None:
            raise _unknown(id)
    print(f"Disabled {id}. Its tokens have ended.")


@client.command()
@click.argument("id")
@with_data
def enable(id: str, config: Path | None, data: Path) -> None:
    """Let the client ID be used again. What ended when it was disabled stays ended."""
    from watchword.core.questions import ChangeClient

    with opened(config, data) as here:
        if here.storage.change_client(ChangeClient(id, disabled=False)) is None:
            raise _unknown(id)
    print(f"Enabled {id}.")


@client.command()
@click.argument("id")
@with_data
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(id: str, config: Path | None, data: Path, yes: bool) -> None:
    """Delete the client ID, with all tokens that it was given."""
    from watchword.core.questions import DeleteClient

    with opened(config, data) as here:
        _known(here, id)
        if not yes:
            if not sys.stdin.isatty():
                raise Refusal(f"To delete {id} cannot be undone: say --yes.")
            if not click.confirm(f"Delete {id}? This cannot be undone.", err=True):
                raise Refusal("Nothing was deleted.")
        if not here.storage.delete_client(DeleteClient(id)):
            raise _unknown(id)
    print(f"Deleted {id}.")


def _read(file: Path) -> Json:
    try:
        document: Json = json.loads(file.read_bytes())
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise Refusal(f'{file} is no JSON: write a JWK Set, {{"keys": [...]}}.') from None
    return document


def _known(here: Opened, id: str) -> Client:
    from watchword.core.questions import FindClient

    found = here.storage.find_client(FindClient(id))
    if found is None:
        raise _unknown(id)
    return found


def _unknown(id: str) -> Refusal:
    return Refusal(f"There is no client {id}: watchword client list shows those there are.")


def _print_made(made: MadeClient, as_json: bool) -> None:
    if as_json:
        print_json({**_as_json(made.client), "secret": made.secret})
    else:
        secret = {} if made.secret is None else {"secret": made.secret}
        print_record({"id": made.client.id, **secret})
    if made.secret is not None:
        print("The secret is shown this once: keep it where the client finds it.", file=sys.stderr)


def _proof(client: Client) -> str:
    kinds = (("secret", client.secret_hash is not None), ("keys", bool(client.jwks)))
    return ", ".join(name for name, there in kinds if there) or "none"


def _as_row(client: Client) -> tuple[str, ...]:
    from watchword.http.timestamps import seconds

    return (
        client.id,
        ", ".join(sorted(client.grants)) or "-",
        ", ".join(sorted(client.scopes)) or "-",
        ", ".join(sorted(client.roles)) or "-",
        _proof(client),
        "disabled" if client.disabled else "enabled",
        seconds(client.created_at),
    )


def _as_json(client: Client) -> dict[str, object]:
    from watchword.http.timestamps import milliseconds

    return {
        "id": client.id,
        "grants": sorted(client.grants),
        "scopes": sorted(client.scopes),
        "roles": sorted(client.roles),
        "has_secret": client.secret_hash is not None,
        "has_keys": bool(client.jwks),
        "disabled": client.disabled,
        "created_at": milliseconds(client.created_at),
    }
