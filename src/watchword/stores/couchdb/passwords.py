"""Changes the passwords of a CouchDB's users to those that a secret derives (S2.32).

Each changed document bears the mark of the secret, so that a run that was broken off goes on where it was, and one that
is done changes nothing. A password that somebody has chosen, and no secret derived, is changed only where that is asked
for.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from watchword.crypto.couchdb_password import couchdb_password, password_mark
from watchword.crypto.secret import Secret
from watchword.stores.couchdb.users import UserDocument

MARK: Final = "watchword_password"
"""The member of a document with the mark of its password's secret."""

_PAGE: Final = 100
_TRIES: Final = 4


class UsersDatabase(Protocol):
    """What documents are read from and put into."""

    def page(self, after: str | None, most: int) -> list[UserDocument]: ...
    def find(self, name: str) -> UserDocument | None: ...
    def put(self, user: UserDocument) -> bool: ...


class Became(Enum):
    """What became of a user's password."""

    CHANGED = "changed"
    CURRENT = "current"
    OWN = "own"
    BUSY = "busy"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Rotated:
    """One user, and what became of the password, or would."""

    name: str
    became: Became


def rotate_passwords(
    users: UsersDatabase, secret: Secret, *, everybody: bool = False, after: str | None = None, dry_run: bool = False
) -> Generator[Rotated, None, None]:
    """Go through all users behind `after`, and give each the password that `secret` derives.

    Those with a password of their own are passed over, or changed with `everybody`. Nothing is kept in memory but a
    page of users. What `users` raises goes through: what was yielded is done, and the same call goes on from there.
    """
    while page := users.page(after, _PAGE):
        for user in page:
            yield Rotated(user.name, _rotated(users, user, secret, everybody=everybody, dry_run=dry_run))
            after = user.name


def _rotated(users: UsersDatabase, user: UserDocument, secret: Secret, *, everybody: bool, dry_run: bool) -> Became:
    mark, found = password_mark(secret), user
    for _ in range(_TRIES):
        marked = found.document.get(MARK)
        if marked == mark:
            return Became.CURRENT
        if not isinstance(marked, str) and not everybody:
            return Became.OWN
        if dry_run:
            return Became.CHANGED
        try:
            password = couchdb_password(user.name, secret).reveal_text()
        except ValueError:
            return Became.OWN  # a name that no application would ask for
        if users.put(UserDocument(user.name, {**found.document, "password": password, MARK: mark})):
            return Became.CHANGED
        again = users.find(user.name)
        if again is None:
            return Became.GONE
        found = again
    return Became.BUSY
