"""Targets whose demands contradict each other, or that nobody could ever pass."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.mechanisms.names import KEY_MECHANISMS
from watchword.config.problems import shown
from watchword.config.settings import Settings
from watchword.config.spaces.standing import targets


def target_contradicts_itself(settings: Settings) -> Iterator[Finding]:
    """A target that is public and requires something, or public or hidden and sends people to a log-in page."""
    for place, entry in targets(settings):
        required = [name for name in entry.require.model_fields_set if getattr(entry.require, name)]
        if entry.public and required:
            yield Finding(
                (*place, "public"),
                f"anonymous requests would pass whatever require says ({', '.join(sorted(required))}); "
                "leave out public or require",
                depends=((*place, "require"),),
            )
        if entry.public and entry.login_page is not None:
            yield Finding(
                (*place, "login_page"),
                "nobody is sent to log in where anonymous requests pass; leave out public or login_page",
                depends=((*place, "public"),),
            )
        if entry.hidden and entry.login_page is not None:
            yield Finding(
                (*place, "login_page"),
                "sending people to log in would show what hidden hides; leave out hidden or login_page",
                depends=((*place, "hidden"),),
            )


def target_takes_what_its_space_lacks(settings: Settings) -> Iterator[Finding]:
    """A target that takes a mechanism which its space has not."""
    spaces = settings.spaces()
    for place, entry in targets(settings):
        index = place[1]
        assert isinstance(index, int)
        has = spaces[index].mechanisms
        lacking = [name for name in entry.mechanisms or () if name not in has]
        if lacking:
            yield Finding(
                (*place, "mechanisms"),
                f"the space has no {' and no '.join(map(shown, lacking))}; write one of {shown(has)}, or add it to the "
                "space's mechanisms",
                depends=(("space", index, "mechanisms"), ("realm", "personas")),
            )


def target_takes_no_mechanism_at_all(settings: Settings) -> Iterator[Finding]:
    """A target without API keys that takes them, or nothing else."""
    spaces = settings.spaces()
    for place, entry in targets(settings):
        if entry.api_keys:
            continue
        index = place[1]
        assert isinstance(index, int)
        named = [name for name in entry.mechanisms or () if name in KEY_MECHANISMS]
        if named:
            yield Finding(
                (*place, "api_keys"),
                f"mechanisms has {shown(named[0])}; leave it out there, or leave out api_keys",
                depends=((*place, "mechanisms"),),
            )
        elif KEY_MECHANISMS.issuperset(spaces[index].mechanisms):
            yield Finding(
                (*place, "api_keys"),
                "the space takes nothing but API keys, so that nobody could ever pass; leave out api_keys",
                depends=(("space", index, "mechanisms"), ("realm", "personas")),
            )


TARGET_CHECKS: tuple[Check, ...] = (
    target_contradicts_itself,
    target_takes_what_its_space_lacks,
    target_takes_no_mechanism_at_all,
)
"""In the order of the manual."""


def owner_is_not_in_the_path(settings: Settings) -> Iterator[Finding]:
    """An owner that is no `{name}` segment of the target's path."""
    for place, entry in targets(settings):
        owner = entry.require.owner
        if owner is not None and f"{{{owner}}}" not in entry.path.split("/"):
            named = [segment[1:-1] for segment in entry.path.split("/") if segment.startswith("{")]
            write = " or ".join(map(shown, named)) if named else "the name of a segment, as in /tokens/{userid}"
            yield Finding(
                (*place, "require", "owner"),
                f"the path has no segment named {shown(owner)}; write {write}",
                depends=((*place, "path"),),
            )


OWNER_CHECKS: tuple[Check, ...] = (owner_is_not_in_the_path,)
