"""Settings of what is bound to its client, where nothing is."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings


def mismatch_is_of_no_use(settings: Settings) -> Iterator[Finding]:
    """What becomes of sessions or Auth-Keys of other clients, where they are bound to none."""
    for name, section in (("session", settings.session), ("auth_key", settings.auth_key)):
        for key in ("mismatch", "ipv4_prefix"):
            if key in section.model_fields_set and section.binding == "off":
                yield Finding(
                    (name, key),
                    f"nothing is bound to its client; leave it out, or write {name}.binding",
                    depends=((name, "binding"),),
                )
        if "ipv4_prefix" in section.model_fields_set and section.binding == "user-agent":
            yield Finding(
                (name, "ipv4_prefix"),
                f'no address counts; leave it out, or write {name}.binding = "both" or "address"',
                depends=((name, "binding"),),
            )


BINDING_CHECKS: tuple[Check, ...] = (mismatch_is_of_no_use,)
"""In the order of the manual."""
