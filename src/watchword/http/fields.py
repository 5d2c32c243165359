"""Field values that stand alone: dates, Accept, and the fields that carry an identity (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from watchword.http.message import Fields, Request
from watchword.http.syntax import TOKEN, members, read_param

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing by what they mean (section 9.2.1)."""

IDENTITY_FIELDS = frozenset({"Remote-User", "Remote-Roles", "Remote-Scopes", "Remote-Session", "Watchword-Identity"})
"""What tells an upstream who is calling: never to be taken from a client."""

# --- what the client would like (section 12.5.1) -------------------------------------------------------------------

# media-range = ( "*/*" / ( type "/" "*" ) / ( type "/" subtype ) ) parameters
_MEDIA_RANGE = re.compile(rf"({TOKEN})/({TOKEN})")
# qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
_QVALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

_Range = tuple[str, str, frozenset[tuple[str, str]], float]
_PAGE_OR_DATA = ("application/json", "application/problem+json", "application/xml", "text/xml", "text/html")


def negotiate(accept_lines: Iterable[bytes], offers: Sequence[str]) -> str | None:
    """The offer that the Accept lines like best; None where they accept none.

    The most specific range that matches an offer gives its weight. Among equal weights the one that was named more
    exactly wins, then the earlier offer. No Accept line, or none with anything readable, accepts everything; a
    charset beside a range is passed over.
    """
    ranges = [
        found
        for line in accept_lines
        for member in members(line.decode("latin-1"))
        if (found := _read_range(member)) is not None
    ]
    if not ranges:
        return offers[0] if offers else None
    best: str | None = None
    best_rank = (0.0, 0)
    for offer in offers:
        exactness, weight = _weigh(offer, ranges)
        if weight > 0 and (weight, exactness) > best_rank:
            best, best_rank = offer, (weight, exactness)
    return best


def accepts_html(request: Request) -> bool:
    """Would the client rather have a page than data? Never unless it names HTML: programs send `*/*`."""
    lines = request.lines(b"accept")
    return any(b"text/html" in line.lower() for line in lines) and negotiate(lines, _PAGE_OR_DATA) == "text/html"


def _read_range(member: str) -> _Range | None:
    media, *rest = members(member, ";") or [""]
    match = _MEDIA_RANGE.fullmatch(media.lower())
    if match is None or (match[1] == "*" and match[2] != "*"):
        return None
    params: set[tuple[str, str]] = set()
    for text in rest:
        param = read_param(text)
        if param is None:
            return None
        name, value = param[0].lower(), param[1]
        if name == "q":  # whatever follows the weight was an extension once, and means nothing now
            return (match[1], match[2], frozenset(params), float(value)) if _QVALUE.fullmatch(value) else None
        if name != "charset":
            params.add((name, value.lower()))
    return match[1], match[2], frozenset(params), 1.0


def _weigh(offer: str, ranges: list[_Range]) -> tuple[int, float]:
    """How exactly the offer was named, and the weight it got there."""
    read = _read_range(offer)
    if read is None:
        raise ValueError(f"An offer must be a media type: {offer!r}.")
    kind, subtype, has, _ = read
    best = (0, 0.0)
    for range_kind, range_subtype, wants, weight in ranges:
        if not (range_kind in ("*", kind) and range_subtype in ("*", subtype) and wants <= has):
            continue
        exactness = 1 + (range_kind != "*") + (range_subtype != "*") + len(wants)
        best = max(best, (exactness, weight))
    return best


# --- dates (section 5.6.7) ------------------------------------------------------------------------------------------

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(instant: float) -> str:
    """The instant (seconds since 1970) as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    at = datetime.fromtimestamp(instant // 1, UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


# --- fields that look like ours --------------------------------------------------------------------------------------

_NOT_ALPHANUMERIC = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)


def looks_like(name: bytes, protected: frozenset[str]) -> bool:
    """Could some host take this name for a protected one (F21)?

    CGI and WSGI read `X_User` as `X-User`, others fold dots too: so every character but ASCII letters and digits
    is passed over, and case.
    """
    return _folded(name) in _folded_all(protected)


def strip_look_alikes(fields: Fields, protected: frozenset[str], but: frozenset[bytes] = frozenset()) -> Fields:
    """The fields without those that look like a protected one, nor a Connection line that names one.

    `but` are names (lower-case) that stay in exactly this spelling. A protected name in Connection would have the next
    hop remove our own field (section 7.6.1).
    """
    # All names in one look, because there is nothing to find in nearly every request.
    names = dict(fields)
    everything = b"".join(names)
    if b"connection" in names:
        everything += b"".join([value for name, value in fields if name == b"connection"])
    seen = _seen_before if len(everything) <= _LONGEST_REMEMBERED else _holds_any
    if not seen(everything, protected):
        return fields
    return tuple(
        (name, _without_options(value, protected) if name == b"connection" else value)
        for name, value in fields
        if name in but or not looks_like(name, protected)
    )


def _without_options(value: bytes, protected: frozenset[str]) -> bytes:
    options = value.split(b",")
    kept = [option for option in options if not looks_like(option, protected)]
    return value if len(kept) == len(options) else b",".join(kept).strip(b" \t")


def _folded(name: bytes) -> bytes:
    return name.lower().translate(None, _NOT_ALPHANUMERIC)


def _holds_any(names: bytes, protected: frozenset[str]) -> bool:
    folded = _folded(names)
    return any(name in folded for name in _folded_all(protected))


_LONGEST_REMEMBERED = 1024
_seen_before = lru_cache(maxsize=4096)(_holds_any)  # the same clients send the same names again and again


@lru_cache(maxsize=64)
def _folded_all(protected: frozenset[str]) -> frozenset[bytes]:
    return frozenset(_folded(name.encode("ascii")) for name in protected)


# --- any text as a field value ---------------------------------------------------------------------------------------

_NOT_PLAIN = re.compile(rb"[^\x20-\x24\x26-\x7e]|^\x20|\x20\Z")
_NOT_PLAIN_IN_LIST = re.compile(rb"[^\x21\x23\x24\x26-\x2b\x2d-\x7e]")


def field_value(text: str) -> bytes:
    """Any text as a field value that is safe to send, and stands for no other text.

    What is not visible ASCII or a space is percent-encoded UTF-8; so is `%` itself, and a space at either end,
    which the receiver would drop. Percent-decoding gives the text back.
    """
    return _NOT_PLAIN.sub(_percent, text.encode("utf-8", "surrogatepass"))


def field_list(texts: Iterable[str]) -> bytes:
    """Texts, none of them empty, as one list: commas, quotes and spaces inside them are encoded too."""
    return b",".join(_NOT_PLAIN_IN_LIST.sub(_percent, text.encode("utf-8", "surrogatepass")) for text in texts)


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]
