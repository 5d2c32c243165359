"""The token of a log-in that has got as far as its password, or an identity provider's word (`mfa_token`): sealed, so
that nobody has to keep it.

It proves nothing by itself and opens no door: only with a code can it be made into a log-in, within five minutes, once,
and under the stamp that the account had. Nobody keeps it, but it is remembered when one was finished, and when those of
somebody were ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from watchword.core.linked import LinkedLogIn
from watchword.core.principal import Instant, Principal
from watchword.core.records import Json
from watchword.core.second_factor import PASSWORD, TIME_FOR_SECOND_STEP
from watchword.crypto.jose import base64url
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.sealing import Sealing

LIFETIME: Final = TIME_FOR_SECOND_STEP

_PLACE = b"half log-in v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfLogIn:
    """Whose password was right. `id` is random, and tells this log-in from every other.

    `linked` is there where an identity provider's word stood in for the password; `amr` says so, too.
    """

    id: bytes = field(repr=False)
    subject: str
    stamp: str = field(repr=False)
    expires_at: Instant
    amr: frozenset[str] = frozenset((PASSWORD,))
    linked: LinkedLogIn | None = None


def half_log_in(
    principal: Principal,
    now: Instant,
    sealing: Sealing,
    entropy: Callable[[int], bytes],
    linked: LinkedLogIn | None = None,
) -> str:
    """A token for a principal whose password, or word of an identity provider, has just been proven."""
    told: list[Json] = [base64url.encode(entropy(16)), principal.subject, principal.stamp, now + LIFETIME]
    if linked is not None:
        told += [list[Json](sorted(principal.authentication.amr)), linked.issuer, linked.sid]
    return base64url.encode(sealing.seal(json.dumps(told, separators=(",", ":")).encode(), _PLACE, entropy))


def read_half_log_in(token: str, sealing: Sealing) -> HalfLogIn | None:
    """What the token tells, whether or not it has expired; None where it is none of ours. Total."""
    try:
        plain = sealing.open(base64url.decode(token), _PLACE)
        if plain is None:
            return None
        told: Json = json.loads(plain)
        match told:
            case [str(id), str(subject), str(stamp), float(expires_at)]:
                return HalfLogIn(id=base64url.decode(id), subject=subject, stamp=stamp, expires_at=expires_at)
            case [str(id), str(subject), str(stamp), float(expires_at), list(amr), str(issuer), (str() | None) as sid]:
                return HalfLogIn(
                    id=base64url.decode(id),
                    subject=subject,
                    stamp=stamp,
                    expires_at=expires_at,
                    amr=frozenset(method for method in amr if isinstance(method, str)),
                    linked=LinkedLogIn(issuer, sid),
                )
            case _:
                return None
    except (JoseRefused, ValueError):
        return None
