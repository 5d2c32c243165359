"""What the design has and this version cannot do yet: refused with a sentence, never passed over in silence."""

from __future__ import annotations

MECHANISMS: tuple[str, ...] = ()

OTHERWISE = {
    "sealed-session": 'sessions that clients keep are no mechanism of their own; write "session", and '
    '[session] backend = "signed" or "encrypted"',
}
"""Mechanisms that are asked for in another way, and how."""

PERSONAS: tuple[str, ...] = ()

FACES = ("html", "soap")

STORES: tuple[str, ...] = ()

SETTINGS = {
    "storage.shared": "shared caches",
    "tokens.keys": "keys outside of its data folder",
}
"""Keys by their place, without the indices of lists, and what they would be for."""


def not_yet(key: str) -> str | None:
    """The sentence about a key that only a later version will know; None where it is none of those."""
    what = SETTINGS.get(key)
    return None if what is None else sentence(what)


def sentence(what: str) -> str:
    """That this version has none of that."""
    return f"this version has no {what} yet; leave the key out"
