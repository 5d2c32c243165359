"""What the settings make of new passwords, for the server and the command line alike."""

from __future__ import annotations

from watchword.config.settings import Settings
from watchword.config.values.secret_file import password_in_file
from watchword.crypto.password import Hashing
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


def hashing_of(settings: Settings) -> Hashing:
    """The parameters of new password hashes."""
    chosen = settings.passwords.hashing
    return Hashing(t=chosen.t, m=chosen.m, p=chosen.p)


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
