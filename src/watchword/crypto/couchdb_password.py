"""Passwords for CouchDB that nobody keeps: derived from the user's name and one secret of the application (S2.32).

This is the answer's "deterministic password", with a version and a purpose:

    v1. <HMAC-SHA256 of these lines under the secret, in base64url without padding>

    watchword couchdb password v1
    <name>

Danger: one secret opens every account. CouchDB salts and hashes what it keeps, so that who steals its database learns
nothing; who learns the secret can log in as anybody, and every password has to be changed
(`watchword couchdb-rotate-passwords`). It is no safer than the secret itself as everybody's password. Where CouchDB
can be given a cookie or a proxy's token instead, that is better: those need no password at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from watchword.crypto.secret import Secret, fingerprint

_CONTEXT = b"watchword couchdb password v1"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def couchdb_password(user: str, secret: Secret) -> Secret:
    """The password of this user, which CouchDB has to be told once.

    Raises:
        ValueError: for a name that is empty or has control characters, as no user's is.
    """
    if not user or _CONTROL.search(user):
        raise ValueError("a user's name is not empty, and has no control characters")
    lines = _CONTEXT, user.encode("utf-8", "surrogatepass")
    mac = hmac.new(secret.reveal(), b"\n".join(lines), hashlib.sha256).digest()
    return Secret(b"v1." + urlsafe_b64encode(mac).rstrip(b"="))


def couchdb_passwords(user: str, secrets: Sequence[Secret]) -> tuple[Secret, ...]:
    """The passwords to try one after the other while they are being changed: of the newest secret first.

    `secrets` are oldest first.
    """
    return tuple(couchdb_password(user, secret) for secret in reversed(secrets))


def password_mark(secret: Secret) -> str:
    """What a document of CouchDB's `_users` may show of the secret that its password was derived from."""
    return f"v1.{fingerprint(_CONTEXT + b' mark ' + secret.reveal()).hex()[:16]}"
