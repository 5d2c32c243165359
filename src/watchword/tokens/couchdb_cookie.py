"""CouchDB's session cookie: the user's name, the time of issue, and an HMAC of both (S2.26, S2.27).

    base64url(name ":" HEX(time) ":" HMAC(secret + salt, name ":" HEX(time)))

No server stores it. It is good for whoever knows CouchDB's secret and the user's salt, which CouchDB keeps beside the
password's hash and changes with the password; so a new password ends the cookies made before. Here an account has the
salt that came with its import from CouchDB, or else one that follows from its stamp.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from watchword.core.outcome import Rejected, Stale
from watchword.core.principal import Instant
from watchword.core.records import Account
from watchword.crypto.secret import Secret, equal

SALT: Final = "couchdb_salt"
"""The attribute of an account that holds the salt of its user document in CouchDB."""

Hash: TypeAlias = Literal["sha256", "sha1"]

AHEAD: Final = 60.0
"""By how many seconds another server's clock may be ahead of ours."""

_LONGEST = 4096
_LENGTHS: Final[Mapping[Hash, int]] = {"sha256": 32, "sha1": 20}

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")
_TIME = re.compile(rb"[0-9A-Fa-f]{1,12}")  # Erlang writes upper case


@dataclass(frozen=True, slots=True)
class CouchdbCookie:
    """What a cookie says. `signed` are the bytes that `mac` vouches for, as they came."""

    name: str
    issued_at: Instant
    signed: bytes
    mac: bytes = field(repr=False)


def read_couchdb_cookie(value: bytes) -> CouchdbCookie | None:
    """What the cookie says; None where CouchDB cannot have made it. Total. Nothing is verified."""
    if len(value) > _LONGEST or not _BASE64URL.fullmatch(value) or len(value) % 4 == 1:
        return None
    content = urlsafe_b64decode(value + b"=" * (-len(value) % 4))
    if urlsafe_b64encode(content).rstrip(b"=") != value:
        return None  # another spelling of the same bytes
    name, _, rest = content.partition(b":")
    time, colon, mac = rest.partition(b":")  # the MAC's own bytes may be colons
    if not name or not colon or len(mac) not in _LENGTHS.values() or not _TIME.fullmatch(time):
        return None
    try:
        return CouchdbCookie(name.decode(), float(int(time, 16)), name + b":" + time, mac)
    except UnicodeDecodeError:
        return None


def make_couchdb_cookie(name: str, issued_at: Instant, *, secret: Secret, salt: str, hash: Hash) -> str:
    """The cookie of the user with this name and salt, as CouchDB itself would make it at this time.

    Raises:
        ValueError: where the name has a colon, which would end it.
    """
    if not name or ":" in name:
        raise ValueError("a name in CouchDB's cookie has a character at least, and no colon")
    signed = f"{name}:{int(issued_at):X}".encode()
    return urlsafe_b64encode(signed + b":" + _mac(signed, secret, salt, hash)).rstrip(b"=").decode("ascii")


def salt_of(account: Account) -> str:
    """The salt that the account's cookies are made with.

    It changes with the stamp, so with the password, where CouchDB has told none.
    """
    told = account.attributes.get(SALT)
    if told:
        return told
    return hashlib.sha256(f"watchword couchdb salt v1:{account.name}:{account.stamp}".encode()).hexdigest()[:32]


def without_salt(attributes: Mapping[str, str]) -> Mapping[str, str] | None:
    """The attributes once the password is another one; None where there is nothing to change.

    The salt belongs to the password that CouchDB knows: cookies made with it end with that.
    """
    return {name: value for name, value in attributes.items() if name != SALT} if SALT in attributes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CouchdbCookies:
    """Makes cookies and judges them.

    `secrets` are oldest first: cookies are made with the last, and all of them check. Of `hashes` the first makes.
    `timeout` in seconds.
    """

    secrets: Sequence[Secret]
    hashes: Sequence[Hash] = ("sha256",)
    timeout: float = 600.0

    def of(self, account: Account, now: Instant, hash: Hash | None = None) -> str:
        """A cookie of this account that is as good as one for which it has just logged in."""
        return make_couchdb_cookie(
            account.name, now, secret=self.secrets[-1], salt=salt_of(account), hash=hash or self.hashes[0]
        )

    def why_not(self, cookie: CouchdbCookie, account: Account | None, now: Instant) -> Rejected | Stale | None:
        """Why the cookie does not prove that this account asks; None where it does. `account` is the one so called."""
        if account is None:
            return Rejected("unknown-user")
        if account.disabled:
            return Rejected("account-disabled")
        if not self._vouched_for(cookie, salt_of(account)):
            return Rejected("wrong-cookie")
        if cookie.issued_at > now + AHEAD:
            return Rejected("not-yet-valid")
        return Stale("expired") if cookie.issued_at + self.timeout <= now else None

    def is_due(self, cookie: CouchdbCookie, now: Instant) -> bool:
        """Whether a good cookie is to be renewed: when less than 90 % of its time is left (S2.27)."""
        return cookie.issued_at + self.timeout - now < self.timeout * 0.9

    def _vouched_for(self, cookie: CouchdbCookie, salt: str) -> bool:
        """Whether one of the secrets made it. The time taken does not tell which, nor how much of the MAC is right."""
        found = False
        for hash in self.hashes:
            if len(cookie.mac) == _LENGTHS[hash]:
                for secret in self.secrets:
                    found |= equal(cookie.mac, _mac(cookie.signed, secret, salt, hash))
        return found


def _mac(signed: bytes, secret: Secret, salt: str, hash: Hash) -> bytes:
    return hmac.digest(secret.reveal() + salt.encode("utf-8", "surrogatepass"), signed, hash)
