"""The statuses that IANA lists (RFC 9110 section 16.2.1), and what stands for one that it does not list."""

from __future__ import annotations

from typing import Final

# 306 and 418 are listed as unused, which is not assigned. 104 is a temporary registration.
ASSIGNED: Final = frozenset(
    (
        *range(100, 105),
        *range(200, 209),
        226,
        *range(300, 306),
        307,
        308,
        *range(400, 418),
        *range(421, 427),
        428,
        429,
        431,
        451,
        *range(500, 509),
        510,
        511,
    )
)


def understood(status: int) -> int:
    """The status, or x00 of its class where nobody listed it: what every client makes of it (RFC 9110 section 15)."""
    return status if status in ASSIGNED else status // 100 * 100
