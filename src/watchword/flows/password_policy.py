"""What a new password must be like (ASVS 6.2): long enough, known to nobody, and not about this place or this person.

No composition rules, no forced changes, nothing cut off. Passwords that exist already are never judged: neither at
log-in nor in imports.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.names import folded_name
from watchword.core.questions import Breach, FindBreach
from watchword.crypto.password import normalise
from watchword.crypto.secret import Secret

_SHORTEST_PART = 4
"""In characters: shorter parts of a realm's name stand in too many words."""
_LONGEST_WORD = 255
"""In characters: nobody guesses more of somebody, and folding takes its time (F16)."""
_UNSENDABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_KNOWN: Mapping[Breach, str] = {
    "common": "This is one of the most common passwords: choose another.",
    "breached": "This password has become known elsewhere, in a breach: choose another.",
}


class PasswordRefused(ValueError):
    """The password may not be used here. Its message is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """The lengths that a new password may have, and the words that everybody here would guess.

    Lengths are counted in code points of the form that is hashed (NFC). A password may hold such words; it may not
    consist of them, whatever their case, accents and width, nor of them and a few digits or marks beside them.
    """

    min_length: int = 8
    max_length: int = 1024
    context_words: tuple[str, ...] = ()

    def check(self, password: str, about: Iterable[str] = ()) -> None:
        """Raises `PasswordRefused` where the password may not be used. `about`: what is known of the person."""
        if len(password) < self.min_length:
            raise PasswordRefused(f"A password has at least {self.min_length} characters; 15 or more are recommended.")
        if len(password) > self.max_length:
            raise PasswordRefused(f"A password has at most {self.max_length} characters.")
        if _UNSENDABLE.search(password):
            raise PasswordRefused("A password has no control characters: Basic authentication could not carry them.")
        words = frozenset(word for text in self.context_words for word in (*_words(text), *_parts(text)))
        words |= frozenset(word for text in about if len(text) <= _LONGEST_WORD for word in _words(text))
        folded = folded_name(password)
        letters = _letters(folded)
        beside = len(folded) - len(letters)
        if folded in words or (beside < self.min_length and _consists_of(letters, words)):
            raise PasswordRefused(
                "A password is more than the user name, the name of this place, or another word that everybody here "
                "would guess."
            )


def approved(
    password: str, name: str, attributes: Mapping[str, str] | None = None, *, policy: PasswordPolicy
) -> Steps[Secret]:
    """A new password for the account of this name, in the form that is hashed, after everything was asked about it.

    Raises:
        PasswordRefused: where it may not be used.
        AnswerFailed: where the list of breached passwords cannot be read.
    """
    normalised = normalise(password)
    policy.check(normalised, (name, *(attributes or {}).values()))
    secret = Secret(normalised)
    found = yield from ask(FindBreach(secret))
    if found is not None:
        raise PasswordRefused(_KNOWN[found])
    return secret


def _words(text: str) -> Iterable[str]:
    """The text and what stands before its at sign, folded; and the letters of both alone."""
    folded = folded_name(text)
    for word in (folded, folded.partition("@")[0]):
        yield word
        yield _letters(word)


def _parts(text: str) -> Iterable[str]:
    """Its longer words: the name of a realm has several."""
    parts = re.split(r"[\W\d_]+", folded_name(text))
    return (part for part in parts if len(part) >= _SHORTEST_PART)


def _letters(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] == "L")


def _consists_of(text: str, words: frozenset[str]) -> bool:
    """Whether the text is such words, one behind the other. In a time that is linear in the text (F16)."""
    lengths = {len(word) for word in words if word}
    reached = {0}
    for at in range(len(text)):
        if at in reached:
            reached.update(at + length for length in lengths if text[at : at + length] in words)
    return bool(text) and len(text) in reached
