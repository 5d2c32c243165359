"""Settings of JSON-RPC that are each right, and together say nothing or contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.settings import Settings


def rpc_profile_is_nobody_s(settings: Settings) -> Iterator[Finding]:
    """An `rpc_profile` of a space that is not the first and has another face than JSON-RPC."""
    for index, space in enumerate(settings.space):
        if index and space.rpc_profile is not None and space.face != "json-rpc":
            yield Finding(
                ("space", index, "rpc_profile"),
                'nobody is answered so: /rpc has that of the first space; write face = "json-rpc" beside it, or leave '
                "it out",
                depends=(("space", index, "face"),),
            )


def rpc_target_sends_people_to_a_page(settings: Settings) -> Iterator[Finding]:
    """A target with a log-in page in a space that tells everything as JSON-RPC."""
    for at, space in enumerate(settings.space):
        for index, entry in enumerate(space.protect):
            if space.face == "json-rpc" and entry.login_page is not None:
                yield Finding(
                    ("space", at, "protect", index, "login_page"),
                    'nobody who calls by JSON-RPC looks at a page; leave it out, or write face = "problem"',
                    depends=(("space", at, "face"),),
                )


RPC_CHECKS: tuple[Check, ...] = (rpc_profile_is_nobody_s, rpc_target_sends_people_to_a_page)
"""In the order of the manual."""
