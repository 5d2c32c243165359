"""The cookie with which CouchDB answers a log-in, as it is read from the answer and handed on (S2.30)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

NAME: Final = "AuthSession"

# CouchDB's value is base64url; others may use what RFC 6265bis allows, but no quotes.
_PAIR = re.compile(rb"AuthSession=([A-Za-z0-9_.~+/=-]{1,3072})")
_MAX_AGE = re.compile(rb"max-age=([1-9][0-9]{0,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RelayedCookie:
    """CouchDB's cookie: its value, and for how many seconds it is kept; None until the browser is closed."""

    value: str = field(repr=False)
    max_age: int | None = None


def read_relayed(lines: Sequence[bytes]) -> RelayedCookie | None:
    """The one cookie of that name among Set-Cookie lines; None where there is none, or more than one.

    Whatever else CouchDB, or somebody in its place, would have set is passed over: so is where the cookie would go.
    """
    found = [line for line in lines if line.startswith(b"AuthSession=")]
    if len(found) != 1:
        return None
    pair, *attributes = (part.strip(b" \t") for part in found[0].split(b";"))
    match = _PAIR.fullmatch(pair)
    if match is None:
        return None
    ages = [age for attribute in attributes if (age := _MAX_AGE.fullmatch(attribute)) is not None]
    return RelayedCookie(match[1].decode("ascii"), int(ages[0][1]) if ages else None)
