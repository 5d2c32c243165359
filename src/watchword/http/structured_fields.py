"""Structured field values (RFC 9651): items, lists and dictionaries, read as section 4.2 says.

The parsers are total: any lines give a value or `Unreadable`. Every pattern has its ABNF beside it, and runs in linear
time.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from watchword.http.syntax import Unreadable

T = TypeVar("T")


class Token(str):
    """An sf-token, such as `sha-256`: it is another value than the string of the same characters."""

    __slots__ = ()


class Date(int):
    """An sf-date: seconds since 1970-01-01T00:00:00Z."""

    __slots__ = ()


class DisplayString(str):
    """An sf-displaystring: text in any language."""

    __slots__ = ()


Bare: TypeAlias = "int | Decimal | str | Token | bytes | bool | Date | DisplayString"
Parameters: TypeAlias = "tuple[tuple[str, Bare], ...]"


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its parameters, in the order received."""

    value: Bare
    params: Parameters = ()


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list that is a member of a list or dictionary, with its parameters."""

    items: tuple[Item, ...]
    params: Parameters = ()


Member: TypeAlias = "Item | InnerList"


def parse_item(lines: Sequence[bytes]) -> Item | Unreadable:
    """The one item of a field that is an Item."""
    return _parsed(lines, _Reader.item)


def parse_list(lines: Sequence[bytes]) -> tuple[Member, ...] | Unreadable:
    """The members of a field that is a List. No line at all, or an empty one, is an empty list."""
    return _parsed(lines, _Reader.members)


def parse_dictionary(lines: Sequence[bytes]) -> dict[str, Member] | Unreadable:
    """The members of a field that is a Dictionary, in order. Of a key that comes twice the last value counts."""
    return _parsed(lines, _Reader.dictionary)


# --- how -------------------------------------------------------------------------------------------------------------

# key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )
_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*+")
# sf-integer = ["-"] 1*15DIGIT,  sf-decimal = ["-"] 1*12DIGIT "." 1*3DIGIT
_NUMBER = re.compile(r"(-?)([0-9]++)(?:\.([0-9]*+))?")
# sf-string = DQUOTE *( unescaped / "\" ( DQUOTE / "\" ) ) DQUOTE,  unescaped = %x20-21 / %x23-5B / %x5D-7E
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]++|\\["\\])*+)"')
_ESCAPED = re.compile(r'\\(["\\])')
# sf-token = ( ALPHA / "*" ) *( tchar / ":" / "/" )
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*+")
# sf-binary = ":" base64 ":"
_BINARY = re.compile(r":([A-Za-z0-9+/]*+)(={0,2}):")
# sf-boolean = "?" ( "0" / "1" )
_BOOLEAN = re.compile(r"\?([01])")
# sf-displaystring = "%" DQUOTE *( unescaped / "\" / pct-encoded ) DQUOTE, pct-encoded = "%" lc-hexdig lc-hexdig
_DISPLAY_STRING = re.compile(r'%"((?:[\x20\x21\x23\x24\x26-\x7e]++|%[0-9a-f]{2})*+)"')


class _Refused(Exception):
    """The text does not go on as the grammar has it."""


def _parsed(lines: Sequence[bytes], read: Callable[[_Reader], T]) -> T | Unreadable:
    try:
        reader = _Reader(b", ".join(lines).decode("ascii"))
        reader.skip(" ")
        found = read(reader)
        reader.skip(" ")
        return found if reader.is_at_end else Unreadable("more-than-expected")
    except UnicodeDecodeError:
        return Unreadable("not-ascii")
    except _Refused as refused:
        return Unreadable(str(refused))


class _Reader:
    """A text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def skip(self, characters: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1

    def members(self) -> tuple[Member, ...]:
        found: list[Member] = []
        while not self.is_at_end:
            found.append(self._member())
            if not self._goes_on():
                break
        return tuple(found)

    def dictionary(self) -> dict[str, Member]:
        found: dict[str, Member] = {}
        while not self.is_at_end:
            key = self._match(_KEY, "bad-key")[0]
            found[key] = self._member() if self._takes("=") else Item(True, self._parameters())
            if not self._goes_on():
                break
        return found

    def item(self) -> Item:
        return Item(self._bare(), self._parameters())

    def _goes_on(self) -> bool:
        """Whether a comma and another member follow."""
        self.skip(" \t")
        if self.is_at_end:
            return False
        if not self._takes(","):
            raise _Refused("no-comma")
        self.skip(" \t")
        if self.is_at_end:
            raise _Refused("trailing-comma")
        return True

    def _member(self) -> Member:
        return self._inner_list() if self._takes("(") else self.item()

    def _inner_list(self) -> InnerList:
        items: list[Item] = []
        while True:
            self.skip(" ")
            if self._takes(")"):
                return InnerList(tuple(items), self._parameters())
            items.append(self.item())
            if self._next not in (" ", ")"):
                raise _Refused("bad-inner-list")

    def _parameters(self) -> Parameters:
        found: dict[str, Bare] = {}
        while self._takes(";"):
            self.skip(" ")
            key = self._match(_KEY, "bad-key")[0]
            found[key] = self._bare() if self._takes("=") else True
        return tuple(found.items())

    def _bare(self) -> Bare:
        first = self._next
        if first == "-" or first.isdigit():
            return self._number()
        if first == '"':
            return _ESCAPED.sub(r"\1", self._match(_STRING, "bad-string")[1])
        if first == ":":
            return self._binary()
        if first == "?":
            return self._match(_BOOLEAN, "bad-boolean")[1] == "1"
        if first == "@":
            self._at += 1
            return self._date()
        if first == "%":
            return self._display_string()
        return Token(self._match(_TOKEN, "bad-item")[0])

    def _number(self) -> int | Decimal:
        match = self._match(_NUMBER, "bad-number")
        sign, whole, fraction = match[1], match[2], match[3]
        if fraction is None:
            if len(whole) > 15:
                raise _Refused("bad-number")
            return int(sign + whole)
        if len(whole) > 12 or not 1 <= len(fraction) <= 3:
            raise _Refused("bad-number")
        return Decimal(f"{sign}{whole}.{fraction}")

    def _binary(self) -> bytes:
        match = self._match(_BINARY, "bad-binary")
        digits, padding = match[1], match[2]
        if len(digits) % 4 == 1 or (padding and (len(digits) + len(padding)) % 4):
            raise _Refused("bad-binary")
        # RFC 9651 section 4.2.7: neither missing padding nor bits left over are a reason to fail.
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))

    def _date(self) -> Date:
        seconds = self._number()
        if isinstance(seconds, Decimal):
            raise _Refused("bad-date")
        return Date(seconds)

    def _display_string(self) -> DisplayString:
        encoded = self._match(_DISPLAY_STRING, "bad-display-string")[1]
        try:
            return DisplayString(unquote_to_bytes(encoded).decode())
        except UnicodeDecodeError:
            raise _Refused("bad-display-string") from None

    @property
    def _next(self) -> str:
        """The next character; nothing at the end."""
        return self._text[self._at : self._at + 1]

    def _takes(self, character: str) -> bool:
        """Whether this is the next character; it is read then."""
        if self._next != character:
            return False
        self._at += 1
        return True

    def _match(self, pattern: re.Pattern[str], otherwise: str) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Refused(otherwise)
        self._at = match.end()
        return match
