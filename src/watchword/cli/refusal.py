"""How a command says no."""

from __future__ import annotations


class Refusal(Exception):
    """The command cannot do what it was asked to. Its text says what to do instead, as a rule in one line; exit 1."""
