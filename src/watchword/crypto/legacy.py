"""Password hashes that other systems made: understood, checked, never made here.

`FORMATS` is the table: what a stored string looks like, and the function that turns it into a `Verifier`. A person
whose hash stands here logs in as before, and the hash is exchanged for an Argon2id one after that success.

Passwords are never cut short (ASVS 6.2.8). bcrypt looks at 72 bytes, so systems that gave it longer passwords hold
hashes of their beginnings. Such a password is refused here rather than cut, so that nobody gets in with half of one:
whoever has one sets a new password.

Left out on purpose: plain text (`{noop}`, `{CLEARTEXT}`), DES crypt, bare MD5, `$2x$` (bcrypt with a known fault).
What cannot be checked without an application's own secret is in `crypto/password.py` (Flask-Security), or left out
(Spring's encoders that were given one: those of its `PasswordEncoderFactories` have none).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import cache
from typing import Literal, TypeAlias

from watchword.crypto.secret import equal
from watchword.crypto.unix_crypt import md5_crypt, sha_crypt

Verifier: TypeAlias = Callable[[bytes], bool]
"""Whether these bytes are the password."""

# What a stored hash may cost. Hashes come from imports, so a hostile one must not be able to stop the server.
MOST_PBKDF2_ITERATIONS = 10_000_000
MOST_CRYPT_ROUNDS = 1_000_000
MOST_BCRYPT_COST = 16
MOST_SCRYPT_WORK = 2**22
"""N * r * p: at p = 1 this is 512 MiB."""
LONGEST_CRYPT_PASSWORD = 1024
"""In bytes: SHA-crypt's work grows with the square of the length."""
LONGEST_BCRYPT_PASSWORD = 72
DIGEST_LENGTHS = range(16, 65)
"""In bytes: a shorter one could be met by chance, a longer one multiplies the work."""
LONGEST_STORED = 1024


def understood(stored: str) -> Verifier | None:
    """How to check a password against `stored`, or None where it is in no format of the table, or costs too much.

    Total: any text gives one or the other.
    """
    if len(stored) > LONGEST_STORED:
        return None
    for pattern, understand in FORMATS:
        match = pattern.fullmatch(stored)
        if match is not None:
            try:
                return _nul_refused(understand(match))
            except ValueError:  # bad base64, or text that is not UTF-8
                return None
    return None


def unpadded_base64(text: str) -> bytes:
    """The bytes that `text` spells, with or without padding.

    Raises:
        ValueError: unless it is the one canonical spelling of them (RFC 4648 section 3.5).
    """
    digits = text.rstrip("=")
    decoded = b64decode(digits + "=" * (-len(digits) % 4))
    if b64encode(decoded).decode("ascii").rstrip("=") != digits:
        raise ValueError("not base64")
    return decoded


def _nul_refused(verifier: Verifier | None) -> Verifier | None:
    """No password with a NUL is checked (F18): bcrypt would end there, and HMAC, so PBKDF2, ignores it at the end."""
    return None if verifier is None else lambda password: b"\0" not in password and verifier(password)


# --- key derivations, each with its bounds -------------------------------------------------------------------------


def _pbkdf2(digest: str, salt: bytes, iterations: int, expected: bytes) -> Verifier | None:
    if not 1 <= iterations <= MOST_PBKDF2_ITERATIONS or len(expected) not in DIGEST_LENGTHS:
        return None
    return lambda password: equal(
        hashlib.pbkdf2_hmac(digest, password, salt, iterations, len(expected)),
        expected,
    )


def _scrypt(salt: bytes, n: int, r: int, p: int, expected: bytes) -> Verifier | None:
    allowed = 1 < n < 2 ** (16 * r) and n & (n - 1) == 0 and p > 0  # RFC 7914 section 6
    if not allowed or n * r * p > MOST_SCRYPT_WORK or len(expected) not in DIGEST_LENGTHS:
        return None
    memory = 128 * r * (n + p + 2)  # what OpenSSL counts before it begins
    return lambda password: equal(
        hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=len(expected)),
        expected,
    )


def _bcrypt(stored: str) -> Verifier | None:
    check = _bcrypt_check()
    cost = int(stored[4:6])
    if check is None or not 4 <= cost <= MOST_BCRYPT_COST:
        return None

    def verifier(password: bytes) -> bool:
        try:
            return len(password) <= LONGEST_BCRYPT_PASSWORD and check(password, stored.encode())
        except ValueError:  # a salt that bcrypt's own base64 cannot have made
            return False

    return verifier


@cache
def _bcrypt_check() -> Callable[[bytes, bytes], bool] | None:
    """The optional package's check, or None where it is not installed: then bcrypt is no format that we know."""
    try:
        from bcrypt import checkpw
    except ImportError:
        return None
    return checkpw


def _salted(digest: str, salt: bytes, expected: bytes) -> Verifier:
    return lambda password: equal(hashlib.new(digest, password + salt).digest(), expected)


# --- formats ---------------------------------------------------------------------------------------------------------


def _bcrypt_itself(m: re.Match[str]) -> Verifier | None:
    return _bcrypt(m["hash"])


