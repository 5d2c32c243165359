"""The server's keys on disk: `keys.json` in the data folder, for its owner's eyes only (F34)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from watchword.core.principal import Instant
from watchword.crypto.secret import Secret
from watchword.tokens.keys import Key, KeyRing, KeyRingRefused

AUTH_TOKENS = "auth-token"
_NAME = "keys.json"


class KeyFileRefused(Exception):
    """The keys cannot be used. The message says what to do; it never holds a secret."""


def load_or_make_keys(data: Path, entropy: Callable[[int], bytes], now: Instant) -> KeyRing:
    """The keys in this folder; made at the first start. Several processes that start at once end with the same keys.

    Raises:
        KeyFileRefused: where the file cannot be read or made, holds no keys, or others may read it.
    """
    path = data / _NAME
    try:
        if not path.exists():
            _make(path, entropy, now)
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileRefused(f"{path} can be read by others: run chmod 600 on it.")
        return KeyRing.from_json(path.read_text("utf-8"))
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be used: {error.strerror}.") from None
    except (KeyRingRefused, UnicodeDecodeError):
        raise KeyFileRefused(
            f"{path} does not hold keys that this version understands: restore it from a backup. Without it, auth "
            "tokens that are about will not be accepted; move it away to begin with new keys."
        ) from None


def _make(path: Path, entropy: Callable[[int], bytes], now: Instant) -> None:
    ring = KeyRing((Key(id=entropy(6).hex(), purpose=AUTH_TOKENS, secret=Secret(entropy(32)), created_at=now),))
    draft = path.with_name(f"{_NAME}.{entropy(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename it never replaces what another process made meanwhile
        except FileExistsError:
            pass
    finally:
        draft.unlink()
