"""Prints rows of password-hashes.tsv: hashes made by the very software whose hashes an import takes.

How they were made: in an environment of its own, so that nothing of it is needed to run the tests,

    pip install 'django<6' werkzeug flask-security-too libpass argon2-cffi bcrypt
    python tests/vectors/password_hashes.py

Salts are random, so that every run prints others. What other sources the file names were run by hand (htpasswd,
OpenSSL, bcryptjs, Node) or stand in the documentation that is named.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

PASSWORDS = ("correct horse", "Zo\u00eb:n\u00e9e \u20ac\U0001f600")
FLASK_SECURITY_SALT = "146585145368132386173505678016728509634"
"""SECURITY_PASSWORD_SALT, as the documentation of Flask-Security has it."""


def django(password: str) -> Iterator[str]:
    settings = importlib.import_module("django.conf").settings
    if not settings.configured:
        settings.configure()
    hashers = importlib.import_module("django.contrib.auth.hashers")
    for hasher in (hashers.BCryptPasswordHasher(), hashers.BCryptSHA256PasswordHasher()):
        hasher.rounds = 4
        yield hasher.encode(password, hasher.salt())
    for hasher in (hashers.PBKDF2PasswordHasher(), hashers.PBKDF2SHA1PasswordHasher()):
        yield hasher.encode(password, hasher.salt(), iterations=1000)
    scrypt = hashers.ScryptPasswordHasher()
    yield scrypt.encode(password, scrypt.salt(), n=1024)
    argon2 = hashers.Argon2PasswordHasher()
    argon2.time_cost, argon2.memory_cost, argon2.parallelism = 1, 64, 2
    yield argon2.encode(password, argon2.salt())


def werkzeug(password: str) -> Iterator[str]:
    security = importlib.import_module("werkzeug.security")
    for method in ("pbkdf2:sha256:1000", "pbkdf2:sha512:1000", "pbkdf2:sha1:1000", "scrypt:1024:8:1"):
        yield security.generate_password_hash(password, method)


def passlib(password: str) -> Iterator[str]:
    hashes = importlib.import_module("passlib.hash")
    yield hashes.bcrypt_sha256.using(rounds=4).hash(password)
    yield hashes.pbkdf2_sha512.using(rounds=1000).hash(password)
    yield hashes.pbkdf2_sha256.using(rounds=1000).hash(password)
    yield hashes.argon2.using(time_cost=1, memory_cost=64, parallelism=1).hash(password)


def flask_security(password: str, *, hashed_twice: bool) -> Iterator[str]:
    flask = importlib.import_module("flask")
    library = importlib.import_module("flask_security")
    options: dict[str, dict[str, int]] = {
        "argon2": {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1},
        "bcrypt": {"bcrypt__rounds": 4},
        "pbkdf2_sha512": {"pbkdf2_sha512__rounds": 1000},
    }
    user: Any = type("User", (), {"fs_uniquifier": None, "email": None})
    for scheme, costs in options.items():
        app = flask.Flask("app")
        app.config.update(
            SECRET_KEY="key",
            SECURITY_PASSWORD_SALT=FLASK_SECURITY_SALT,
            SECURITY_PASSWORD_HASH=scheme,
            SECURITY_PASSWORD_SINGLE_HASH=[] if hashed_twice else [scheme],
            SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=costs,
        )
        datastore = importlib.import_module("flask_security.datastore").UserDatastore(user, object, None)
        library.Security(app, datastore, register_blueprint=False)
        with app.app_context():
            # The word in front is ours: the library's own text does not show that it was hashed twice.
            yield ("{flask-security}" if hashed_twice else "") + library.hash_password(password)


def rows() -> Iterator[tuple[str, str, str]]:
    """Source, password and stored hash."""
    for password in PASSWORDS:
        made = {
            f"Django {version('django')}": django(password),
            f"Werkzeug {version('werkzeug')}": werkzeug(password),
            f"libpass {version('libpass')}": passlib(password),
            f"Flask-Security {version('flask-security-too')}": flask_security(password, hashed_twice=False),
            f"Flask-Security {version('flask-security-too')}, hashed twice": flask_security(
                password, hashed_twice=True
            ),
        }
        for source, hashes in made.items():
            for stored in hashes:
                yield source, password, stored


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for row in rows():
        print("\t".join(row))
