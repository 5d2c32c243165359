"""Challenges and credentials on the wire (RFC 9110 section 11, RFC 7617).

What `read_authorization` and `read_basic` make of odd credentials:

| value                                   | becomes                                                      |
|-----------------------------------------|--------------------------------------------------------------|
| empty; `"x"`; `Basic<TAB>eDp5`          | no-scheme: only spaces end a scheme                          |
| `Basic`, `basic eDp5`, `Basic   eDp5`   | scheme `basic`: case does not matter, nor how many spaces    |
| `Basic !!!`, `Basic <TAB>eDp5`          | scheme `basic` and nothing but `raw`                         |
| `Basic eDp5, Bearer y`                  | scheme `basic` and nothing but `raw`: two never merge        |
| `Digest a=1, A=2`                       | repeated-parameter                                           |
| base64 with wrong or missing padding, white space, base64url letters, bits left over, bytes behind it | not-base64 |
| ISO 8859-1, overlong or cut UTF-8       | not-utf-8                                                    |
| NUL, CR, LF, tab, DEL in either part    | control-character                                            |
| no colon at all                         | no-colon                                                     |
| `:`, `:x`, `x:`, `a:b:c`                | read: either part may be empty, the first colon separates    |
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from watchword.http.normalization import nfc
from watchword.http.syntax import (
    TOKEN,
    Params,
    Unreadable,
    is_token,
    members,
    quote,
    read_param,
    read_params,
)

__all__ = [
    "Authorization",
    "Challenge",
    "Unreadable",
    "parse_challenges",
    "read_authorization",
    "read_basic",
    "session_token_info",
    "stated",
]

# token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]++=*+")

# credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ], and a challenge likewise
_SCHEME = re.compile(rf"({TOKEN})(?: ++(.*+))?+", re.DOTALL)

# The same with a token68, as nearly all credentials are, from the bytes themselves.
_SIMPLE = re.compile(rf"({TOKEN}) ++({_TOKEN68.pattern})".encode("ascii"))

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, init=False)
class Challenge:
    """One challenge: what a client may authenticate with. `str()` makes one WWW-Authenticate line of it.

    Parameters keep their order, and every value is sent as a quoted-string, which realm must be and charset may; only
    those of `bare` go without quotes, as RFC 7616 section 3.3 demands of algorithm and stale.
    """

    scheme: str
    params: Params
    token68: str | None
    bare: frozenset[str] = field(compare=False)
    _line: bytes = field(repr=False, compare=False)

    def __init__(
        self,
        scheme: str,
        params: Mapping[str, str] | Params = (),
        token68: str | None = None,
        *,
        bare: frozenset[str] = frozenset(),
    ) -> None:
        """Raises ValueError for whatever could not be sent, or could be read otherwise than meant."""
        pairs = params if isinstance(params, tuple) else tuple(params.items())
        if not is_token(scheme):
            raise ValueError("An authentication scheme must be a token of RFC 9110, such as Basic.")
        if token68 is not None and (pairs or not _TOKEN68.fullmatch(token68)):
            raise ValueError("A challenge has either a token68 or parameters.")
        for name, value in pairs:
            if not is_token(name):
                raise ValueError("The name of a parameter must be a token of RFC 9110, such as realm.")
            quote(value)
            if name in bare and not is_token(value):
                raise ValueError("The value of a parameter without quotes must be a token of RFC 9110.")
        if len({name.lower() for name, _ in pairs}) != len(pairs):
            raise ValueError("Each parameter may stand only once in a challenge.")
        object.__setattr__(self, "scheme", scheme)
        object.__setattr__(self, "params", pairs)
        object.__setattr__(self, "token68", token68)
        object.__setattr__(self, "bare", bare)
        # Written once: most challenges are sent again and again.
        object.__setattr__(self, "_line", str(self).encode())

    def __str__(self) -> str:
        if self.token68 is not None:
            return f"{self.scheme} {self.token68}"
        if not self.params:
            return self.scheme
        written = (f"{name}={value if name in self.bare else quote(value)}" for name, value in self.params)
        return f"{self.scheme} " + ", ".join(written)

    def line(self) -> bytes:
        """The value of one WWW-Authenticate line, in UTF-8."""
        return self._line

    def param(self, name: str) -> str | None:
        """The parameter's value. Names are matched without regard to case."""
        return next((value for key, value in self.params if key.lower() == name.lower()), None)

    def with_params(self, pairs: Mapping[str, str] | Params = (), /, **more: str) -> Challenge:
        """This challenge with more parameters, in place of those of the same name."""
        params = {name.lower(): (name, value) for name, value in self.params}
        for name, value in (*dict(pairs).items(), *more.items()):
            params[name.lower()] = (name, value)
        return Challenge(self.scheme, tuple(params.values()), self.token68, bare=self.bare)


