"""`watchword keys`: the server's own keys. Running servers see a change within seconds."""

from __future__ import annotations

import os
import sys
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


@click.group(cls=Commands)
def keys() -> None:
    """The server's own keys: list them, let a new one take over, share those that are not published."""


@keys.command("list")
@with_data
@with_json
def list_(config: Path | None, data: Path, as_json: bool) -> None:
    """List the keys, oldest first. Their secrets are not shown."""
    from watchword.config.keys.file import KeyFileRefused, read_keys
    from watchword.tokens.keys import KeyRingRefused

    settings = load_settings(config)
    try:
        rows = _rows(read_keys(data), settings.tokens.access_ttl, settings.session.absolute)
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
@click.option(
    "--purpose",
    type=click.Choice(("access-token", "session", "couchdb-identity", "third-party")),
    default="access-token",
    show_default=True,
    help="What it is for: access tokens, sessions that clients keep, safe tokens in CouchDB's fields, or credentials "
    "for third parties.",
)
@with_json
def rotate(config: Path | None, data: Path, after: str, purpose: str, as_json: bool) -> None:
    """Make a new key: for access tokens, by the algorithm that is configured, or for what --purpose says.

    It is known to all processes at once and signs later. The key before it verifies until the last token that it signed
    has expired, and is dropped at a later rotation or start of the server. A key for couchdb-identity is used from the
    next start of the server on, and the one before it stays good until the next rotation. With one for third-party,
    running servers seal all stored credentials anew, and then drop the keys before it: ten minutes after it took over
    at the earliest, and not before nothing is sealed with them any more.
    """
    from watchword.config.keys.file import KeyFileRefused, change_keys, read_keys
    from watchword.config.values.durations import seconds
    from watchword.crypto.secret import Secret
    from watchword.http.timestamps import seconds as written
    from watchword.tokens.couchdb_identity import PURPOSE as COUCHDB_IDENTITIES
    from watchword.tokens.couchdb_identity import with_new_identity_key
    from watchword.tokens.session_keys import with_new_session_key, without_retired_session_keys
    from watchword.tokens.signing_keys import rotated, without_retired
    from watchword.tokens.third_party_seal import PURPOSE as THIRD_PARTY
    from watchword.tokens.third_party_seal import with_new_third_party_key

    settings, now = load_settings(config), time.time()
    try:
        lead = 0.0 if after in ("0", "0s") else seconds(after)
    except ValueError as error:
        raise click.UsageError(f"--after {error}.") from None
    alg, lifetime = settings.tokens.algorithm, settings.tokens.access_ttl
    key_id, secret = os.urandom(6).hex(), Secret(os.urandom(32))

    def change(ring: KeyRing) -> KeyRing:
        if purpose == COUCHDB_IDENTITIES:
            return with_new_identity_key(ring, key_id=key_id, secret=secret, now=now)
        if purpose == THIRD_PARTY:
            return with_new_third_party_key(ring, key_id=key_id, secret=secret, now=now, lead=lead)
        if purpose == "session":
            ring = with_new_session_key(ring, key_id=key_id, secret=secret, now=now, lead=lead)
            return without_retired_session_keys(ring, now=now, lifetime=settings.session.absolute)
        return without_retired(rotated(ring, alg, key_id=key_id, now=now, lead=lead), now=now, lifetime=lifetime)

    try:
        read_keys(data)  # there must be some: a folder that is no server's gets none
        change_keys(data, change)
    except KeyFileRefused as error:
        raise Refusal(str(error)) from None
    of = alg if purpose == "access-token" else purpose
    if as_json:
        made = {"algorithm": alg} if purpose == "access-token" else {"purpose": purpose}
        print_json({"id": key_id, **made, "signs_from": None if of == COUCHDB_IDENTITIES else written(now + lead)})
    elif of == COUCHDB_IDENTITIES:
        print(f"The new {of} key {key_id} is used from the next start of the server on.")
    else:
        print(f"The new {of} key {key_id} {'seals' if of == THIRD_PARTY else 'signs'} from {written(now + lead)}.")


@keys.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_data
def share(config: Path | None, data: Path, file: Path) -> None:
    """Write the secrets that sign access tokens by HS256 into FILE, for verifiers.

    A JWK Set that nobody but its owner may read. Whoever has it can make up tokens: with ES256 or EdDSA verifiers need
    no secret. After `keys rotate`, write and copy it again before the new key signs.
    """
    from watchword.config.keys.file import KeyFileRefused, read_keys
    from watchword.tokens.keys import KeyRingRefused
    from watchword.tokens.signing_keys import signing_keys

    lifetime = load_settings(config).tokens.access_ttl
    try:
        secrets = signing_keys(read_keys(data), lifetime=lifetime).shared(time.time())
    except (KeyFileRefused, KeyRingRefused) as error:
        raise Refusal(str(error)) from None
    if not secrets:
        raise Refusal('No key is shared: verifiers fetch the published ones. Write algorithm = "HS256" for one.')
    try:
        _write_privately(file, b'{"keys": [' + b", ".join(secret.reveal() for secret in secrets) + b"]}\n")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}.") from None
    print(f"{file} holds {len(secrets)} shared key{'s' if len(secrets) > 1 else ''}.", file=sys.stderr)


def _write_privately(file: Path, content: bytes) -> None:
    """Write the whole file beside the old one, then put it in its place."""
    draft = file.with_name(f"{file.name}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _rows(ring: KeyRing, lifetime: float, session_lifetime: float) -> list[dict[str, str | None]]:
    from watchword.http.timestamps import seconds
    from watchword.tokens.session_keys import held_session_keys, keys_at
    from watchword.tokens.signing_keys import signing_keys
    from watchword.tokens.third_party_seal import PURPOSE as THIRD_PARTY
    from watchword.tokens.third_party_seal import sealing_at

    now = time.time()
    signing = signing_keys(ring, lifetime=lifetime)
    current = signing.signing(now)
    held = {each.key.kid: each for each in signing.held}
    terms = {id: (one.signs_from, one.verifies_until) for id, one in held.items()}
    sealing = held_session_keys(ring, lifetime=session_lifetime)
    terms |= {one.key.id: (one.seals_from, one.opens_until) for one in sealing}
    signs = {None if current is None else current.kid, keys_at(sealing, now).seals.id if sealing else None}
    third_party = ring.all(THIRD_PARTY)
    terms |= {key.id: (key.created_at if key.use_from is None else key.use_from, None) for key in third_party}
    signs |= {sealing_at(third_party, now).keys[-1][0]} if third_party else set()
    rows: list[dict[str, str | None]] = []
    for key in ring.keys:
        begins, ends = terms.get(key.id, (None, None))
        rows.append(
            {
                "id": key.id,
                "purpose": key.purpose,
                "algorithm": held[key.id].key.alg if key.id in held else None,
                "state": None if begins is None else _state(begins, ends, key.id in signs, now),
                "created_at": seconds(key.created_at),
                "signs_from": None if begins is None else seconds(begins),
                "verifies_until": None if ends is None else seconds(ends),
            }
        )
    return rows


def _state(begins: float, ends: float | None, signs: bool, now: float) -> str:
    if signs:
        return "signs"
    if begins > now:
        return "published"
    return "verifies" if ends is None or now < ends else "retired"
