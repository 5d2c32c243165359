"""The credential store of examples/plug-in, on a file that is written as people write one."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.people import PEOPLE, Kept, Person
from tests.plug_in import imported
from watchword.crypto.password import Hashing, hash_password
from watchword.crypto.secret import Secret

_QUICK = Hashing(t=1, m=8)


@contextmanager
def opened() -> Iterator[Kept]:
    """The store, on a file with everybody."""
    json_people = imported("json_people")
    with tempfile.TemporaryDirectory(prefix="watchword-json-people-") as folder:
        file = Path(folder) / "people.json"
        passwords = {person.name: person.password for person in PEOPLE}

        def write() -> None:
            people = [
                {
                    "name": person.name,
                    "password_hash": _hash(passwords[person.name]),
                    "roles": sorted(person.roles),
                    "disabled": person.disabled,
                }
                for person in PEOPLE
            ]
            written = file.with_suffix(".new")
            written.write_text(json.dumps(people), "utf-8")
            written.replace(file)

        def set_password(person: Person, password: str) -> None:
            passwords[person.name] = password
            write()

        write()
        yield Kept(store=json_people.JsonPeople(file, dummy=_hash("nobody's")), set_password=set_password)


def _hash(password: str) -> str:
    return hash_password(Secret(password), _QUICK, os.urandom(16))
