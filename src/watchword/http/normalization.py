"""Unicode's form NFC in time that does not explode (UAX #15; F16, F17).

Names and passwords are brought into NFC and nothing else: never NFKC, case, trim or truncation.
"""

from __future__ import annotations

from itertools import groupby
from unicodedata import combining, normalize

_SHORT = 128
"""Characters; below that, even squares are quick."""


def nfc(text: str) -> str:
    """The text in NFC.

    Python sorts a run of combining marks by insertion, which takes minutes for a megabyte of them. So whatever is
    long has its runs sorted before (canonical ordering, Unicode section 3.11, is a stable sort by combining class).
    """
    if text.isascii() or len(text) <= _SHORT:
        return normalize("NFC", text)
    decomposed = "".join(normalize("NFD", character) for character in text)
    runs = (sorted(run, key=combining) for _, run in groupby(decomposed, lambda character: combining(character) > 0))
    return normalize("NFC", "".join(character for run in runs for character in run))