def _django_bcrypt_sha256(m: re.Match[str]) -> Verifier | None:
    check = _bcrypt(m["hash"])
    return None if check is None else lambda password: check(hashlib.sha256(password).hexdigest().encode())


def _django_pbkdf2(m: re.Match[str]) -> Verifier | None:
    return _pbkdf2(m["digest"], m["salt"].encode(), int(m["iterations"]), unpadded_base64(m["key"]))


def _django_scrypt(m: re.Match[str]) -> Verifier | None:
    return _scrypt(m["salt"].encode(), int(m["n"]), int(m["r"]), int(m["p"]), unpadded_base64(m["key"]))


def _werkzeug_pbkdf2(m: re.Match[str]) -> Verifier | None:
    return _pbkdf2(m["digest"], m["salt"].encode(), int(m["iterations"]), bytes.fromhex(m["key"]))


def _werkzeug_scrypt(m: re.Match[str]) -> Verifier | None:
    return _scrypt(m["salt"].encode(), int(m["n"]), int(m["r"]), int(m["p"]), bytes.fromhex(m["key"]))


def _passlib_pbkdf2(m: re.Match[str]) -> Verifier | None:
    digest = m["digest"] or "sha1"
    return _pbkdf2(digest, _adapted_base64(m["salt"]), int(m["iterations"]), _adapted_base64(m["key"]))


def _passlib_scrypt(m: re.Match[str]) -> Verifier | None:
    return _scrypt(unpadded_base64(m["salt"]), 1 << int(m["ln"]), int(m["r"]), int(m["p"]), unpadded_base64(m["key"]))


def _couchdb_pbkdf2(m: re.Match[str]) -> Verifier | None:
    return _pbkdf2(m["digest"] or "sha1", m["salt"].encode(), int(m["iterations"]), bytes.fromhex(m["key"]))


def _couchdb_simple(m: re.Match[str]) -> Verifier:
    return _salted("sha1", m["salt"].encode(), bytes.fromhex(m["key"]))


def _ldap_sha(m: re.Match[str]) -> Verifier | None:
    """RFC 2307 section 5.3 and what OpenLDAP adds to it: the digest, then the salt where the scheme begins with S."""
    bits = m["bits"] or "1"
    size = int(bits) // 8 if m["bits"] else 20
    decoded = unpadded_base64(m["key"])
    salted = len(decoded) > size
    if len(decoded) < size or salted != bool(m["salted"]):
        return None
    return _salted(f"sha{bits}", decoded[size:], decoded[:size])


def _md5_crypt(m: re.Match[str]) -> Verifier:
    magic: Literal["$1$", "$apr1$"] = "$1$" if m["id"] == "1" else "$apr1$"
    salt, expected = m["salt"].encode(), m["key"].encode()
    return lambda password: (
        len(password) <= LONGEST_CRYPT_PASSWORD and equal(md5_crypt(password, salt, magic).encode(), expected)
    )


def _sha_crypt(m: re.Match[str]) -> Verifier | None:
    kind: Literal["$5$", "$6$"] = "$5$" if m["id"] == "5" else "$6$"
    salt, expected = m["salt"].encode(), m["key"].encode()
    rounds = int(m["rounds"] or 5000)
    if not 1000 <= rounds <= MOST_CRYPT_ROUNDS or len(expected) != (43 if kind == "$5$" else 86):
        return None
    return lambda password: (
        len(password) <= LONGEST_CRYPT_PASSWORD and equal(sha_crypt(password, salt, rounds, kind).encode(), expected)
    )


def _passlib_bcrypt_sha256(m: re.Match[str]) -> Verifier | None:
    check = _bcrypt(f"$2b${int(m['cost']):02}${m['salt']}{m['key']}")
    salt = m["salt"].encode()
    return None if check is None else lambda password: check(b64encode(hmac.digest(salt, password, "sha256")))


def _spring_pbkdf2(m: re.Match[str]) -> Verifier | None:
    """Neither the hash inside nor the iterations are told: they are those of the version that is."""
    decoded = bytes.fromhex(m["key"])
    if m["version"]:
        return _pbkdf2("sha256", decoded[:16], 310_000, decoded[16:]) if len(decoded) == 48 else None
    return _pbkdf2("sha1", decoded[:8], 185_000, decoded[8:]) if len(decoded) == 40 else None


def _spring_scrypt(m: re.Match[str]) -> Verifier | None:
    told = int(m["told"], 16)  # the logarithm of N, r and p, in two bytes and one and one
    if told >> 16 > 32:
        return None
    n, r, p = 1 << (told >> 16), told >> 8 & 255, told & 255
    return _scrypt(unpadded_base64(m["salt"]), n, r, p, unpadded_base64(m["key"])) if r else None


def _spring_sha256(m: re.Match[str]) -> Verifier:
    decoded = bytes.fromhex(m["key"])

    def verifier(password: bytes) -> bool:
        digest = decoded[:8] + password
        for _ in range(1024):
            digest = hashlib.sha256(digest).digest()
        return equal(digest, decoded[8:])

    return verifier


