"""What sessions and Auth-Keys are bound to, out of the settings and the server's keys."""

from __future__ import annotations

from watchword.config.auth_key.settings import AuthKeySettings
from watchword.config.keys.purposes import BINDINGS
from watchword.config.sessions.settings import Session
from watchword.tokens.binding import Bindings
from watchword.tokens.keys import KeyRing


def bindings_of(chosen: Session | AuthKeySettings, ring: KeyRing) -> Bindings:
    """What is bound to what."""
    return Bindings(
        keys=[(key.id, key.secret) for key in ring.all(BINDINGS)],
        mode=chosen.binding,
        ipv4_prefix=chosen.ipv4_prefix,
        ends=chosen.mismatch == "end",
    )
