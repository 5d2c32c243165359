"""`scope` as OAuth writes it: names, each followed by one space but the last (RFC 6749 section 3.3)."""

from __future__ import annotations

from watchword.core.grants import Scopes
from watchword.tokens.api_key import is_scope

MOST_SCOPES = 50


def read_scope(text: str) -> Scopes | None:
    """The scopes that the text names; None where it is no scope, or names more than anybody needs. Total."""
    # scope = scope-token *( SP scope-token )
    names = text.split(" ", MOST_SCOPES)
    return frozenset(names) if len(names) <= MOST_SCOPES and all(map(is_scope, names)) else None


def written_scope(scopes: Scopes) -> str:
    """The scopes as text, always in the same order."""
    return " ".join(sorted(scopes))
