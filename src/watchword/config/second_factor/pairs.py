"""Settings of second factors that are each right, and together let nobody pass."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.settings import Settings
from watchword.config.spaces.standing import targets


def acr_is_never_reached(settings: Settings) -> Iterator[Finding]:
    """A target that requires an `acr` which no log-in has: only a second factor gives one, under its own name."""
    given = settings.second_factor.acr
    for place, entry in targets(settings):
        wanted = entry.require.acr
        if wanted and given not in wanted:
            yield Finding(
                (*place, "require", "acr"),
                f"nobody could ever pass, because a log-in with a second factor has the acr {shown(given)}; write "
                f"acr = {shown([given])}, or second_factor.acr = {shown(min(wanted))}",
                depends=(("second_factor", "acr"),),
            )


SECOND_FACTOR_CHECKS: tuple[Check, ...] = (acr_is_never_reached,)
"""In the order of the manual."""
