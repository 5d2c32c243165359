"""JSON Web Signatures in compact form (RFC 7515 sections 3.1 and 7.1): signed, and verified with one known key.

The key decides, never the token: it is chosen by its name alone, and is bound to one algorithm (RFC 8725 section
3.1). What `verify` looks at, in this order, before any cryptography:

| the token                                                              | code        |
|------------------------------------------------------------------------|-------------|
| longer than `LONGEST_TOKEN`, or its header than `LONGEST_HEADER`       | oversize    |
| other than three segments of base64url; a header that is no JSON object | malformed  |
| `crit`, whatever it lists                                              | critical    |
| `b64`, `enc`, `jku`, `jwk`, `x5c`, `x5u`, `zip`                        | header      |
| an unknown `alg`, `none` among them, or another than the key's         | algorithm   |
| a `kid` that is not the key's                                          | unknown-key |
| a `typ` that is not the expected one                                   | type        |

After that, what is left is refused with `signature`. JSON serialisations and encryption (JWE) are not read at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from watchword.crypto.jose import base64url
from watchword.crypto.jose.algorithms import ALGORITHMS
from watchword.crypto.jose.key import Key, SigningKey, is_name
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object, write_object

LONGEST_TOKEN = 16 * 1024
"""In characters: twice what servers commonly take as one header field."""
LONGEST_HEADER = 2048
"""In characters, encoded."""
MOST_HEADERS_KEPT = 256
"""An issuer's tokens have the same few headers, so that each is parsed once."""

REFUSED_HEADERS = frozenset(("b64", "enc", "jku", "jwk", "x5c", "x5u", "zip"))
TEXT_HEADERS = ("alg", "kid", "typ", "cty", "x5t", "x5t#S256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a token says of itself; nobody has vouched for it. `typ` is a media type as `media_type` writes it."""

    alg: str
    kid: str | None
    typ: str | None


def read_header(token: str | bytes, *, most: int = LONGEST_TOKEN) -> Header:
    """The header of a token whose signature nobody has looked at, so that its key can be found by `kid`.

    Raises:
        JoseRefused: oversize, malformed, critical, header or algorithm.
    """
    return _header(_segments(token, most)[0])


def verify(token: str | bytes, key: Key, *, expected_type: str | None = None, most: int = LONGEST_TOKEN) -> bytes:
    """The payload of a token that this key signed.

    `expected_type` is the `typ` that such tokens have, such as `at+jwt`; None where it does not matter. `most` is how
    many characters are read: more than usual of what is no header field.

    Raises:
        JoseRefused: with one of the codes above.
    """
    encoded_header, encoded_payload, encoded_signature = _segments(token, most)
    header = _header(encoded_header)
    if header.alg != key.alg:
        raise JoseRefused("algorithm")
    if header.kid is not None and header.kid != key.kid:
        raise JoseRefused("unknown-key")
    if expected_type is not None and header.typ != media_type(expected_type):
        raise JoseRefused("type")
    payload = base64url.decode(encoded_payload)
    signature = base64url.decode(encoded_signature)
    key.verify(b"%b.%b" % (encoded_header, encoded_payload), signature)
    return payload


def sign(payload: bytes, key: SigningKey, *, typ: str | None = None, most: int = LONGEST_TOKEN) -> str:
    """The payload, signed, as a token. Its header has `alg`, and `kid` and `typ` where there are any. `most` as above.

    Raises:
        ValueError: where the token would be too long to be verified.
    """
    message = f"{_encoded_header(key.alg, key.kid, typ)}.{base64url.encode(payload)}"
    token = f"{message}.{base64url.encode(key.sign(message.encode('ascii')))}"
    if len(token) > most:
        raise ValueError(f"a token has at most {most} characters")
    return token


def media_type(typ: str) -> str:
    """The media type that a `typ` means (RFC 7515 section 4.1.9): in lower case, without `application/`."""
    lower = typ.lower()
    rest = lower.removeprefix("application/")
    return lower if "/" in rest else rest


def _segments(token: str | bytes, most: int = LONGEST_TOKEN) -> list[bytes]:
    if len(token) > most:
        raise JoseRefused("oversize")
    if isinstance(token, str):
        try:
            token = token.encode("ascii")
        except UnicodeEncodeError:
            raise JoseRefused("malformed") from None
    segments = token.split(b".")
    if len(segments) != 3:
        raise JoseRefused("malformed")
    return segments


@lru_cache(maxsize=MOST_HEADERS_KEPT)
def _header(encoded: bytes) -> Header:
    if len(encoded) > LONGEST_HEADER:
        raise JoseRefused("oversize")
    members = read_object(base64url.decode(encoded), most=LONGEST_HEADER)
    if "crit" in members:
        raise JoseRefused("critical")
    if not REFUSED_HEADERS.isdisjoint(members):
        raise JoseRefused("header")
    alg, kid, typ, *_unused = (_text(members, name) for name in TEXT_HEADERS)
    if alg is None:
        raise JoseRefused("malformed")
    if alg not in ALGORITHMS:
        raise JoseRefused("algorithm")
    # The Kelvin sign would be a k in lower case.
    if (kid is not None and not is_name(kid)) or (typ is not None and not typ.isascii()):
        raise JoseRefused("malformed")
    return Header(alg=alg, kid=kid, typ=None if typ is None else media_type(typ))


def _text(members: dict[str, Json], name: str) -> str | None:
    """The member; None where there is none. `null` is not none."""
    if name not in members:
        return None
    text = members[name]
    if not isinstance(text, str):
        raise JoseRefused("malformed")
    return text


@lru_cache(maxsize=MOST_HEADERS_KEPT)
def _encoded_header(alg: str, kid: str | None, typ: str | None) -> str:
    members: dict[str, Json] = {"alg": alg}
    if typ is not None:
        members["typ"] = typ
    if kid is not None:
        members["kid"] = kid
    return base64url.encode(write_object(members))
