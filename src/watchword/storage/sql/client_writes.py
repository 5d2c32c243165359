"""Changes of clients, each within the transaction that it is given."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Literal

from watchword.core.grants import FIRST_PARTY, Client
from watchword.core.questions import AddClient, ChangeClient, DeleteClient
from watchword.storage.grant_rules import changed_client, dying_with
from watchword.storage.noted import Kind
from watchword.storage.sql.changes import note, note_if_known
from watchword.storage.sql.family_writes import end_grants_of_client, find_client
from watchword.storage.sql.grant_records import CLIENT, client_values

_ADD = f"""INSERT INTO clients ({", ".join(CLIENT)}) VALUES ({", ".join(f":{name}" for name in CLIENT)})
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
# Column names are constants of ours, no input.
_UPDATE = f"UPDATE clients SET {', '.join(f'{name} = :{name}' for name in CLIENT[1:])} WHERE id = :id"  # noqa: S608 - constants
_DELETE = "DELETE FROM clients WHERE id = ?"


def add_client(db: sqlite3.Connection, question: AddClient) -> bool:
    client = question.client
    if client.id == FIRST_PARTY or db.execute(_ADD, client_values(client)).rowcount == 0:
        return False
    note_if_known(db, Kind.CLIENT, client.id)
    return True


def change_client(db: sqlite3.Connection, question: ChangeClient) -> Client | None:
    before = find_client(db, question.id)
    if before is None:
        return None
    after = changed_client(before, question)
    _replace(db, before, after)
    return after


def delete_client(db: sqlite3.Connection, question: DeleteClient) -> bool:
    client = find_client(db, question.id)
    if client is None:
        return False
    _replace(db, client, None)
    return True


def put_client(db: sqlite3.Connection, given: Client) -> Literal["created", "changed", "unchanged", "refused"]:
    """Import one. It keeps its age."""
    before = find_client(db, given.id)
    if before is None:
        return "created" if add_client(db, AddClient(given)) else "refused"
    after = replace(given, created_at=before.created_at)
    if after == before:
        return "unchanged"
    _replace(db, before, after)
    return "changed"


def _replace(db: sqlite3.Connection, before: Client, after: Client | None) -> None:
    """Put `after` in the place of `before`, and end what dies with it."""
    dies = dying_with(before, after)
    if dies is not None:
        end_grants_of_client(db, before, dies)
    if after is None:
        db.execute(_DELETE, (before.id,))
    else:
        db.execute(_UPDATE, client_values(after))
    note(db, Kind.CLIENT, [before.id])
