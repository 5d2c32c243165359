"""What a browser keeps of an ID token, to tell its provider at log-out who it is that logs out (`id_token_hint`, OpenID
Connect RP-Initiated Logout 1.0 section 2): sealed, so that it tells nobody anything but who is to read it.

An ID token proves nothing here once the log-in is over, but it says what somebody is called. So it is of use only to
whoever ends the session that came of it, and only as long as it takes them to go on to the provider.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from watchword.core.principal import Instant
from watchword.core.records import Json
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret

LONGEST: Final = 3000
"""In characters, when it is sealed. Browsers take cookies up to 4096, but nginx has no more room than that for all
fields of an answer (`proxy_buffer_size`), and would fail the log-in. Who gives longer ID tokens gets none back."""

Use: TypeAlias = Literal["kept", "on its way"]
"""Kept while the session lives, or on its way to the provider. Neither is taken for the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOutHint:
    """By which provider the account `subject` was logged in, and the ID token that said so."""

    provider: str
    subject: str
    id_token: Secret
    expires_at: Instant


def sealed_hint(hint: LogOutHint, use: Use, sealing: Sealing, entropy: Callable[[int], bytes]) -> str | None:
    """What the cookie holds; None where it would not fit into one."""
    told = [hint.provider, hint.subject, hint.id_token.reveal_text(), hint.expires_at]
    plain = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    sealed = base64url.encode(sealing.seal(plain, _place(use), entropy))
    return sealed if len(sealed) <= LONGEST else None


def read_hint(value: bytes, use: Use, sealing: Sealing, now: Instant) -> LogOutHint | None:
    """What the cookie holds; None where it is none of ours, for another use, or over. Total."""
    try:
        plain = sealing.open(base64url.decode(value), _place(use))
        if plain is None:
            return None
        told: Json = json.loads(plain.decode("utf-8", "surrogatepass"))
        match told:
            case [str(provider), str(subject), str(id_token), float(expires_at)] if expires_at > now:
                return LogOutHint(provider=provider, subject=subject, id_token=Secret(id_token), expires_at=expires_at)
            case _:
                return None
    except (JoseRefused, ValueError):
        return None


def _place(use: Use) -> bytes:
    return f"log-out hint v1 {use}".encode()
