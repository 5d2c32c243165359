"""What the settings make of new passwords, for the server and the command line alike; and the check of their list."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable
from watchword.config.secret_file import password_in_file
from watchword.config.settings import Settings
from watchword.crypto.secret import Secret
from watchword.flows.password_policy import PasswordPolicy
from watchword.stores.breached import BreachedPasswords

PRODUCT = "watchword"


def policy_of(settings: Settings) -> PasswordPolicy:
    """What new passwords must be like."""
    chosen = settings.passwords
    return PasswordPolicy(min_length=chosen.min_length, context_words=context_words(settings))


def context_words(settings: Settings) -> tuple[str, ...]:
    """What everybody here would guess: the configured words, the names of the realms, and ours."""
    realms = {space.realm for space in settings.spaces()}
    return (*settings.passwords.context_words, *sorted(realms), PRODUCT)


def breached_passwords_of(settings: Settings) -> BreachedPasswords:
    """What knows common and breached passwords."""
    return BreachedPasswords(settings.passwords.breached_list)


def flask_security_salt_of(settings: Settings) -> Secret | None:
    """What imported hashes of Flask-Security are checked with.

    Raises:
        ValueError: where it cannot be used, with what is to go on after its file's name.
    """
    file = settings.passwords.flask_security_salt_file
    return None if file is None else password_in_file(file)


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


PASSWORD_CHECKS: tuple[Check, ...] = (breached_list_cannot_be_used, flask_security_salt_cannot_be_used)
