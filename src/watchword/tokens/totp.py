"""Authenticators that show a code for each 30 seconds (RFC 6238): how one is kept, and how its code is used up.

A code is taken within its own time step and one step either side (section 5.2), once, and never after a later one: the
codes before it that could still be typed are used up with it. What was used stays so for a week, so that a clock that
was set back does not make it good again (F8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from watchword.core.ask import Steps, ask
from watchword.core.credentials import TOTP, Credential
from watchword.core.principal import Instant
from watchword.core.questions import SpendOnce
from watchword.crypto.otp import SEED_LENGTH, Algorithm, Generator, step_at
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret, equal
from watchword.tokens.format import base62

EITHER_SIDE: Final = 1
"""Steps by which an authenticator's clock may be off."""
REMEMBERED: Final = 7 * 86400.0
"""For how many seconds it is remembered that a code was used."""

_PURPOSE = "totp"
_VERSION = 1
_ALGORITHMS: tuple[Algorithm, ...] = ("SHA1", "SHA256", "SHA512")  # what is kept is the index: never reorder


def new_authenticator(
    subject: str,
    label: str,
    *,
    sealing: Sealing,
    entropy: Callable[[int], bytes],
    now: Instant,
    algorithm: Algorithm,
    digits: int,
) -> tuple[Credential, Generator]:
    """The record of an authenticator that has yet to be confirmed, and what it is to be set up with."""
    id = base62(entropy(16))
    generator = Generator(seed=Secret(entropy(SEED_LENGTH)), algorithm=algorithm, digits=digits)
    plain = bytes((_VERSION, _ALGORITHMS.index(algorithm), digits)) + generator.seed.reveal()
    credential = Credential(
        id=id,
        subject=subject,
        kind=TOTP,
        label=label,
        secret=sealing.seal(plain, _place(subject, id), entropy),
        created_at=now,
        confirmed=False,
    )
    return credential, generator


def generator_of(credential: Credential, sealing: Sealing) -> Generator | None:
    """What the authenticator computes its codes with; None where that can no longer be opened."""
    plain = sealing.open(credential.secret, _place(credential.subject, credential.id))
    if plain is None or len(plain) < 3 + SEED_LENGTH or plain[0] != _VERSION or plain[1] >= len(_ALGORITHMS):
        return None
    return Generator(seed=Secret(plain[3:]), algorithm=_ALGORITHMS[plain[1]], digits=plain[2])


def matching_step(generator: Generator, code: str, now: Instant) -> int | None:
    """The time step whose code this is, among those that are taken now. Each is compared, whichever it is (F31)."""
    typed, found = code.encode("utf-8", "surrogatepass"), None
    current = step_at(now)
    for step in range(max(0, current - EITHER_SIDE), current + EITHER_SIDE + 1):
        if equal(typed, generator.code(step).encode("ascii")):
            found = step
    return found


def spend_step(credential: Credential, step: int, now: Instant) -> Steps[bool]:
    """Use up the code of this step, and those before it. False where it was used before, or a later one was."""
    spent = False
    for each in range(max(0, step_at(now) - EITHER_SIDE), step + 1):
        value = f"{credential.id} {each}".encode()
        spent = yield from ask(SpendOnce(_PURPOSE, value, now + REMEMBERED))
    return spent


def _place(subject: str, id: str) -> bytes:
    # No name of an account has a control character, so this is unambiguous.
    return f"{TOTP}\0{subject}\0{id}".encode()
