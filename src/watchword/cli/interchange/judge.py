"""Judges a whole file before anything of it is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, TypeVar

from watchword.cli.interchange.client_entries import ClientEntry, read_client
from watchword.cli.interchange.credential_entries import CredentialEntry, read_credential
from watchword.cli.interchange.identity_entries import IdentityEntry, read_identity
from watchword.cli.interchange.key_entries import KeyEntry, read_key
from watchword.cli.interchange.members import Wrong
from watchword.cli.interchange.repeats import Repeats
from watchword.cli.interchange.session_entries import SessionEntry, read_session
from watchword.cli.interchange.source import Entry, Found, Source, Unreadable
from watchword.cli.interchange.third_party_entries import ThirdPartyEntry, read_third_party
from watchword.cli.interchange.user_entries import UserEntry, read_user
from watchword.cli.refusal import Refusal
from watchword.crypto.password import FLASK_SECURITY

if TYPE_CHECKING:
    from watchword.core.records import Json

E = TypeVar("E")

MOST_LISTED = 20

Fit: TypeAlias = UserEntry | CredentialEntry | IdentityEntry | ThirdPartyEntry | ClientEntry | KeyEntry | SessionEntry
Read: TypeAlias = Fit | Wrong


def judge(source: Source, advance: Callable[[], None], *, flask_security: bool = True) -> Mapping[str, int]:
    """Read all of the file, and count its entries of each kind, with which nothing is wrong.

    `advance` is called for each entry. `flask_security`: its hashes can be checked.

    Raises:
        Refusal: with a line for each problem, or for the first ones of many.
    """
    counted: Counter[str] = Counter()
    problems = _Problems(source.name)
    with closing(Repeats()) as repeats:
        for found in source.entries():
            read = read_entry(found)
            if isinstance(read, Wrong):
                for says in read.problems:
                    problems.add(found.place, read.who, says)
            else:
                kind, key = _named(read)
                counted[kind] += 1
                repeats.note(kind.encode() + b" " + key, found.place)
                if not flask_security and _is_of_flask_security(read):
                    problems.add(found.place, read.name, _NO_SALT)
            advance()
        for key, first, last in repeats.found(MOST_LISTED + 1):
            who = key.removeprefix(b"user ").decode() if key.startswith(b"user ") else None
            problems.add(last, who, f"stands there twice, first at {first}; write it once")
    problems.refuse()
    return counted


def _is_of_flask_security(entry: Fit) -> TypeGuard[UserEntry]:
    return isinstance(entry, UserEntry) and (entry.password_hash or "").startswith(FLASK_SECURITY)


def _named(entry: Fit) -> tuple[str, bytes]:
    """The kind of an entry, and what no other of that kind may have."""
    match entry:
        case UserEntry(name=name):
            return "user", name.encode()
        case CredentialEntry(id=id):
            return "credential", id.encode()
        case IdentityEntry(issuer=issuer, subject=subject):
            return "identity", f"{issuer} {subject}".encode()
        case ThirdPartyEntry(user=user, provider=provider):
            return "third_party_credential", f"{provider} {user}".encode()
        case ClientEntry(id=id):
            return "client", id.encode()
        case KeyEntry(fingerprint=fingerprint):
            return "key", fingerprint
        case SessionEntry(fingerprint=fingerprint):
            return "session", fingerprint


_NO_SALT = (
    "has a password_hash of Flask-Security, which nobody can check without the application's SECURITY_PASSWORD_SALT; "
    "write that into a file, and the file's name in passwords.flask_security_salt_file"
)


def read_entry(found: Found) -> Read:
    """What an entry says, or what is wrong with it."""
    if isinstance(found, Unreadable):
        return Wrong(None, (found.says,))
    return _READERS[found.kind](found.value)


_READERS: Mapping[str, Callable[[Json], Read]] = {
    "user": read_user,
    "credential": read_credential,
    "identity": read_identity,
    "third_party_credential": read_third_party,
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
