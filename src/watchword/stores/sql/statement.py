"""Statements that an operator wrote: taken only where nothing but their parameters can change what they do.

They are not parsed, but looked through with such rules that no driver can misunderstand them: one statement, no
comment, no backslash, no other way to put a value in, and no parameter within quotes, where some drivers would paste it
in. What is refused so can be written in another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`""")
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)(?!:)")  # as SQLAlchemy's text() finds them
_ELSEWHERE: Mapping[str, str] = {
    ";": "a semicolon; write one statement",
    "--": "a comment; leave it out",
    "/*": "a comment; leave it out",
    "#": "a number sign, which begins a comment in some databases; leave it out",
    "'": "a quotation mark without its end; write both",
    '"': "a quotation mark without its end; write both",
    "`": "a quotation mark without its end; write both",
    "$": "a dollar sign, which quotes in some databases; write text in '...', and parameters as :name",
    "?": "a question mark; write parameters as :name",
    "{": "a brace; write parameters as :name",
    "}": "a brace; write parameters as :name",
    "%s": "%s; write parameters as :name",
    "%(": "%(; write parameters as :name",
}


def statement(text: str, begins: Set[str], parameters: Set[str]) -> str:
    """The statement as it is executed: it begins with one of these words and has just these parameters.

    Raises:
        ValueError: with a sentence that goes on after the setting's name.
    """
    text = text.strip().removesuffix(";").rstrip()
    if "\\" in text or not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise ValueError("holds a backslash or a control character, which databases read in several ways; leave it out")
    outside = _QUOTED.sub("''", text)
    bare = outside.replace("''", "")
    for sign, says in _ELSEWHERE.items():
        if sign in bare:
            raise ValueError(f"holds {says}")
    first = (text.split(None, 1) or [""])[0].upper()
    if first not in begins:
        raise ValueError(
            f"does not begin with {' or '.join(sorted(begins))}, and nothing else is asked of the database"
        )
    found = _PARAMETER.findall(outside)
    if found != _PARAMETER.findall(text):
        raise ValueError("has a parameter within quotation marks, where it is none; write :name without any")
    if set(found) != parameters:
        wanted = " and ".join(f":{name}" for name in sorted(parameters))
        raise ValueError(
            f"has the parameters {' and '.join(f':{name}' for name in sorted(set(found)))}; write {wanted}"
            if found
            else f"has no parameter; write {wanted} where the value belongs"
        )
    return text


def select(text: str) -> str:
    """A query for what is known of `:name`. Raises ValueError as above."""
    return statement(text, {"SELECT", "WITH"}, {"name"})


def update(text: str) -> str:
    """What puts `:password_hash` in the place of `:old_hash` for `:name`. Raises ValueError as above."""
    return statement(text, {"UPDATE"}, {"name", "password_hash", "old_hash"})
