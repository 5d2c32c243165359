"""The keys of service accounts, as answers to the questions about keys."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from watchword.config.keys.file import KeyFileRefused
from watchword.config.problems import printable
from watchword.config.service_accounts.settings import ServiceAccount
from watchword.core.grants import ApiKey
from watchword.core.questions import FindKey, FoundKey, TouchKey
from watchword.core.records import Account
from watchword.crypto.secret import fingerprint
from watchword.tokens.api_key import hint_of, is_key
from watchword.tokens.format import API_KEY, is_well_formed

T = TypeVar("T")

SHORTEST_FOREIGN = 32
"""In characters: a key in a file that we did not make must at least be long."""
_FEWEST_CHARACTERS = 10


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
