"""Judges a whole file before anything of it is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from watchword.cli.interchange.client_entries import ClientEntry, read_client
from watchword.cli.interchange.credential_entries import CredentialEntry, read_credential
from watchword.cli.interchange.key_entries import KeyEntry, read_key
from watchword.cli.interchange.members import Wrong
from watchword.cli.interchange.repeats import Repeats
from watchword.cli.interchange.session_entries import SessionEntry, read_session
from watchword.cli.interchange.source import Entry, Found, Source, Unreadable
from watchword.cli.interchange.user_entries import UserEntry, read_user
from watchword.cli.refusal import Refusal
from watchword.crypto.password import FLASK_SECURITY

if TYPE_CHECKING:
    from watchword.core.records import Json

E = TypeVar("E")

MOST_LISTED = 20

Read: TypeAlias = UserEntry | CredentialEntry | ClientEntry | KeyEntry | SessionEntry | Wrong


@dataclass(frozen=True, slots=True)
class Judged:
    """How much a file holds with which nothing is wrong."""

    users: int
    credentials: int
    clients: int
    keys: int
    sessions: int


def judge(source: Source, advance: Callable[[], None], *, flask_security: bool = True) -> Judged:
    """Read all of the file; `advance` is called for each entry. `flask_security`: its hashes can be checked.

    Raises:
        Refusal: with a line for each problem, or for the first ones of many.
    """
    users = credentials = clients = keys = sessions = 0
    problems = _Problems(source.name)
    with closing(Repeats()) as repeats:
        for found in source.entries():
            match read_entry(found):
                case UserEntry(name=name, password_hash=stored):
                    users += 1
                    if not flask_security and (stored or "").startswith(FLASK_SECURITY):
                        problems.add(found.place, name, _NO_SALT)
                    repeats.note(_USER + name.encode(), found.place)
                case CredentialEntry(id=id):
                    credentials += 1
                    repeats.note(_CREDENTIAL + id.encode(), found.place)
                case ClientEntry(id=id):
                    clients += 1
                    repeats.note(_CLIENT + id.encode(), found.place)
                case KeyEntry(fingerprint=fingerprint):
                    keys += 1
                    repeats.note(_KEY + fingerprint, found.place)
                case SessionEntry(fingerprint=fingerprint):
                    sessions += 1
                    repeats.note(_SESSION + fingerprint, found.place)
                case Wrong(who, sentences):
                    for says in sentences:
                        problems.add(found.place, who, says)
            advance()
        for key, first, last in repeats.found(MOST_LISTED + 1):
            who = key.removeprefix(_USER).decode() if key.startswith(_USER) else None
            problems.add(last, who, f"stands there twice, first at {first}; write it once")
    problems.refuse()
    return Judged(users, credentials, clients, keys, sessions)


_NO_SALT = (
    "has a password_hash of Flask-Security, which nobody can check without the application's SECURITY_PASSWORD_SALT; "
    "write that into a file, and the file's name in passwords.flask_security_salt_file"
)
_USER, _CREDENTIAL, _CLIENT, _KEY, _SESSION = b"user ", b"credential ", b"client ", b"key ", b"session "


def read_entry(found: Found) -> Read:
    """What an entry says, or what is wrong with it."""
    if isinstance(found, Unreadable):
        return Wrong(None, (found.says,))
    return _READERS[found.kind](found.value)


_READERS: Mapping[str, Callable[[Json], Read]] = {
    "user": read_user,
    "credential": read_credential,
    "client": read_client,
    "key": read_key,
    "session": read_session,
}


def entries_of(source: Source, kind: str, entry: type[E]) -> Iterator[E]:
    """The entries of one kind, all of which were judged before.

    Raises:
        Refusal: where one is not what it was then.
    """
    for found in source.entries():
        if isinstance(found, Entry) and found.kind == kind:
            read = read_entry(found)
            if not isinstance(read, entry):
                raise Refusal(f"{source.name} changed while it was read: run the import again.")
            yield read


class _Problems:
    """The first problems, and how many there are in all."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: list[str] = []
        self._count = 0

    def add(self, place: str, who: str | None, says: str) -> None:
        self._count += 1
        if self._count <= MOST_LISTED:
            about = "" if who is None else f" (user {who})"
            self._lines.append(f"{self._name}, {place}{about}: {says.removesuffix('.')}.")

    def refuse(self) -> None:
        if self._count:
            more = [f"And {self._count - MOST_LISTED} more."] if self._count > MOST_LISTED else []
            raise Refusal("\n".join([*self._lines, *more, "Nothing was imported."]))
