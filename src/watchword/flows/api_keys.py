"""API keys of accounts: made, put in another's place, ended. One rule for the server and the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from watchword.core.ask import Steps, ask
from watchword.core.grants import ApiKey, Scopes
from watchword.core.principal import Instant
from watchword.core.questions import AddKey, FindAccount, ListKeys, RotateKey
from watchword.tokens.access_key import AccessKeys, is_access_key_id
from watchword.tokens.api_key import is_scope, new_key

MOST_KEYS: Final = 1000
"""Live keys that one account may have."""
LONGEST_NAME: Final = 100
"""Of a key, in characters."""
MOST_SCOPES: Final = 100
DEFAULT_NAME: Final = "API key"
DEFAULT_OVERLAP: Final = 24 * 3600.0
LONGEST_OVERLAP: Final = 90 * 86400.0
"""For how long a key that was rotated may live on, in seconds."""


class KeyRefused(ValueError):
    """No key can be made so. `member` is what is wrong, and the message a sentence for people."""

    def __init__(self, member: str, sentence: str) -> None:
        super().__init__(sentence)
        self.member = member


class NoKey(Enum):
    """Why no key was made: nothing was changed."""

    NO_ACCOUNT = "there is no such account, or it is disabled"
    TOO_MANY = "the account has as many live keys as it may"
    UNKNOWN = "the account has no such key"
    ENDED = "the key was rotated before, or has expired"


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key, with the text that nobody else knows and that is kept nowhere: the key itself, or, of an access key,
    its secret."""

    key: ApiKey
    text: str = field(repr=False)

    @property
    def signs(self) -> bool:
        """Whether it is an access key, with which requests are signed."""
        return is_access_key_id(self.key.id)


def create_key(
    subject: str,
    name: str,
    *,
    entropy: Callable[[int], bytes],
    now: Instant,
    scopes: Iterable[str] | None = None,
    expires_at: Instant | None = None,
    granted: Scopes | None = None,
    until: Instant | None = None,
    signing: AccessKeys | None = None,
) -> Steps[MadeKey | NoKey]:
    """A new key of this account. Without `scopes` it may do whatever the account may.

    Where `signing` is given it is an access key, made by that.

    `granted` and `until` are the scopes and the expiry of the credential that it is made with, where that has any: the
    new key has these where none are given, and expires no later. That `scopes` are among `granted` is for the caller to
    see to.

    Raises:
        KeyRefused: where the name, the scopes or the expiry cannot be a key's.
        AnswerFailed: where it could not be kept.
    """
    checked_name(name)
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("expires_at", "A key expires later than now.")
    checked = granted if scopes is None else _checked(scopes)
    if until is not None:
        expires_at = until if expires_at is None else min(expires_at, until)
    made = new_key if signing is None else signing.new
    key, text = made(entropy(32), now, subject=subject, name=name, scopes=checked, expires_at=expires_at)
    if (yield from ask(AddKey(key, MOST_KEYS))):
        return MadeKey(key, text)
    account = yield from ask(FindAccount(subject, fresh=True))
    return NoKey.NO_ACCOUNT if account is None or account.disabled else NoKey.TOO_MANY


def rotate_key(
    subject: str,
    key_id: str,
    *,
    overlap: float,
    entropy: Callable[[int], bytes],
    now: Instant,
    access_keys: AccessKeys,
) -> Steps[MadeKey | NoKey]:
    """A new key in the place of this one, which lives on for `overlap` seconds, and never longer than it would have.

    The new key has the name, the scopes and the lifetime that the old one began with. In the place of an access key
    comes another, made by `access_keys`.

    Raises:
        KeyRefused: where the overlap is negative or too long.
        AnswerFailed: where nothing could be changed.
    """
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise KeyRefused("overlap", f"The overlap has 0 to {LONGEST_OVERLAP:.0f} seconds.")
    old = yield from find_key(subject, key_id)
    if old is None:
        return NoKey.UNKNOWN
    if old.superseded_by is not None or (old.expires_at is not None and old.expires_at <= now):
        return NoKey.ENDED
    expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    made = access_keys.new if is_access_key_id(old.id) else new_key
    key, text = made(entropy(32), now, subject=subject, name=old.name, scopes=old.scopes, expires_at=expires_at)
    kept = yield from ask(RotateKey(old.id, subject, key, now + overlap))
    # Somebody may have ended or rotated it a moment ago.
    return NoKey.ENDED if kept is None else MadeKey(kept, text)


def checked_name(name: str) -> str:
    """The name, which may be a key's. Raises `KeyRefused` where it may not."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise KeyRefused("name", f"The name of a key has 1 to {LONGEST_NAME} characters.")
    if _CONTROL.search(name):
        raise KeyRefused("name", "The name of a key has no control characters.")
    return name


def find_key(subject: str, key_id: str) -> Steps[ApiKey | None]:
    """The subject's key with this public id."""
    keys = yield from ask(ListKeys(subject, limit=_ALL))
    return next((key for key in keys if key.id == key_id), None)


_ALL = 100_000
"""More than any account has: imports are not held to MOST_KEYS."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _checked(scopes: Iterable[str]) -> Scopes:
    found = frozenset(scopes)
    if len(found) > MOST_SCOPES:
        raise KeyRefused("scopes", f"A key has at most {MOST_SCOPES} scopes.")
    if not all(map(is_scope, found)):
        raise KeyRefused(
            "scopes",
            "A scope has 1 to 100 visible ASCII characters, neither quotation marks nor backslashes among them, and is "
            "not * alone: a key that may do everything has no scopes.",
        )
    return found
