"""What makes mechanisms of plug-ins."""

from __future__ import annotations

from watchword.config.mechanisms.makings import Makings
from watchword.config.plug_ins import making
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.mechanism import AnyMechanism


def plug_in(name: str, space: ResolvedSpace, makings: Makings) -> AnyMechanism:
    """The plug-in of this name, with what `[[mechanism]]` says of it."""
    written = next((entry.settings for entry in makings.settings.mechanism if entry.kind == name), None)
    return making.mechanism(name, written, realm=space.realm, clock=makings.clock)
