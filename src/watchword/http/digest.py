"""Digest credentials on the wire, and what is computed of them (RFC 7616 sections 3.3 and 3.4).

Only `qop=auth` is read: without qop (RFC 2069) nothing counts the requests, and auth-int needs the content. What
`read_digest` makes of odd credentials:

| value                                                   | becomes                                                |
|---------------------------------------------------------|--------------------------------------------------------|
| no list of parameters                                   | bad-parameters                                         |
| without qop, or with another one than auth              | no-qop, wrong-qop                                      |
| nc of other than eight hexadecimal digits, in lower case | bad-nonce-count                                       |
| a response of the wrong length or with other characters | bad-response                                           |
| realm, nonce, uri or cnonce missing                     | missing-parameter                                      |
| neither username nor username*, both, or an unreadable username* | bad-username                                  |
| `userhash=true`, which no challenge of ours offers      | hashed-username                                        |
| a control character in the user name                    | control-character                                      |
| `username="Zo\\xeb"`, in ISO 8859-1                     | read: what it names is proven by the response alone    |
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote_to_bytes

from watchword.http.authentication import Authorization
from watchword.http.syntax import Unreadable

Algorithm: TypeAlias = Literal["MD5", "SHA-256", "SHA-512-256"]

ALGORITHMS: Final[Mapping[Algorithm, str]] = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
"""By their names in RFC 7616 section 6.1, those of the hash functions. The -sess variants are not offered."""

# nc-value = 8LHEX; response-value = 64LHEX (32 with MD5); LHEX = DIGIT / "a" to "f"
_NONCE_COUNT = re.compile(r"[0-9a-f]{8}")
_LHEX = re.compile(r"[0-9a-f]++")
_LENGTHS: Mapping[Algorithm, int] = {"MD5": 32, "SHA-256": 64, "SHA-512-256": 64}

# ext-value   = charset "'" [ language ] "'" value-chars (RFC 8187 section 3.2.1)
# value-chars = *( pct-encoded / attr-char )
_EXTENDED = re.compile(r"UTF-8'[A-Za-z0-9-]*+'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})++)", re.IGNORECASE)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestResponse:
    """What a client computed, and of what. Its bytes are those of the field, which go into the hash as they are."""

    username: str
    realm: bytes
    nonce: bytes
    uri: bytes
    nonce_count: bytes
    cnonce: bytes
    response: bytes = field(repr=False)
    algorithm: Algorithm
    opaque: bytes = b""

    def expected(self, secret: bytes, method: str) -> bytes:
        """The response that this secret gives (section 3.4.1)."""
        asked = _hashed(self.algorithm, method.encode("utf-8", "surrogatepass") + b":" + self.uri)
        parts = (secret, self.nonce, self.nonce_count, self.cnonce, b"auth", asked)
        return _hashed(self.algorithm, b":".join(parts))


def algorithm_of(found: Authorization) -> str:
    """The algorithm that Digest credentials name, in capitals; MD5 where they name none."""
    return (found.param("algorithm") or "MD5").upper()


def read_digest(found: Authorization, algorithm: Algorithm) -> DigestResponse | Unreadable:
    """The parameters of Digest credentials that were computed by this algorithm."""
    if not found.params:
        return Unreadable("bad-parameters")
    params = dict(found.params)
    qop = params.get("qop", "").lower()
    if qop != "auth":
        return Unreadable("wrong-qop" if qop else "no-qop")
    realm, nonce, uri, cnonce = (params.get(name) for name in ("realm", "nonce", "uri", "cnonce"))
    if realm is None or not nonce or not uri or not cnonce:
        return Unreadable("missing-parameter")
    nonce_count, response = params.get("nc", ""), params.get("response", "")
    if not _NONCE_COUNT.fullmatch(nonce_count):
        return Unreadable("bad-nonce-count")
    if len(response) != _LENGTHS[algorithm] or not _LHEX.fullmatch(response):
        return Unreadable("bad-response")
    if params.get("userhash", "false").lower() != "false":
        return Unreadable("hashed-username")
    username = _username(params)
    if isinstance(username, Unreadable):
        return username
    return DigestResponse(
        username=username,
        realm=realm.encode("latin-1"),
        nonce=nonce.encode("latin-1"),
        uri=uri.encode("latin-1"),
        nonce_count=nonce_count.encode("ascii"),
        cnonce=cnonce.encode("latin-1"),
        response=response.encode("ascii"),
        algorithm=algorithm,
        opaque=params.get("opaque", "").encode("latin-1"),
    )


def digest_secret(algorithm: Algorithm, username: str, realm: str, password: bytes) -> bytes:
    """H(A1) (section 3.4.2): who has it can answer every challenge of the realm as this user."""
    return _hashed(algorithm, b":".join((username.encode("utf-8", "surrogatepass"), realm.encode(), password)))


def _username(params: Mapping[str, str]) -> str | Unreadable:
    """By `username`, or by `username*` where its characters fit no quoted-string: one of the two."""
    plain, extended = params.get("username"), params.get("username*")
    if (plain is None) == (extended is None):
        return Unreadable("bad-username")
    if plain is None:
        match = _EXTENDED.fullmatch(extended or "")
        if match is None:
            return Unreadable("bad-username")
        try:
            name = unquote_to_bytes(match[1]).decode()
        except UnicodeDecodeError:
            return Unreadable("bad-username")
    else:
        name = _decoded(plain.encode("latin-1"))
    return Unreadable("control-character") if _CONTROL.search(name) else name


def _decoded(name: bytes) -> str:
    """In UTF-8, as section 4 asks; else in ISO 8859-1, as some clients send what they hash in UTF-8 all the same."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _hashed(algorithm: Algorithm, data: bytes) -> bytes:
    # Where MD5 is switched off for security (FIPS), whoever lists digest-md5 has decided otherwise.
    return hashlib.new(ALGORITHMS[algorithm], data, usedforsecurity=False).hexdigest().encode("ascii")
