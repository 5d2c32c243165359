"""API keys: made for programs, shown once, judged at every request (S2.16). Only their fingerprints are kept."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import Final

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.grants import ApiKey, Scopes
from watchword.core.outcome import Outcome, Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.questions import FindKey, FoundKey, TouchKey
from watchword.crypto import secret
from watchword.tokens.format import API_KEY, base62, is_well_formed, new_token

SHORTEST_KEY: Final = 16
LONGEST_KEY: Final = 512
"""In characters. Imported keys have any form; what is shorter could be guessed."""

TOUCH_INTERVAL: Final = 60.0
"""How old `last_used` may grow before it is written again, in seconds: that keeps writes rare."""

EVERYTHING: Final = "*"
"""Demanded where only credentials without scopes may act: no key has a scope of this name."""

# VCHAR = %x21-7E
_KEY = re.compile(rf"[\x21-\x7e]{{{SHORTEST_KEY},{LONGEST_KEY}}}")

# scope-token = 1*( %x21 / %x23-5B / %x5D-7E )  (RFC 6749 section 3.3)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")


def is_key(text: str) -> bool:
    """Whether the text can be an API key: one of ours by its checksum, or another's in visible ASCII."""
    if text.startswith("ww_"):
        return is_well_formed(text, API_KEY)
    return _KEY.fullmatch(text) is not None


def is_scope(text: str) -> bool:
    """Whether the text can be a key's scope (RFC 6749 section 3.3), of at most 100 characters."""
    return text != EVERYTHING and _SCOPE.fullmatch(text) is not None


def judge_key(presented: bytes, now: Instant, *, mechanism: str, realm: str) -> Steps[Outcome]:
    """What this key proves. The reasons name it by its last characters, and by no more (S4.8)."""
    fingerprint = secret.fingerprint(presented)
    found: FoundKey | None = yield FindKey(fingerprint)
    if found is None:
        return Rejected("unknown-key", _masked(presented))
    key = found.key
    if found.account.disabled:
        return Rejected("account-disabled", _masked(presented))
    if key.expires_at is not None and key.expires_at <= now:
        return Stale("expired", _masked(presented))
    if key.last_used is None or now - key.last_used >= TOUCH_INTERVAL:
        with suppress(AnswerFailed):  # a full disk shuts no program out
            yield TouchKey(fingerprint, now)
    return found.accepted(mechanism, realm)


def new_key(
    entropy: bytes,
    now: Instant,
    *,
    subject: str,
    name: str,
    scopes: Scopes | None = None,
    expires_at: Instant | None = None,
) -> tuple[ApiKey, str]:
    """A key of this account, and its text, which is kept nowhere. `entropy` is 32 random bytes."""
    text = new_token(API_KEY, entropy)
    key = ApiKey(
        id=_public_id(text),
        fingerprint=secret.fingerprint(text.encode("ascii")),
        subject=subject,
        name=name,
        hint=hint_of(text),
        created_at=now,
        expires_at=expires_at,
        scopes=scopes,
    )
    return key, text


def hint_of(text: str) -> str:
    """The characters by which the owner of a key knows it again."""
    return text[-4:] if len(text) >= SHORTEST_KEY else ""


def _masked(presented: bytes) -> str:
    return secret.mask(presented.decode("latin-1"))


def _public_id(text: str) -> str:
    """An id that can be shown: it tells neither the key nor its fingerprint."""
    return base62(hashlib.sha256(b"watchword api key id v1" + text.encode("ascii")).digest()[:16])
