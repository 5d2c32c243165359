"""A credential store: people in a JSON file, with Argon2id hashes as `watchword hash` prints them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydantic import Field

from watchword.config.places import File
from watchword.config.plug_ins.ports import Given
from watchword.config.section import Section
from watchword.crypto.password import Hashing, check_password, hash_password
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.watched_file import Unfinished, WatchedFile


class JsonPeopleSettings(Section):
    """Where the people are."""

    file: File = Field(examples=["people.json"])
    """A list: `[{"name": "ann", "password_hash": "$argon2id$…", "roles": ["reader"], "disabled": false}]`."""


class JsonPeoplePlugIn:
    """The entry point."""

    Settings = JsonPeopleSettings

    @staticmethod
    def make(settings: JsonPeopleSettings, given: Given) -> JsonPeople:
        return JsonPeople(settings.file, dummy=hash_password(Secret("nobody's"), Hashing(), given.entropy(16)))


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    stored: str = field(repr=False)
    roles: frozenset[str]
    disabled: bool


class JsonPeople:
    """Checks passwords, and looks people up. `dummy` is a hash that an unknown name costs as much as."""

    def __init__(self, file: Path, *, dummy: str) -> None:
        self._file = WatchedFile(file, read_people, patience=2.0)
        self._dummy = dummy

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """Whose password this is. Raises AnswerFailed where the file cannot be read."""
        person = self._file.now().get(_canonical(name))
        right = check_password(password, self._dummy if person is None else person.stored)
        if person is None:
            return Denied("unknown-user", knows=False)
        if not right:
            return Denied("wrong-password")
        return Denied("account-disabled") if person.disabled else _identity(person)

    def find(self, name: str) -> Identity | Denied:
        """Who has this name now. With it a store is asked again about those whom it has proven."""
        person = self._file.now().get(_canonical(name))
        if person is None:
            return Denied("unknown-user", knows=False)
        return Denied("account-disabled") if person.disabled else _identity(person)


def read_people(content: bytes) -> Mapping[str, _Person]:
    """The people by their names."""
    try:
        entries = json.loads(content)
        people = [
            _Person(one["name"], one["password_hash"], frozenset(one.get("roles", ())), bool(one.get("disabled")))
            for one in entries
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        # Nobody is let in or out by half a file.
        raise Unfinished("is not the list of people that it should be") from None
    return {_canonical(person.name): person for person in people}


def _identity(person: _Person) -> Identity:
    # The hash is slow and salted, so that nothing of the password follows from this.
    version = sha256(person.stored.encode()).hexdigest()
    return Identity(name=_canonical(person.name), roles=person.roles, version=version)


def _canonical(name: str) -> str:
    return unicodedata.normalize("NFC", name)
