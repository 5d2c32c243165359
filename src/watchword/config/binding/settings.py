"""What may be bound to what, and what becomes of what another client presents."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from watchword.config.values import choice, whole
from watchword.tokens.binding import Mode

Mismatch: TypeAlias = Literal["ask", "end"]
BindingMode: TypeAlias = Annotated[Mode, choice("user-agent", "address", "both", "off")]
MismatchAction: TypeAlias = Annotated[Mismatch, choice("ask", "end")]
Ipv4Prefix: TypeAlias = Annotated[int, whole(8, 32)]