def session_token_info(token: str) -> tuple[bytes, bytes]:
    """The Authentication-Info line (section 11.6.3) with the token to go on with, for clients without a cookie jar."""
    return b"authentication-info", f"session_token={quote(token)}".encode("ascii")


@lru_cache(maxsize=1024)
def stated(scheme: str, *params: tuple[str, str]) -> Challenge:
    """The challenge with these parameters, made once: mechanisms state the same few for every request."""
    return Challenge(scheme, params)


class Authorization(NamedTuple):
    """The credentials of one Authorization line. A tuple, because one is made for nearly every check.

    `scheme` and the names of `params` are lower-case. `raw` is everything behind the scheme and its spaces; where
    that is neither a token68 nor a list of parameters, there is nothing else.
    """

    scheme: str
    params: Params = ()
    token68: str | None = None
    raw: str = ""

    def __repr__(self) -> str:
        return f"Authorization(scheme={self.scheme!r})"

    def param(self, name: str) -> str | None:
        """The parameter's value. `name` is lower-case."""
        return next((value for key, value in self.params if key == name), None)


def read_authorization(value: bytes) -> Authorization | Unreadable:
    """Read an Authorization (or Proxy-Authorization) line: no-scheme, repeated-parameter, or credentials."""
    simple = _SIMPLE.fullmatch(value)
    if simple is not None:
        raw = simple[2].decode("ascii")
        return Authorization(simple[1].decode("ascii").lower(), (), raw, raw)
    match = _SCHEME.fullmatch(value.decode("latin-1"))
    if match is None:
        return Unreadable("no-scheme")
    scheme: str = match[1].lower()
    raw = match[2] or ""
    params = read_params(members(raw))
    if isinstance(params, Unreadable):
        return params if params.reason == "repeated-parameter" else Authorization(scheme, raw=raw)
    return Authorization(scheme, params, None, raw)


def read_basic(token: str) -> tuple[str, str] | Unreadable:
    """User-id and password of Basic credentials (RFC 7617 section 2), each in Unicode's form NFC."""
    try:
        decoded = binascii.a2b_base64(token)
    except ValueError:
        return Unreadable("not-base64")
    if binascii.b2a_base64(decoded, newline=False) != token.encode():
        return Unreadable("not-base64")  # the decoder is lenient: this is another spelling of the same bytes
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return Unreadable("not-utf-8")
    plain = text.isascii() and text.isprintable()  # neither control characters nor anything to be composed
    if not plain and _CONTROL.search(text):
        return Unreadable("control-character")
    user, colon, password = text.partition(":")
    if not colon:
        return Unreadable("no-colon")
    return (user, password) if plain else (nfc(user), nfc(password))


def parse_challenges(lines: Iterable[str | bytes]) -> tuple[Challenge, ...]:
    """The challenges of all WWW-Authenticate lines of a response, for clients.

    A line may hold many challenges, and a challenge many parameters, both separated by commas. What cannot be read
    is skipped: a member of the list, or the whole challenge where it has a parameter twice.
    """
    found: list[tuple[str, list[tuple[str, str]], str | None]] = []
    open_params: list[tuple[str, str]] | None = None
    for line in lines:
        for member in members(line if isinstance(line, str) else _decoded(line)):
            param = read_param(member)
            if param is not None:
                if open_params is not None:
                    open_params.append(param)
                continue
            open_params = None
            match = _SCHEME.fullmatch(member)
            if match is None:
                continue
            scheme, rest = match[1], match[2]
            first = read_param(rest) if rest else None
            if rest and first is None:
                if _TOKEN68.fullmatch(rest):
                    found.append((scheme, [], rest))
                continue
            open_params = [] if first is None else [first]
            found.append((scheme, open_params, None))
    return tuple(Challenge(scheme, tuple(params), token68) for scheme, params, token68 in found if _once_each(params))


def _once_each(params: list[tuple[str, str]]) -> bool:
    return len({name.lower() for name, _ in params}) == len(params)


def _decoded(line: bytes) -> str:
    """As UTF-8, which we send and RFC 7616 asks for, where it is that; else as latin-1, which anything is."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
