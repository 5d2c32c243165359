"""JWK Sets (RFC 7517 section 5): what an issuer publishes, bounded before it is parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watchword.crypto.jose.jwk import read_public
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import Code, JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object

MOST_KEYS = 100
LONGEST_SET = 256 * 1024
"""In bytes."""
_MOST_OBJECTS = 5 * MOST_KEYS
"""The set, its keys, and what unknown members may hold."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A key of the set that is not used: its place, counted from 0, and why."""

    position: int
    code: Code


@dataclass(frozen=True, slots=True)
class JwkSet:
    """The usable keys of a set, in its order, and those that were left out."""

    keys: tuple[Key, ...]
    skipped: tuple[Skipped, ...] = ()

    def find(self, kid: str | None) -> Key | None:
        """The key of this name. A token that names none can only mean the only key."""
        if kid is None:
            return self.keys[0] if len(self.keys) == 1 else None
        return next((key for key in self.keys if key.kid == kid), None)


def read_jwk_set(document: str | bytes, *, read: Callable[[Mapping[str, Json]], Key] = read_public) -> JwkSet:
    """The keys of a set. `read` makes one key of one JWK; by default a public one.

    A key that cannot be used is left out, as section 5 asks, so that an issuer may publish kinds that we do not know.

    Raises:
        JoseRefused: oversize, malformed, or duplicate-kid where two usable keys have one name.
    """
    objects = document.count("{") if isinstance(document, str) else document.count(b"{")
    if len(document) > LONGEST_SET or objects > _MOST_OBJECTS:
        raise JoseRefused("oversize")
    listed = read_object(document, most=LONGEST_SET).get("keys")
    if not isinstance(listed, list):
        raise JoseRefused("malformed")
    if len(listed) > MOST_KEYS:
        raise JoseRefused("oversize")
    keys: list[Key] = []
    skipped: list[Skipped] = []
    for position, jwk in enumerate(listed):
        try:
            if not isinstance(jwk, dict):
                raise JoseRefused("malformed")
            keys.append(read(jwk))
        except JoseRefused as refused:
            skipped.append(Skipped(position, refused.code))
    kids = [key.kid for key in keys if key.kid is not None]
    if len(set(kids)) != len(kids):
        raise JoseRefused("duplicate-kid")
    return JwkSet(tuple(keys), tuple(skipped))
