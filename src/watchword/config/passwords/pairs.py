"""Settings of passwords that are weaker than they look, and files that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.passwords.making import breached_passwords_of, flask_security_salt_of
from watchword.config.problems import printable
from watchword.config.settings import Settings

OWASP_MINIMUM = {1: 47104, 2: 19456, 3: 12288, 4: 9216, 5: 7168}
"""Argon2id (OWASP Password Storage Cheat Sheet): by passes, the KiB of memory that are needed at least, with p = 1."""


def hashing_is_cheap(settings: Settings) -> Iterator[Finding]:
    """Argon2id parameters below OWASP's minimum."""
    hashing = settings.passwords.hashing
    least = OWASP_MINIMUM[min(hashing.t, max(OWASP_MINIMUM))]
    if hashing.m < least:
        others = ", ".join(f"t = {t} with m = {m}" for t, m in OWASP_MINIMUM.items() if t != hashing.t)
        yield Finding(
            ("passwords", "hashing"),
            f"t = {hashing.t} with m = {hashing.m} is below OWASP's minimum for Argon2id; "
            f"write m = {least} or more with this t, or {others}",
            depends=(("passwords", "hashing", "t"), ("passwords", "hashing", "m")),
        )


HASHING_CHECKS: tuple[Check, ...] = (hashing_is_cheap,)
"""In the order of the manual."""


def breached_list_cannot_be_used(settings: Settings) -> Iterator[Finding]:
    """A list of breached passwords that cannot be read, is not in order, or too large to be kept in memory."""
    file = settings.passwords.breached_list
    try:
        breached_passwords_of(settings).check()
    except ValueError as error:
        yield Finding(("passwords", "breached_list"), f"{printable(str(file))} {error}")


def flask_security_salt_cannot_be_used(settings: Settings) -> Iterator[Finding]:
    """A file with Flask-Security's salt that cannot be read, or that others may read."""
    file = settings.passwords.flask_security_salt_file
    try:
        flask_security_salt_of(settings)
    except ValueError as error:
        yield Finding(("passwords", "flask_security_salt_file"), f"{printable(str(file))} {error}")


PASSWORD_CHECKS: tuple[Check, ...] = (
    breached_list_cannot_be_used,
    flask_security_salt_cannot_be_used,
)
"""In the order of the manual."""
