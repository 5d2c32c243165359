"""`watchword import`: users with their credentials, clients, API keys and sessions from elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchword.cli.opened import load_settings, using
from watchword.cli.options import with_data, with_json
from watchword.cli.printing import print_json, print_table
from watchword.cli.progress import progress

if TYPE_CHECKING:
    from watchword.storage import Counts


@click.command("import")
@click.argument("file")
@with_data
@with_json
def import_records(file: str, config: Path | None, data: Path, as_json: bool) -> None:
    """Import users with their credentials, clients, API keys and sessions from FILE.

    A hyphen stands for standard input. The file holds one JSON object, or one on each line:

    \b
      {"users": [{"name": "ann", "password": "..."}], "clients": [...], "keys": [...], "sessions": [...]}

    \b
      {"user": {"name": "ann", "password_hash": "...", "roles": ["clerk"],
                "permissions": [], "disabled": false, "attributes": {}}}
      {"client": {"id": "web", "secret": "...", "redirect_uris": [], "grants": [], "scopes": [], "roles": []}}
      {"key": {"user": "ann", "name": "ci", "key": "...", "scopes": ["read"], "expires_at": null}}
      {"session": {"user": "ann", "token": "...", "expires_at": "2027-01-31T12:00:00Z"}}
      {"session": {"user": "ann", "token": "...", "expires_at": "2027-01-31T12:00:00Z",
                   "kind": "auth-key", "binding": "md5:..."}}
      {"credential": {"user": "ann", "id": "...", "kind": "totp", "secret": "..."}}
      {"identity": {"user": "ann", "issuer": "https://id.example.org", "subject": "..."}}
      {"third_party_credential": {"user": "ann", "provider": "...", "id": "...", "sealed": "..."}}

    All of it is judged first: where anything is wrong, every problem is said with its line, and nothing is imported.
    What an entry does not speak of stays as it is; importing twice changes nothing. Passwords need not follow the rules
    for new ones. Another password than before ends the user's sessions.

    Documents of CouchDB's _users are users too, and so is all that _users/_all_docs?include_docs=true answers. Their
    salt is kept as the attribute couchdb_salt: cookies are made with it that CouchDB takes. Texts that an application
    has added become attributes; whatever else it has added is left out.

    A password_hash is in one of these formats: Argon2id (PHC); bcrypt; scrypt and PBKDF2 as Django, Werkzeug, Passlib
    and Spring write them; CouchDB's; LDAP's {SSHA} and its like; crypt(3) with SHA-2 or MD5. At log-in all but the
    first are replaced by that. Flask-Security hashes twice, unless SECURITY_PASSWORD_SINGLE_HASH says otherwise, which
    its hashes do not show: write {flask-security} before them, and see passwords.flask_security_salt_file.

    A session has a token, or a token_fingerprint, which is the SHA-256 of one in hexadecimal. Its kind is session, or
    auth-key for one that comes in the field Auth-Key. A binding of md5: and the MD5 in hexadecimal of the client's
    address and user agent, one after the other, lets no other client use it.

    An API key likewise has a key, of any form (16 to 512 visible ASCII characters), or a key_fingerprint. Without
    scopes, or with null, it may do whatever its user may; with [] nothing that needs a scope. Keys that are kept
    already stay as they are. A client's secret of 32 or more characters is kept as its SHA-256, a shorter one as
    passwords are; a secret_hash is sha256:<hex>, or in one of the formats above. Refresh tokens cannot be imported.

    Credentials are what users prove themselves by beside their passwords: authenticator apps, recovery codes, Digest
    secrets. They come from an export only, whose secrets are sealed: they can be read with the same keys.json alone, so
    copy that too. So do users' credentials for third parties. A user who needs a second factor goes on needing it,
    whatever a file says.

    An identity is what an OpenID provider calls a user: the issuer and the subject (sub) of its tokens. Whoever is
    proven there logs in as that user.
    """
    from watchword.cli.interchange.judge import judge
    from watchword.cli.interchange.put import put_sessions, put_users
    from watchword.cli.interchange.put_credentials import put_credentials
    from watchword.cli.interchange.put_grants import put_clients, put_keys
    from watchword.cli.interchange.put_outside import put_identities, put_third_party
    from watchword.cli.interchange.source import open_source

    settings = load_settings(config)
    done: dict[str, Counts] = {}
    unreadable = 0
    with open_source(file) as source:
        with progress("entries judged") as advance:
            judged = judge(source, advance, flask_security=settings.passwords.flask_security_salt_file is not None)
        with using(settings, data, new=True) as here:
            now, storage, hashing = time.time(), here.storage, here.hashing
            with progress("users imported", judged["user"]) as advance:
                done["users"] = put_users(source, storage, hashing, now, advance)
            with _step("credentials", judged["credential"]) as advance:
                put = put_credentials(source, storage, here.sealing_keys(), now, advance)
                done["credentials"], unreadable = put.counts, put.unreadable
            with _step("identities", judged["identity"]) as advance:
                done["identities"] = put_identities(source, storage, now, advance)
            with _step("third-party credentials", judged["third_party_credential"]) as advance:
                put = put_third_party(source, storage, here.sealing_keys(), now, advance)
                done["third_party_credentials"] = put.counts
                unreadable += put.unreadable
            with _step("clients", judged["client"]) as advance:
                done["clients"] = put_clients(source, storage, hashing, now, advance)
            with _step("API keys", judged["key"]) as advance:
                done["keys"] = put_keys(source, storage, now, advance)
            with _step("sessions", judged["session"]) as advance:
                done["sessions"] = put_sessions(source, storage, settings.session.idle, now, advance)
    if as_json:
        print_json({kind: _as_json(counts) for kind, counts in done.items()})
    else:
        columns = ("", "created", "changed", "unchanged", "refused")
        print_table(columns, ((kind, *_as_row(counts)) for kind, counts in done.items()))
    for kind, says in _REFUSED.items():
        if done[kind].refused:
            print(says, file=sys.stderr)
    if unreadable:
        print(
            f"Credentials that nobody can use: {unreadable}. The key that they are sealed with is not in "
            "keys.json, which has to come along from where they were exported.",
            file=sys.stderr,
        )


_REFUSED = {
    "credentials": "Refused credentials have an unknown user, or the id of somebody else's.",
    "identities": "Refused identities have an unknown user, or are somebody else's.",
    "third_party_credentials": "Refused third-party credentials have an unknown user.",
    "keys": "Refused keys have expired, or their user is unknown.",
    "sessions": "Refused sessions have ended, or their user is unknown, disabled, or has another password by now.",
}


@contextmanager
def _step(what: str, total: int) -> Iterator[Callable[[], None]]:
    """What to call for each; nothing is said where there are none."""
    if not total:
        yield lambda: None
        return
    with progress(f"{what} imported", total) as advance:
        yield advance


def _as_json(counts: Counts) -> dict[str, int]:
    return {
        "created": counts.created,
        "changed": counts.changed,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
    }


def _as_row(counts: Counts) -> tuple[str, ...]:
    return tuple(map(str, _as_json(counts).values()))
