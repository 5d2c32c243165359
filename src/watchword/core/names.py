"""Account names: which texts may be one, and in what form a name is kept and looked up (F17).

One account has one form, NFC, and what is judged is that form, never the text before it. Names that differ only in
what nobody sees, or in a compatibility form that some other system folds away, are refused; names that merely look
alike (Latin and Cyrillic a) stay two names.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 255
"""In bytes of UTF-8."""
LONGEST_SPELLING = 4 * LONGEST_NAME
"""In code points before normalising. No longer text has an NFC form that fits, and normalising takes time with the
square of the length where somebody wants it to (F16)."""

REFUSED_CATEGORIES = {
    "Cc": "control characters",
    "Cf": "invisible formatting characters",
    "Cn": "unassigned characters",
    "Cs": "unpaired surrogates",
    "Zl": "line separators",
    "Zp": "paragraph separators",
}

INVISIBLE = frozenset(
    # Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt), less what a category or NFKC refuses.
    chr(code)
    for first, last in (
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x115F, 0x1160),  # Hangul fillers
        (0x17B4, 0x17B5),  # Khmer inherent vowels
        (0x180B, 0x180F),  # Mongolian variation selectors
        (0xFE00, 0xFE0F),  # variation selectors
        (0xE0100, 0xE01EF),  # variation selectors supplement
    )
    for code in range(first, last + 1)
)

REPLACEMENT = "\ufffd"
"""What stands for an unpaired surrogate in a lookup; so it can stand in no account's name."""


class NameRefused(ValueError):
    """The text may not be an account's name. Its message is a sentence for people."""


def account_name(text: str) -> str:
    """The canonical form under which an account of this name is kept.

    Raises:
        NameRefused: where no account may be called so.
    """
    if not text:
        raise NameRefused("A name is needed.")
    if len(text) > LONGEST_SPELLING:
        raise NameRefused(f"A name has at most {LONGEST_NAME} bytes.")
    name = unicodedata.normalize("NFC", text)
    for character in name:
        refused = REFUSED_CATEGORIES.get(unicodedata.category(character))
        if refused is not None:
            raise NameRefused(f"A name has no {refused}, as U+{ord(character):04X}.")
        if character in INVISIBLE:
            raise NameRefused(f"A name has no invisible characters, as U+{ord(character):04X}.")
    if ":" in name:  # RFC 7617 section 2: it ends the user-id
        raise NameRefused("A name has no colon: Basic authentication could not carry it.")
    if REPLACEMENT in name:
        raise NameRefused("A name has no replacement character: it says that some text was lost.")
    if name != name.strip():
        raise NameRefused("A name neither begins nor ends with a space.")
    if unicodedata.normalize("NFKC", name) != name:
        raise NameRefused("A name has no compatibility characters, such as full-width letters or ligatures.")
    if len(name.encode()) > LONGEST_NAME:
        raise NameRefused(f"A name has at most {LONGEST_NAME} bytes.")
    return name


def looked_up_name(text: str) -> str:
    """The form under which to look for an account at log-in, whatever text was given.

    It is the account's own form where there is such an account, and no account's form where there cannot be one.
    Never raises, and always encodes as UTF-8.
    """
    if text.isascii():
        return text  # as most names are: NFC already, and without surrogates
    if len(text) <= LONGEST_SPELLING:
        text = unicodedata.normalize("NFC", text)
    return _SURROGATE.sub(REPLACEMENT, text)


def folded_name(text: str) -> str:
    """What all spellings have in common that some store takes for one name: case, accents, width and spaces aside.

    Failures are counted under it (F14). Never raises.
    """
    if len(text) > LONGEST_SPELLING:
        return text
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    letters = (c for c in unicodedata.normalize("NFKD", decomposed) if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


_SURROGATE = re.compile("[\ud800-\udfff]")
