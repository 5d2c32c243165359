"""`[[service_account]]`: programs that are known from the configuration alone, without any account in the storage."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

from pydantic import Field

from watchword.config.key_file import KeyFileRefused
from watchword.config.places import File
from watchword.config.problems import printable
from watchword.config.section import Section
from watchword.config.values import Read, Text, Unfit
from watchword.core.grants import ApiKey
from watchword.core.names import NameRefused, account_name
from watchword.core.principal import Instant
from watchword.core.questions import FindKey, FoundKey, TouchKey
from watchword.core.records import Account
from watchword.crypto.secret import fingerprint
from watchword.tokens.api_key import hint_of, is_key, is_scope
from watchword.tokens.format import API_KEY, is_well_formed

T = TypeVar("T")

EXAMPLE = "0123456789abcdef" * 4
"""Stands in the manual. pairs.py refuses it: it is no key's (F40)."""

SUBJECT = "service:"
"""Before the names of service accounts, where they are subjects. No account has a colon in its name."""

SHORTEST_FOREIGN = 32
"""In characters: a key in a file that we did not make must at least be long."""
_FEWEST_CHARACTERS = 10

_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}")
_HOW = "`watchword hash --key` reads the key from standard input and prints it"


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    try:
        return account_name(value)
    except NameRefused as error:
        raise ValueError(f"cannot be used: {error}") from None


def _fingerprint(value: object) -> bytes:
    if not isinstance(value, str):
        raise Unfit
    if not _FINGERPRINT.fullmatch(value):  # it may be the key itself, so it is not quoted
        raise ValueError(f"is no SHA-256 in hexadecimal; write the key's fingerprint, never the key: {_HOW}")
    return bytes.fromhex(value)


def _scope(value: object) -> str:
    if not isinstance(value, str) or not is_scope(value):
        raise Unfit
    return value


def _moment(value: object) -> Instant:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Unfit from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit
    return value.timestamp()


ServiceName: TypeAlias = Annotated[str, Read("a name as accounts may have", _name)]
Fingerprint: TypeAlias = Annotated[bytes, Read("a SHA-256 in hexadecimal", _fingerprint)]
Scope: TypeAlias = Annotated[str, Read("a scope: visible ASCII, no quotation mark, no backslash", _scope)]
Moment: TypeAlias = Annotated[float, Read("a point in time with its offset", _moment)]


class ServiceAccount(Section):
    """A program that may call without an account in the storage, by one fixed API key (`X-API-Key`).

    Its subject is `service:<name>`, so that no account can be taken for it. It has either a `key_fingerprint` or a
    `key_file`. Changes hold when the server is started again.
    """

    name: ServiceName = Field(examples=["reporter"])
    """What it is called. Two service accounts of one name are one program with two keys, while one replaces the
    other."""

    key_fingerprint: Fingerprint | None = Field(default=None, examples=[EXAMPLE])
    """The SHA-256 of its key, in hexadecimal: `watchword hash --key` prints it. The key itself is refused here, and so
    is the example."""

    key_file: File | None = Field(default=None, examples=["reporter.key"])
    """A file with the key itself and nothing else, readable for nobody but its owner, in place of a fingerprint: for
    systems that hand secrets out as files."""

    roles: frozenset[Text] = Field(default=frozenset(), examples=[["service"]])
    """Its roles."""

    permissions: frozenset[Text] = Field(default=frozenset(), examples=[["View Patients"]])
    """Its permissions."""

    scopes: frozenset[Scope] | None = Field(default=None, examples=[["patients:read"]])
    """The scopes of its key; where nothing is said it may do all that its roles allow."""

    expires_at: Moment | None = Field(default=None, examples=["2027-01-31T12:00:00Z"])
    """When its key expires; never where nothing is said."""

    @property
    def subject(self) -> str:
        """The subject of its principals."""
        return SUBJECT + self.name


class ServiceKeys:
    """The keys of service accounts, as answers to the questions about keys. They need no storage."""

    def __init__(self, accounts: Iterable[ServiceAccount]) -> None:
        """Raises `KeyFileRefused`, with a sentence that says what to do."""
        self._found: Mapping[bytes, FoundKey] = {
            found.key.fingerprint: found for found in (_found_key(account) for account in accounts)
        }

    def before(self, find: Callable[[FindKey], T]) -> Callable[[FindKey], FoundKey | T]:
        """A look-up that knows these keys, and asks `find` for all others."""
        return (lambda question: self._found.get(question.fingerprint) or find(question)) if self._found else find

    def unless_theirs(self, touch: Callable[[TouchKey], None]) -> Callable[[TouchKey], None]:
        """The same for noting that a key was used, which nobody does for these."""
        return lambda question: None if question.fingerprint in self._found else touch(question)


def why_unusable(file: Path) -> str | None:
    """What is wrong with a file that should hold a key, to go on after its name; None where nothing is."""
    found = _read(file)
    return found if isinstance(found, str) else None


def fingerprint_of(account: ServiceAccount) -> bytes | None:
    """The fingerprint of its key; None where it has none that can be used."""
    if account.key_file is None:
        return account.key_fingerprint
    found = _read(account.key_file)
    return None if isinstance(found, str) else fingerprint(found)


def _found_key(account: ServiceAccount) -> FoundKey:
    hint = ""
    if account.key_file is not None:
        read = _read(account.key_file)
        if isinstance(read, str):
            raise KeyFileRefused(f"{printable(str(account.key_file))} {read}.")
        digest, hint = fingerprint(read), hint_of(read.decode("ascii"))
    else:
        assert account.key_fingerprint is not None, "pairs.py has seen to that"
        digest = account.key_fingerprint
    key = ApiKey(
        id=f"{account.subject}:{digest[:6].hex()}",
        fingerprint=digest,
        subject=account.subject,
        name=account.name,
        hint=hint,
        created_at=0.0,
        expires_at=account.expires_at,
        scopes=account.scopes,
    )
    stamp = hashlib.sha256(b"watchword service account stamp v1" + digest).hexdigest()
    return FoundKey(
        key,
        Account(name=account.subject, stamp=stamp, roles=account.roles, permissions=account.permissions),
    )


def _read(file: Path) -> bytes | str:
    """The key in the file, or why it cannot be used."""
    try:
        if not file.is_file():
            return "is no file" if file.exists() else "is not there; write where it is"
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return "can be read by others; run chmod 600 on it"
        with file.open("rb") as opened:
            key = opened.read(4096).removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        return f"cannot be read ({error.strerror}); give the server's user the right to, or write another file"
    text = key.decode("latin-1")
    if not is_key(text):
        return "holds no API key: 16 to 512 visible ASCII characters, on one line"
    if not is_well_formed(text, API_KEY) and (len(text) < SHORTEST_FOREIGN or len(set(text)) < _FEWEST_CHARACTERS):
        return f"holds a key that could be guessed; write {SHORTEST_FOREIGN} or more random characters"
    return key
