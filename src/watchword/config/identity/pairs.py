"""Searches for the accounts of identities that could find nobody, or end before their last step."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.identity.settings import DEFAULT, MAPPING, IdentitySearch
from watchword.config.problems import shown
from watchword.config.settings import Settings


def search_lacks_what_it_needs(settings: Settings) -> Iterator[Finding]:
    """A step of a search without what it looks at, or that without its step, or a step behind `default`."""
    sections: list[tuple[str, IdentitySearch]] = [("client_certificate", settings.client_certificate)]
    if settings.proxy_header is not None:
        sections.append(("proxy_header", settings.proxy_header))
    for table, section in sections:
        yield from _of_search(table, section)


IDENTITY_CHECKS: tuple[Check, ...] = (search_lacks_what_it_needs,)
"""In the order of the manual."""


def _of_search(table: str, section: IdentitySearch) -> Iterator[Finding]:
    place = (table, "search")
    for step, key, has, example in (
        (MAPPING, "users", bool(section.users), '{ "CN=ann,O=Clinic" = "ann" }'),
        (DEFAULT, "default", section.default is not None, '"visitor"'),
    ):
        if step in section.search and not has:
            yield Finding(
                place,
                f"{shown(step)} has nothing to look at; write {table}.{key}, such as {example}, or leave the step out",
                depends=((table, key),),
            )
        if step not in section.search and has:
            yield Finding(
                (table, key),
                f"nobody looks at it; add {shown(step)} to {table}.search, or leave it out",
                depends=(place,),
            )
    if DEFAULT in section.search[:-1]:
        ordered = [*(step for step in section.search if step != DEFAULT), DEFAULT]
        yield Finding(place, f'"default" ends every search, so that it must stand last; write {shown(ordered)}')
