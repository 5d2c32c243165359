"""`watchword keys`: the server's own keys. Running servers see a change within seconds."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.groups import Commands
from watchword.cli.opened import load_settings
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_json_list, print_table
from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.tokens.keys import KeyRing
    from watchword.tokens.signing_keys import HeldKey


@click.group(cls=Commands)
def keys() -> None:
    """The server's own keys: list them, let a new one sign."""


@keys.command("list")
@with_data
@with_json
def list_(config: Path | None, data: Path, as_json: bool) -> None:
    """List the keys, oldest first. Their secrets are not shown."""
    from watchword.config.key_file import KeyFileRefused, read_keys
    from watchword.tokens.keys import KeyRingRefused

    lifetime = load_settings(config).tokens.access_ttl
    try:
        rows = _rows(read_keys(data), lifetime)
    except (KeyFileRefused, KeyRingRefused) as error:
        raise Refusal(str(error)) from None
    if as_json:
        print_json_list(rows)
    else:
        columns = ("id", "purpose", "algorithm", "state", "created at", "signs from", "verifies until")
        print_table(columns, ([row[name] or "-" for name in row] for row in rows))


@keys.command()
@with_data
@click.option(
    "--after",
    default="10m",
    show_default=True,
    metavar="TIME",
    help="When it begins to sign: verifiers get to know it until then. 0s where the key before it was stolen.",
)
@with_json
def rotate(config: Path | None, data: Path, after: str, as_json: bool) -> None:
    """Make a new key for access tokens, by the algorithm that is configured.

    It is published at once and signs later. The key before it verifies until the last token that it signed has expired,
    and is dropped at a later rotation or start of the server.
    """
    from watchword.config.durations import seconds
    from watchword.config.key_file import KeyFileRefused, change_keys, read_keys
    from watchword.http.timestamps import seconds as written
    from watchword.tokens.signing_keys import rotated, without_retired

    settings, now = load_settings(config), time.time()
    try:
        lead = 0.0 if after in ("0", "0s") else seconds(after)
    except ValueError as error:
        raise click.UsageError(f"--after {error}.") from None
    alg, lifetime = settings.tokens.algorithm, settings.tokens.access_ttl
    key_id = os.urandom(6).hex()

    def change(ring: KeyRing) -> KeyRing:
        return without_retired(rotated(ring, alg, key_id=key_id, now=now, lead=lead), now=now, lifetime=lifetime)

    try:
        read_keys(data)  # there must be some: a folder that is no server's gets none
        change_keys(data, change)
    except KeyFileRefused as error:
        raise Refusal(str(error)) from None
    if as_json:
        print_json({"id": key_id, "algorithm": alg, "signs_from": written(now + lead)})
    else:
        print(f"The new {alg} key {key_id} signs from {written(now + lead)}.")


def _rows(ring: KeyRing, lifetime: float) -> list[dict[str, str | None]]:
    from watchword.http.timestamps import seconds
    from watchword.tokens.signing_keys import signing_keys

    now = time.time()
    signing = signing_keys(ring, lifetime=lifetime)
    current = signing.signing(now)
    held = {each.key.kid: each for each in signing.held}
    rows: list[dict[str, str | None]] = []
    for key in ring.keys:
        one = held.get(key.id)
        ends = None if one is None else one.verifies_until
        rows.append(
            {
                "id": key.id,
                "purpose": key.purpose,
                "algorithm": None if one is None else one.key.alg,
                "state": None if one is None else _state(one, current is not None and current.kid == key.id, now),
                "created_at": seconds(key.created_at),
                "signs_from": None if one is None else seconds(one.signs_from),
                "verifies_until": None if ends is None else seconds(ends),
            }
        )
    return rows


def _state(key: HeldKey, signs: bool, now: float) -> str:
    if signs:
        return "signs"
    if key.signs_from > now:
        return "published"
    return "verifies" if key.verifies_until is None or now < key.verifies_until else "retired"
