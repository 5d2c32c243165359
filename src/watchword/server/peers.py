"""Which peers ask for themselves, rather than pass on what somebody else asks."""

from __future__ import annotations

from watchword.http.forwarded import Trust, is_loopback
from watchword.http.message import Request

# Some proxy on the way adds one of these, as a rule. Whoever it speaks for is not the peer.
_PASSED_ON = frozenset(
    (b"client-cert", b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip")
)


def is_local(received: Request) -> bool:
    """Does it come from this machine, and from there only?"""
    return is_loopback(received.peer.address) and received.is_without(_PASSED_ON)


def is_trusted(received: Request, trust: Trust) -> bool:
    """Does a trusted peer ask on its own account? What its clients ask through it is theirs."""
    return trust.trusts(received.peer.address) and received.is_without(_PASSED_ON)