def _adapted_base64(text: str) -> bytes:
    """Passlib's own spelling: a full stop for the plus sign, no padding."""
    return unpadded_base64(text.replace(".", "+"))


_CRYPT = r"(?ai:\{CRYPT\})"
_BCRYPT = r"(?P<hash>\$2[aby]\$[0-9]{2}\$[./0-9A-Za-z]{53})"
_KEY64 = r"(?P<key>[+/0-9A-Za-z]{20,128}={0,2})"
_KEY16 = r"(?P<key>(?:[0-9a-f]{2}){16,64})"
_SALT = r"(?P<salt>[^$]{0,128})"
_COUNT = r"(?P<iterations>[0-9]{1,8})"
_SPRING_SHA256 = r"\{sha256\}(?P<key>[0-9a-f]{80})"
_SCRYPT = r"(?P<n>[0-9]{1,8}):(?P<r>[0-9]{1,4}):(?P<p>[0-9]{1,4})"
_SHA = r"(?P<digest>sha1|sha256|sha512)"

FORMATS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Verifier | None]], ...] = tuple(
    (re.compile(pattern), understand)
    for pattern, understand in (
        # bcrypt: OpenBSD, PHP, Node, htpasswd -B; Django's and Spring's prefixes
        (rf"(?:bcrypt\$|\{{bcrypt\}}|{_CRYPT})?{_BCRYPT}", _bcrypt_itself),
        (rf"bcrypt_sha256\${_BCRYPT}", _django_bcrypt_sha256),
        # Spring's own, beside the bcrypt above and Argon2
        (rf"\{{pbkdf2(?P<version>@SpringSecurity_v5_8)?\}}{_KEY16}", _spring_pbkdf2),
        (
            r"\{scrypt(?:@SpringSecurity_v5_8)?\}\$(?P<told>[0-9a-f]{5,6})"
            rf"\$(?P<salt>[+/0-9A-Za-z]{{20,128}}={{0,2}})\${_KEY64}",
            _spring_scrypt,
        ),
        (_SPRING_SHA256, _spring_sha256),
        # Django
        (rf"pbkdf2_(?P<digest>sha1|sha256)\${_COUNT}\${_SALT}\${_KEY64}", _django_pbkdf2),
        (
            rf"scrypt\$(?P<n>[0-9]{{1,8}})\${_SALT}\$(?P<r>[0-9]{{1,4}})\$(?P<p>[0-9]{{1,4}})\${_KEY64}",
            _django_scrypt,
        ),
        # Werkzeug (Flask)
        (rf"pbkdf2:{_SHA}:{_COUNT}\${_SALT}\${_KEY16}", _werkzeug_pbkdf2),
        (rf"scrypt:{_SCRYPT}\${_SALT}\${_KEY16}", _werkzeug_scrypt),
        # Passlib (Flask-Security)
        (
            rf"\$pbkdf2(?:-(?P<digest>sha256|sha512))?\${_COUNT}\$(?P<salt>[./0-9A-Za-z]{{0,128}})"
            r"\$(?P<key>[./0-9A-Za-z]{22,128})",
            _passlib_pbkdf2,
        ),
        (
            r"\$scrypt\$ln=(?P<ln>[0-9]{1,2}),r=(?P<r>[0-9]{1,4}),p=(?P<p>[0-9]{1,4})"
            rf"\$(?P<salt>[+/0-9A-Za-z]{{0,128}})\${_KEY64}",
            _passlib_scrypt,
        ),
        (
            r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<cost>[0-9]{1,2})\$(?P<salt>[./0-9A-Za-z]{22})\$(?P<key>[./0-9A-Za-z]{31})",
            _passlib_bcrypt_sha256,
        ),
        # CouchDB: local.ini, and a user document's fields joined in the same way
        (
            rf"-pbkdf2(?::(?P<digest>sha(?:224|256|384|512)))?-{_KEY16},(?P<salt>[^,$]{{0,128}}),{_COUNT}",
            _couchdb_pbkdf2,
        ),
        (r"-hashed-(?P<key>[0-9a-f]{40}),(?P<salt>[^,$]{0,128})", _couchdb_simple),
        # LDAP directories, htpasswd -s, and what Spring makes for directories
        (
            r"(?!\{sha256\}[0-9a-f]{80}\Z)(?:\{ldap\})?"
            rf"(?ai:\{{(?P<salted>S)?SHA(?P<bits>256|384|512)?\}}){_KEY64}",
            _ldap_sha,
        ),
        # crypt(3): shadow files, htpasswd, and LDAP's {CRYPT}
        (
            rf"{_CRYPT}?\$(?P<id>1|apr1)\$(?P<salt>[./0-9A-Za-z]{{0,8}})\$(?P<key>[./0-9A-Za-z]{{22}})",
            _md5_crypt,
        ),
        (
            rf"{_CRYPT}?\$(?P<id>5|6)\$(?:rounds=(?P<rounds>[0-9]{{1,7}})\$)?(?P<salt>[./0-9A-Za-z]{{0,16}})"
            r"\$(?P<key>[./0-9A-Za-z]{43,86})",
            _sha_crypt,
        ),
    )
)
