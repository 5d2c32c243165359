"""Passwords: hashed with Argon2id (RFC 9106), checked against that and against what other systems stored."""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from watchword.crypto.legacy import LONGEST_BCRYPT_PASSWORD, Verifier, understood, unpadded_base64
from watchword.crypto.secret import Secret, equal

MOST_MEMORY = 1024 * 1024
"""In KiB, so 1 GiB. Stored hashes come from imports: a hostile one must not be able to stop the server."""
MOST_PASSES = 100
MOST_LANES = 64
SALT_LENGTH = 16
TAG_LENGTH = 32
FLASK_SECURITY = "{flask-security}"
"""In front of a hash that Flask-Security made in its usual way: of an HMAC of the password under the application's
SECURITY_PASSWORD_SALT. The word is ours, because such a hash does not show how it was made."""
LONGEST_NORMALISED = 1024
"""In code points. Normalising takes time with the square of the length where somebody wants it to (F16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashing:
    """What a password hash costs: `t` passes over `m` KiB of memory in `p` lanes."""

    t: int = 2
    m: int = 19 * 1024
    p: int = 1

    def __post_init__(self) -> None:
        if not _affordable(self.t, self.m, self.p):
            raise ValueError(
                f"t is 1 to {MOST_PASSES}, p is 1 to {MOST_LANES}, m is at least 8 for each lane, at most {MOST_MEMORY}"
            )


def normalise(password: str) -> str:
    """The form in which a password is hashed and checked: NFC (NIST SP 800-63B-4), and nothing else.

    No case folding, no trimming, no truncation (ASVS 6.2.8). Longer than `LONGEST_NORMALISED` it is left as it is.
    """
    return unicodedata.normalize("NFC", password) if len(password) <= LONGEST_NORMALISED else password


def hash_password(password: Secret, hashing: Hashing, salt: bytes) -> str:
    """The password as a PHC string. `salt` is 16 random bytes, new each time."""
    if len(salt) != SALT_LENGTH:
        raise ValueError(f"a salt has {SALT_LENGTH} bytes")
    return _argon2id(hashing.t, hashing.m, hashing.p, salt, TAG_LENGTH).derive_phc_encoded(password.reveal())


def check_password(password: Secret, stored: str, *, flask_security_salt: Secret | None = None) -> bool:
    """Whether `stored` was made of this password. A string in an unknown or broken format belongs to no password.

    Such a string costs nothing to check: where that would tell something, check `dummy_hash` instead (F30).
    `flask_security_salt` is the secret that hashes of `{flask-security}` cannot be checked without.
    """
    if stored.startswith(FLASK_SECURITY):
        return flask_security_salt is not None and _is_hashed_twice(password, stored, flask_security_salt)
    verifier = _understood_argon2id(stored) or understood(stored)
    return verifier is not None and verifier(password.reveal())


def is_known_format(stored: str) -> bool:
    """Whether a password could be checked against this string, without any secret."""
    return _understood_argon2id(stored) is not None or understood(stored) is not None


def needs_rehash(stored: str, hashing: Hashing) -> bool:
    """Whether the hash has other parameters or another format than the one in force, and should be made anew."""
    match = _PHC.fullmatch(stored)
    return (
        match is None
        or (int(match["t"]), int(match["m"]), int(match["p"])) != (hashing.t, hashing.m, hashing.p)
        or match["wrapper"] != ""
    )


def dummy_hash(hashing: Hashing) -> str:
    """A hash that no password has, to be checked for an unknown user: that costs what a wrong password costs (F30)."""
    salt, tag = _phc64(bytes(SALT_LENGTH)), _phc64(bytes(TAG_LENGTH))
    return f"$argon2id$v=19$m={hashing.m},t={hashing.t},p={hashing.p}${salt}${tag}"


def _is_hashed_twice(password: Secret, stored: str, salt: Secret) -> bool:
    """Flask-Security hashes an HMAC of the password, in base64, whose first 72 characters are all that bcrypt takes.

    These are 432 bits of it: nothing of the password itself is cut off.
    """
    if b"\0" in password.reveal():  # HMAC's own padding is no trouble here; no hash of another kind takes it either
        return False
    mac = b64encode(hmac.digest(salt.reveal(), password.reveal(), "sha512"))
    inner = stored.removeprefix(FLASK_SECURITY)
    return check_password(Secret(mac[:LONGEST_BCRYPT_PASSWORD] if inner.startswith("$2") else mac), inner)


_PHC = re.compile(
    # Django and Spring each put their own word in front.
    r"(?P<wrapper>|argon2|\{argon2(?:@SpringSecurity_v5_8)?\})"
    r"\$argon2id\$v=19\$m=(?P<m>[1-9][0-9]{0,6}),t=(?P<t>[1-9][0-9]{0,2}),p=(?P<p>[1-9][0-9]?)"
    r"\$(?P<salt>[+/0-9A-Za-z]{11,86})\$(?P<tag>[+/0-9A-Za-z]{22,86})"
)


def _understood_argon2id(stored: str) -> Verifier | None:
    match = _PHC.fullmatch(stored)
    if match is None:
        return None
    t, m, p = int(match["t"]), int(match["m"]), int(match["p"])
    if not _affordable(t, m, p):
        return None
    try:
        salt, tag = unpadded_base64(match["salt"]), unpadded_base64(match["tag"])
    except ValueError:
        return None
    return lambda password: equal(_argon2id(t, m, p, salt, len(tag)).derive(password), tag)


def _argon2id(t: int, m: int, p: int, salt: bytes, length: int) -> Argon2id:
    return Argon2id(salt=salt, length=length, iterations=t, lanes=p, memory_cost=m)


def _affordable(t: int, m: int, p: int) -> bool:
    return 1 <= t <= MOST_PASSES and 1 <= p <= MOST_LANES and 8 * p <= m <= MOST_MEMORY


def _phc64(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode("ascii")
