"""A password file of Apache's `htpasswd`, and the group file beside it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from watchword.core.names import NameRefused, account_name
from watchword.crypto.password import SALT_LENGTH, Hashing, check_password, hash_password, is_known_format
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.asking.bounded import Bounded
from watchword.stores.asking.slots import Slots
from watchword.stores.watched_file import Unfinished, WatchedFile

_Groups = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """What is in a password file: the stored hash of each name, and one that costs what most of them cost."""

    stored: Mapping[str, str] = field(repr=False)
    typical: str = field(repr=False)


class HtpasswdStore:
    """Checks passwords against a file of `name:hash` lines, and tells the groups of each name as roles.

    Names count as they are written, case included. Hashes are checked in a slot, and unknown names cost what most names
    in the file cost (F30). DES crypt and plain text are no formats that are taken: such a line lets nobody in.

    `roles` are those that a group gives; where it is None, each group gives the role of its name.
    """

    def __init__(
        self,
        file: Path,
        *,
        slots: Slots,
        groups: Path | None = None,
        roles: Mapping[str, frozenset[str]] | None = None,
        patience: float = 2.0,
    ) -> None:
        self._passwords = WatchedFile(file, read_passwords, patience=patience)
        self._groups = None if groups is None else WatchedFile(groups, read_groups, patience=patience)
        self._roles = roles
        self._slots = slots
        self._versions: Bounded[tuple[str, str], str] = Bounded(10_000)

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`. Raises AnswerFailed also where too many wait for a slot."""
        passwords, groups = self._passwords.now(), self._groups_now()
        canonical = _canonical(name)
        stored = passwords.stored.get(canonical)
        usable = stored is not None and is_known_format(stored)
        with self._slots.admitted(first=True), self._slots.one(first=True):
            right = check_password(password, stored if stored is not None and usable else passwords.typical)
            if stored is None:
                return Denied("unknown-user", knows=False)
            if not usable:
                return Denied("unusable-hash")
            return self._identity(canonical, stored, groups) if right else Denied("wrong-password")

    def find(self, name: str) -> Identity | Denied:
        """See `LooksUp`."""
        passwords, groups = self._passwords.now(), self._groups_now()
        canonical = _canonical(name)
        stored = passwords.stored.get(canonical)
        if stored is None:
            return Denied("unknown-user", knows=False)
        if not is_known_format(stored):
            return Denied("unusable-hash")
        with self._slots.admitted(first=True), self._slots.one(first=True):
            return self._identity(canonical, stored, groups)

    def _groups_now(self) -> _Groups:
        return {} if self._groups is None else self._groups.now()

    def _identity(self, name: str, stored: str, groups: _Groups) -> Identity:
        own = groups.get(name, frozenset())
        roles = own if self._roles is None else frozenset().union(*(self._roles.get(group, ()) for group in own))
        return Identity(name=name, roles=roles, version=self._version(name, stored))

    def _version(self, name: str, stored: str) -> str:
        """Another for each stored hash; made slowly, once: guessing a password by it, such as that of an unsalted
        {SHA} line, is no quicker than by a hash of our own."""
        version = self._versions.get((name, stored))
        if version is None:
            salt = sha256(name.encode()).digest()[:SALT_LENGTH]
            version = hash_password(Secret(stored), Hashing(), salt)
            self._versions.put((name, stored), version)
        return version


def read_passwords(content: bytes) -> PasswordFile:
    """The lines as Apache reads them: the first of a name counts, up to its second colon.

    Raises:
        Unfinished: where the last line has no end, and is none that could stand there.
    """
    stored: dict[str, str] = {}
    for line in _lines(content):
        name, colon, rest = line.partition(":")
        if colon and name:
            stored.setdefault(unicodedata.normalize("NFC", name), rest.partition(":")[0].strip())
    if not content.endswith(b"\n"):
        last = _text(content.rpartition(b"\n")[2])
        if not last.lstrip().startswith("#") and not is_known_format(last.partition(":")[2].partition(":")[0].strip()):
            raise Unfinished("ends in the middle of a line")
    kinds: dict[str, list[str]] = {}
    for one in stored.values():
        kinds.setdefault(_kind(one), []).append(one)
    usual = sorted(kinds.values(), key=len, reverse=True)
    return PasswordFile(stored, next((some[0] for some in usual if is_known_format(some[0])), ""))


def read_groups(content: bytes) -> _Groups:
    """The groups of each name, by lines such as `clerks: ann bob`; a group may have several.

    Raises:
        Unfinished: where the last line has no end.
    """
    if not content.endswith(b"\n"):
        raise Unfinished("ends in the middle of a line; end its last line")
    groups: dict[str, set[str]] = {}
    for line in _lines(content):
        group, colon, members = line.partition(":")
        if colon and group.strip():
            for member in _members(members):
                groups.setdefault(unicodedata.normalize("NFC", member), set()).add(group.strip())
    return {name: frozenset(own) for name, own in groups.items()}


def _lines(content: bytes) -> Iterator[str]:
    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        text = _text(line)
        if not text.lstrip().startswith("#"):
            yield text


def _text(line: bytes) -> str:
    """The bytes of a line as its writer meant them: UTF-8, and ISO 8859-1 where they are none."""
    line = line.rstrip(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


_MEMBER = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+))""", re.DOTALL)


def _members(text: str) -> Iterator[str]:
    for match in _MEMBER.finditer(text):
        quoted = match[1] if match[1] is not None else match[2]
        yield match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


_KIND = re.compile(r"(\$2[aby]\$[0-9]{2}|\$[0-9a-z]+\$(?:rounds=[0-9]+|[a-z0-9]+=[^$]*)?|\{[^}]*\}).*", re.DOTALL)


def _kind(stored: str) -> str:
    """What two hashes of the same cost have in common."""
    match = _KIND.fullmatch(stored)
    return match[1] if match is not None else ""


def _canonical(name: str) -> str:
    """The form in which names are compared; of what no account could be called, one that no line has."""
    try:
        return account_name(name)
    except NameRefused:
        return ""
