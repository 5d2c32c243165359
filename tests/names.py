"""The catalogue of names that two systems read differently (F17), for every door that takes one."""

from __future__ import annotations

from typing import Final

NAMES: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("composed", "Zo\u00eb", "Zo\u00eb"),
    ("decomposed", "Zoe\u0308", "Zo\u00eb"),
    ("Angstrom sign", "\u212bsa", "\u00c5sa"),
    ("dotless i", "\u0131an", "\u0131an"),
    ("dotted capital I", "\u0130an", "\u0130an"),
    ("sharp s", "stra\u00dfe", "stra\u00dfe"),
    ("capital sharp s", "STRA\u1e9eE", "STRA\u1e9eE"),
    ("Cyrillic a", "\u0430nn", "\u0430nn"),
    ("Greek omicron", "b\u03bfb", "b\u03bfb"),
    ("right-to-left letters", "\u05d3\u05e0\u05d4", "\u05d3\u05e0\u05d4"),
    ("four bytes", "\u674e\U0001f600", "\u674e\U0001f600"),
    ("e-mail address", "zoe@example.com", "zoe@example.com"),
    ("full width", "\uff41\uff4e\uff4e", None),
    ("full-width at", "zoe\uff20example.com", None),
    ("small at", "zoe\ufe6bexample.com", None),
    ("full-width colon", "ann\uff1abob", None),
    ("ligature", "\ufb01sh", None),
    ("long s", "\u017fam", None),
    ("superscript", "ann\u00b2", None),
    ("zero-width space", "a\u200bnn", None),
    ("zero-width joiner", "a\u200dnn", None),
    ("byte order mark", "\ufeffann", None),
    ("soft hyphen", "a\u00adnn", None),
    ("variation selector", "ann\ufe0f", None),
    ("Hangul filler", "ann\u115f", None),
    ("right-to-left override", "ann\u202e", None),
    ("no-break space at the end", "ann\u00a0", None),
    ("replacement character", "ann\ufffd", None),
    ("unpaired surrogate", "ann\ud800", None),
)
"""What it is, the text, and the name under which an account of it is kept; None where it is no name."""

ALIKE: Final[tuple[tuple[str, str], ...]] = (
    ("\u0131an", "ian"),
    ("\u0130an", "ian"),
    ("stra\u00dfe", "strasse"),
    ("\u0430nn", "ann"),
    ("b\u03bfb", "bob"),
    ("Zo\u00eb", "Zoe"),
    ("zoe", "Zoe"),
)
"""Names that look alike, or that some system folds into one: two accounts here."""
