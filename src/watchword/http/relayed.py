"""What a relay to a third party passes on, and back (RFC 9110 section 7.6): fields, path, query, and content.

Both lists of fields say what may pass. So nothing that proves somebody to us goes out, nothing by which the other side
would speak for us comes back, and neither does any field that nobody has thought of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from watchword.http.message import Fields, Response
from watchword.http.sent_credential import Carrier
from watchword.http.statuses import understood
from watchword.http.target import Ambiguous, read_path

SENT: Final = frozenset(
    (
        b"accept",
        b"accept-language",
        b"content-encoding",
        b"content-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"prefer",
        b"range",
    )
)
"""The request fields that go out. The credential is none of them: it is put in from what is stored."""

RETURNED: Final = frozenset(
    (
        b"accept-patch",
        b"accept-post",
        b"accept-ranges",
        b"allow",
        b"content-encoding",
        b"content-language",
        b"content-range",
        b"content-type",
        b"deprecation",
        b"etag",
        b"last-modified",
        b"link",
        b"preference-applied",
        b"request-id",
        b"sunset",
        b"x-next-page",
        b"x-request-id",
        b"x-total-count",
    )
)
"""The fields of an answer that come back, with those that tell of limits (`RateLimit…`, `X-RateLimit-…`)."""

_OF_LIMITS = re.compile(rb"(?:x-)?rate-?limit(?:-[a-z-]+)?")
_NOT_IN_VALUE = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
_LOCATING: Final = frozenset((201, 202))
"""Where Location names what was made, and no client goes there by itself (RFC 9110 section 10.2.2)."""

# What browsers show without running anything. The rest, such as HTML, SVG and PDF, they save.
_SHOWN = re.compile(
    rb"(?:application/(?:[a-z0-9!#$&^_.+-]+\+)?json|text/(?:plain|csv)|image/(?:png|jpeg|gif|webp|avif))"
)

# What a page of our own origin would run, or be dressed by, if somebody made it load such an answer (MIME Sniffing
# standard, "JavaScript MIME type"). Without a type it does neither, since nothing is sniffed.
_RUN = re.compile(rb"(?:application|text)/(?:x-)?(?:java|ecma|live|j)script[0-9.]*|text/css")

OF_ANOTHER_ORIGIN: Final[Fields] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""For content that somebody else made and that is told under our origin: it is data there, and never a page."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a third party answered, to be told as its own answer."""

    provider: str
    status: int
    fields: Fields = field(repr=False)
    content: bytes = field(repr=False)

    def response(self) -> Response:
        """The answer: its status, or what stands for it, and two fields that say whose it is."""
        told = understood(self.status)
        return Response(
            told,
            (
                (b"integration-provider", self.provider.encode("ascii")),
                (b"integration-status", str(self.status).encode("ascii")),
                *returned_fields(self.fields, self.status),
                *OF_ANOTHER_ORIGIN,
            ),
            b"" if told in _WITHOUT_CONTENT else self.content,
        )


_WITHOUT_CONTENT: Final = frozenset((204, 205, 304))


@dataclass(frozen=True, slots=True)
class Unrelayable:
    """A path or a query that is not relayed. `reason` is a code for whoever wrote the call."""

    reason: str


# --- on the way out ---------------------------------------------------------------------------------------------------


def sent_fields(fields: Fields) -> Fields:
    """The request fields that go out."""
    names = [name.lower() for name, _ in fields]
    return tuple(
        (name, value)
        for name, (_, value) in zip(names, fields, strict=True)
        if name in SENT and (name in _LISTS or names.count(name) == 1) and not _NOT_IN_VALUE.search(value)
    )


_LISTS: Final = frozenset((b"accept", b"accept-language", b"if-match", b"if-none-match", b"prefer"))
"""Of any other field nobody can say which of two lines counts, so none of them goes out."""


# pchar and query of RFC 3986 sections 3.3 and 3.4. What browsers send beside them, such as brackets, goes out encoded.
_NOT_IN_PATH = re.compile(rb"[^A-Za-z0-9._~!$&'()*+,=:@/%-]")
_NOT_IN_QUERY = re.compile(rb"[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]")
_QUERY = re.compile(rb"(?:[\x21\x22\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*+")
LONGEST_URL: Final = 8192


def url_below(base: str, path: bytes, query: bytes, carrier: Carrier) -> str | Unrelayable:
    """The URL of a path, which begins with a slash, below that of a provider's API: it cannot leave it.

    Whatever some server could read in another way is refused, as it is for our own targets; so is a path parameter.
    `carrier` says where the credential goes: nobody else sets it.

    | reason              | example                          |
    |---------------------|----------------------------------|
    | see `read_path`     | `/../x`, `/%2e%2e/x`, `//x`      |
    | path-parameter      | `/a;b=c`                         |
    | not-a-query         | a space, `#`, control characters |
    | credential-in-query | `?api_key=x`, if the key is there|
    | url-too-long        |                                  |
    """
    read = read_path(path)
    if isinstance(read, Ambiguous):
        return Unrelayable(read.reason)
    if b";" in path:
        return Unrelayable("path-parameter")
    if not path.isascii() or not _QUERY.fullmatch(query):
        return Unrelayable("not-a-query")
    if carrier.kind == "query" and carrier.name.lower().encode() in _names_in(query):
        return Unrelayable("credential-in-query")
    written = _NOT_IN_PATH.sub(_encoded, path) + (b"?" + _NOT_IN_QUERY.sub(_encoded, query) if query else b"")
    url = base.rstrip("/") + written.decode("ascii")
    return url if len(url) <= LONGEST_URL else Unrelayable("url-too-long")


def _encoded(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


def _names_in(query: bytes) -> frozenset[bytes]:
    """Every name that some server could find in the query, in lower case, without what PHP puts behind names."""
    parts = re.split(rb"[&;]", query)
    names = (unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")).lower().strip() for part in parts)
    return frozenset(name.partition(b"[")[0] for name in names)


# --- on the way back --------------------------------------------------------------------------------------------------


def returned_fields(fields: Fields, status: int) -> Fields:
    """The fields of an answer that come back, and how browsers are to take its content."""
    returned = [
        (name.lower(), value)
        for name, value in fields
        if _returns(name.lower(), status) and not _NOT_IN_VALUE.search(value)
    ]
    types = [value.lower() for name, value in returned if name == b"content-type"]
    if len(types) != 1 or not _SHOWN.fullmatch(types[0].partition(b";")[0].strip()):
        returned.append((b"content-disposition", b"attachment"))
    # Of several, browsers and others disagree about which counts.
    if len(types) > 1 or any(map(_RUN.search, types)):
        returned = [line for line in returned if line[0] != b"content-type"]
    return tuple(returned)


def _returns(name: bytes, status: int) -> bool:
    if name == b"location":
        return status in _LOCATING
    return name in RETURNED or _OF_LIMITS.fullmatch(name) is not None
