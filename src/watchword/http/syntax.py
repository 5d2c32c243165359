"""The tokens that header fields are made of (RFC 9110 section 5.6): one tokenizer for all of them.

Every pattern has its ABNF beside it, is matched with fullmatch and runs in linear time: the quantifiers are
possessive, so that nothing is tried twice. Bytes are decoded as latin-1 before they come here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Params: TypeAlias = tuple[tuple[str, str], ...]
"""Parameters in the order received: name and unquoted value."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What came is not in the grammar. `reason` is a code for operators."""

    reason: str


OWS = " \t"
"""OWS = *( SP / HTAB ), BWS = OWS"""

# token = 1*tchar
# tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_TOKEN = re.compile(TOKEN)

# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
# qdtext        = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text
# quoted-pair   = "\" ( HTAB / SP / VCHAR / obs-text )
QUOTED_STRING = r'"(?:[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff"\\]++|\\[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff])*+"'
_QUOTED_STRING = re.compile(QUOTED_STRING)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_NOT_QUOTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")

# auth-param = token BWS "=" BWS ( token / quoted-string )
_PARAM = re.compile(rf"({TOKEN})[ \t]*+=[ \t]*+({TOKEN}|{QUOTED_STRING})")

# A list member runs to the next separator outside quotes, or to the end where a quote is never closed.
_MEMBERS = {
    separator: re.compile(rf'((?:[^"{separator}]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))*+)(?:{separator}|\Z)', re.DOTALL)
    for separator in ",;"
}


def is_token(text: str) -> bool:
    """Is this a token, fit for a scheme, a parameter or field name, or a method?"""
    return _TOKEN.fullmatch(text) is not None


def quote(text: str) -> str:
    """The text as a quoted-string.

    Raises:
        ValueError: where it holds a control character other than HTAB (CR and LF among them), or half a
            surrogate pair: a field value cannot carry them.
    """
    if _NOT_QUOTABLE.search(text):
        raise ValueError("A quoted-string cannot hold control characters or unpaired surrogates.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str | Unreadable:
    """The text that a quoted-string stands for."""
    if not _QUOTED_STRING.fullmatch(text):
        return Unreadable("not-a-quoted-string")
    inner = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inner) if "\\" in inner else inner


def members(text: str, separator: str = ",") -> list[str]:
    """The members of a list that are not empty (section 5.6.1.2), without the white space around them.

    `separator` is a comma, or a semicolon for the parameters of a media type. Quotes protect separators.
    """
    parts = _MEMBERS[separator].findall(text) if '"' in text else text.split(separator)
    return [member for part in parts if (member := part.strip(OWS))]


def read_param(member: str) -> tuple[str, str] | None:
    """One `name=value` of a list, the value unquoted; None where it is none. The name keeps its case."""
    match = _PARAM.fullmatch(member)
    if match is None:
        return None
    name, value = match.groups()
    if value[0] == '"':
        value = _QUOTED_PAIR.sub(r"\1", value[1:-1])
    return name, value


def read_params(listed: Iterable[str]) -> Params | Unreadable:
    """Parameters with lower-case names, each of which may come only once (section 11.2)."""
    params: dict[str, str] = {}
    for member in listed:
        param = read_param(member)
        if param is None:
            return Unreadable("bad-parameters")
        name = param[0].lower()
        if name in params:
            return Unreadable("repeated-parameter")
        params[name] = param[1]
    return tuple(params.items())
