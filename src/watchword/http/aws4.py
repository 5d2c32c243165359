"""AWS Signature Version 4 on the wire: what a client signed, and how it is computed.

As Amazon documents it under "Create a signed AWS API request": a canonical request, a string to sign with the hash of
that, and an HMAC under a key that is derived for one day, region and service. All of it is bytes here, as they came.

| value of the field                                        | becomes             |
|-----------------------------------------------------------|---------------------|
| not the three parameters Credential, SignedHeaders and Signature, each once | bad-parameters |
| a credential that is not key/date/region/service/aws4_request               | bad-credential |
| signed names that are not lower-case tokens, or not in order                | bad-signed-fields |
| a signature that is not 64 hexadecimal digits in lower case                 | bad-signature |
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from itertools import pairwise
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from watchword.http.fields import http_date
from watchword.http.syntax import OWS, Unreadable, is_token

SCHEME: Final = "AWS4-HMAC-SHA256"
EMPTY_CONTENT: Final = sha256(b"").hexdigest().encode("ascii")
"""The hash of no content at all."""

MOST_SIGNED_FIELDS: Final = 100

_TERMINATOR = "aws4_request"
_CREDENTIAL = re.compile(r"([\x21-\x2e\x30-\x7e]{1,128})/([0-9]{8})/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_.-]{1,64})/(.*)")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_FORMAT = "%Y%m%dT%H%M%SZ"
_WHITE = re.compile(rb"[ \t\r\n]+")
_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws4Signature:
    """What the Authorization field says. `signed` are the names of the fields that were signed, in order."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed: tuple[bytes, ...]
    signature: bytes = field(repr=False)

    @property
    def scope(self) -> str:
        """What the signing key is for."""
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"

    def expected(self, secret: bytes, moment: Moment, canonical: bytes) -> bytes:
        """The signature that this secret access key gives to the canonical request."""
        key = b"AWS4" + secret
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode("ascii"), "sha256")
        return hmac.digest(key, string_to_sign(moment, self.scope, canonical), "sha256").hex().encode("ascii")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request was signed: as it stands in the string to sign, and in seconds since 1970."""

    text: bytes
    at: float

    @property
    def date(self) -> str:
        """The day, as it stands in the credential."""
        return self.text[:8].decode("ascii")


def read_signature(raw: str) -> Aws4Signature | Unreadable:
    """What stands behind the scheme of an Authorization field. Its values are no tokens, so this has its own reader."""
    parts = [part.strip(OWS).partition("=") for part in raw.split(",", 3)]
    values = {name: value for name, _, value in parts}
    if len(parts) != 3 or values.keys() != {"Credential", "SignedHeaders", "Signature"}:
        return Unreadable("bad-parameters")
    credential = _CREDENTIAL.fullmatch(values["Credential"])
    if credential is None or credential[5] != _TERMINATOR:
        return Unreadable("bad-credential")
    names = values["SignedHeaders"].split(";", MOST_SIGNED_FIELDS - 1)
    in_order = all(before < after for before, after in pairwise(names))
    if not in_order or not all(is_token(name) and name == name.lower() for name in names):
        return Unreadable("bad-signed-fields")
    if not _SIGNATURE.fullmatch(values["Signature"]):
        return Unreadable("bad-signature")
    access_key_id, date, region, service, _ = credential.groups()
    return Aws4Signature(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed=tuple(name.encode("ascii") for name in names),
        signature=values["Signature"].encode("ascii"),
    )


def read_moment(value: bytes) -> Moment | None:
    """When it was signed: `20150830T123600Z`, or as Date says it (RFC 9110 section 5.6.7); None for anything else."""
    if len(value) > len("Sun, 06 Nov 1994 08:49:37 -0000"):
        return None
    text = value.decode("latin-1")
    try:
        if _TIMESTAMP.fullmatch(text):
            return Moment(value, datetime.strptime(text, _FORMAT).replace(tzinfo=UTC).timestamp())
        # Amazon's client for Python writes -0000 in the place of GMT.
        text = re.sub(r"-0000\Z", "GMT", text)
        found = parsedate_to_datetime(text).astimezone(UTC)
        at = found.timestamp()
        return Moment(found.strftime(_FORMAT).encode("ascii"), at) if http_date(at) == text else None
    except (ValueError, OverflowError):
        return None


def canonical_request(
    method: str,
    target: bytes,
    signed: Sequence[bytes],
    lines: Callable[[bytes], Sequence[bytes]],
    content_hash: bytes,
    *,
    service: str,
) -> bytes:
    """The request in the form that was hashed. `lines` gives every line of a field."""
    path, _, query = target.partition(b"?")
    fields = (name + b":" + b",".join(_trimmed(line) for line in lines(name)) + b"\n" for name in signed)
    parts = (
        method.encode("utf-8", "surrogatepass"),
        _canonical_path(path, once=service == "s3"),
        _canonical_query(query),
        b"".join(fields),
        b";".join(signed),
        content_hash,
    )
    return b"\n".join(parts)


def string_to_sign(moment: Moment, scope: str, canonical: bytes) -> bytes:
    """What the signing key signs."""
    hashed = sha256(canonical).hexdigest().encode("ascii")
    return b"\n".join((SCHEME.encode("ascii"), moment.text, scope.encode("ascii"), hashed))


def _canonical_path(path: bytes, *, once: bool) -> bytes:
    """Normalised, and encoded a second time; S3, where any path is a name, does neither."""
    if once:
        return path or b"/"
    return quote(_normalised(path), safe="/~").encode("ascii")


def _normalised(path: bytes) -> bytes:
    """Without dot segments and empty ones (RFC 3986 section 6.2.2.3); a slash at the end stays."""
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    ends = b"/" if kept and segments[-1] == b"" else b""
    return b"/" + b"/".join(kept) + ends


def _canonical_query(query: bytes) -> bytes:
    """Every name and value encoded in one way, and in order. A plus sign is a plus sign."""
    if not query:
        return b""
    pairs = (pair.partition(b"=") for pair in query.split(b"&"))
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded).encode("ascii")


def _encoded(text: bytes) -> str:
    return quote(unquote_to_bytes(text) if _PERCENT.search(text) else text, safe="-_.~")


def _trimmed(value: bytes) -> bytes:
    return _WHITE.sub(b" ", value.strip(b" \t\r\n"))
