"""The server's own keys: a list, oldest first, each with a purpose."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.crypto.secret import Secret

VERSION = 1
SHORTEST_SECRET = 32
"""In bytes: as long as the digest that it keys (RFC 2104 section 3)."""


class KeyRingRefused(ValueError):
    """The text is not a key ring that this version understands. The message never holds a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `purpose` says what it may be used for, and it is used for nothing else.

    Where `use_from` is given, nothing is made with it before: whoever checks what it makes gets to know it first.
    """

    id: str
    purpose: str
    secret: Secret
    created_at: Instant
    use_from: Instant | None = None

    def __post_init__(self) -> None:
        if not self.id or not self.purpose or len(self.secret.reveal()) < SHORTEST_SECRET:
            raise KeyRingRefused(f"a key has an id, a purpose and at least {SHORTEST_SECRET} bytes")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys, oldest first: what is made is made with the newest, what is checked is checked with every one."""

    keys: tuple[Key, ...] = ()

    def __post_init__(self) -> None:
        if len({key.id for key in self.keys}) != len(self.keys):
            raise KeyRingRefused("two keys have the same id")

    def all(self, purpose: str) -> tuple[Key, ...]:
        """The keys for this purpose, oldest first."""
        return tuple(key for key in self.keys if key.purpose == purpose)

    def newest(self, purpose: str) -> Key | None:
        """The key to make new things with, or None where there is none for this purpose."""
        keys = self.all(purpose)
        return keys[-1] if keys else None

    def with_key(self, key: Key) -> KeyRing:
        """This ring and one key more, as the newest."""
        return KeyRing((*self.keys, key))

    def without(self, key_id: str) -> KeyRing:
        """This ring without the key of this id. Whatever was made with it is dead."""
        return KeyRing(tuple(key for key in self.keys if key.id != key_id))

    def to_json(self) -> str:
        """The ring as JSON, secrets included: for a file that its owner alone can read."""
        keys = [
            {
                "id": key.id,
                "purpose": key.purpose,
                "secret": urlsafe_b64encode(key.secret.reveal()).decode("ascii"),
                "created_at": key.created_at,
                **({} if key.use_from is None else {"use_from": key.use_from}),
            }
            for key in self.keys
        ]
        return json.dumps({"version": VERSION, "keys": keys}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> KeyRing:
        """The ring that `to_json` wrote.

        Raises:
            KeyRingRefused: for any other text.
        """
        try:
            document: Json = json.loads(text)
        except (ValueError, RecursionError):
            raise KeyRingRefused("the key ring is not JSON") from None
        match document:
            case {"version": 1, "keys": list(keys), **rest} if not rest:
                return cls(tuple(map(_key, keys)))
            case {"version": int(version)} if version != VERSION:
                raise KeyRingRefused(f"the key ring has version {version}; this is {VERSION}")
            case _:
                raise KeyRingRefused("the key ring has not the members version and keys, and those alone")


def _key(document: Json) -> Key:
    match document:
        case {
            "id": str(key_id),
            "purpose": str(purpose),
            "secret": str(secret),
            "created_at": int() | float() as created_at,
            **rest,
        } if not rest or rest.keys() == {"use_from"}:
            try:
                revealed, created, use_from = _base64url(secret), float(created_at), _instant(rest.get("use_from"))
            except (ValueError, OverflowError):
                raise KeyRingRefused("a key's secret is not base64url, or its time is no number") from None
            return Key(id=key_id, purpose=purpose, secret=Secret(revealed), created_at=created, use_from=use_from)
        case _:
            raise KeyRingRefused("a key has not the members id, purpose, secret and created_at, and at most use_from")


def _instant(value: object) -> Instant | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    return float(value)


def _base64url(text: str) -> bytes:
    decoded = urlsafe_b64decode(text)
    if urlsafe_b64encode(decoded).decode("ascii") != text:  # the decoder skips what it does not know
        raise ValueError("not base64url")
    return decoded
