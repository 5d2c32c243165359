"""A server of CouchDB's interface that nobody here wrote: PouchDB's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote

import httpx2

from tests.conftest import required_program
from tests.contract.people import BOB, IMPATIENCE, PATIENCE, PEOPLE, Kept, Person
from tests.pouchdb import node_with_packages
from tests.relay import relay
from watchword.stores.couchdb.session import CouchDBSession
from watchword.stores.http.asked import Asked

ROOT_PASSWORD = "root's own password"


@contextmanager
def pouchdb(*people: Person) -> Iterator[int]:
    """Gives its port. It has a server admin `root`, and these people among its users."""
    with node_with_packages(required_program).pouchdb_server(admins={"root": ROOT_PASSWORD}) as url:
        port = int(url.rpartition(":")[2])
        for person in people:
            change_user(port, person, person.password)
        yield port


@contextmanager
def opened() -> Iterator[Kept]:
    """The store before it, with everybody but who is disabled: CouchDB's users cannot be."""
    with pouchdb(*(person for person in PEOPLE if person != BOB)) as port, relay(port) as wire:

        def set_password(person: Person, password: str) -> None:
            change_user(port, person, password)

        url = f"{wire.url}/_session"
        with (
            closing(Asked("CouchDB", url, patience=PATIENCE)) as session,
            closing(Asked("CouchDB", url, patience=IMPATIENCE)) as impatient,
        ):
            yield Kept(
                store=CouchDBSession(session),
                set_password=set_password,
                wire=wire,
                impatient=CouchDBSession(impatient),
            )


def change_user(port: int, person: Person, password: str) -> None:
    """Add somebody to the database of users, or change the password there."""
    url = f"http://127.0.0.1:{port}/_users/{quote(f'org.couchdb.user:{person.name}')}"
    with httpx2.Client(auth=("root", ROOT_PASSWORD), trust_env=False) as client:
        found = client.get(url)
        kept = found.json() if found.status_code == 200 else {"type": "user", "name": person.name}
        document = {**kept, "roles": sorted(person.roles), "password": password}
        client.put(url, json=document).raise_for_status()
