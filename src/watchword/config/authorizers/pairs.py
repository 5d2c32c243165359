"""Authorizers that are each right, and together, or with the targets that name them, say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.authorizers.settings import BUILT_IN
from watchword.config.findings import Check, Finding
from watchword.config.problems import meant, shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings

_KEYS = {"role": "roles", "permission": "permissions", "owner": "owner"}
_EXAMPLES = {"roles": '["editor"]', "permissions": '["Edit Posts"]', "owner": '"author"'}


def authorizers_share_a_name(settings: Settings) -> Iterator[Finding]:
    """Two authorizers of one name."""
    for index, entry in enumerate(settings.authorizer):
        if entry.name in (other.name for other in settings.authorizer[:index]):
            yield Finding(
                ("authorizer", index, "name"), f"there is an authorizer {shown(entry.name)} already; write another name"
            )


def authorizer_s_keys_are_another_kind_s(settings: Settings) -> Iterator[Finding]:
    """An authorizer without the key of its kind, or with that of another."""
    for index, entry in enumerate(settings.authorizer):
        depends: tuple[Location, ...] = (("authorizer", index, "kind"),)
        for kind in BUILT_IN:
            key = _KEYS[kind]
            if getattr(entry, key) and entry.kind != kind:
                yield Finding(("authorizer", index, key), f'only kind = "{kind}" reads this; leave it out', depends)
            elif not getattr(entry, key) and entry.kind == kind:
                says = f"is missing; write one such as {key} = {_EXAMPLES[key]}"
                yield Finding(("authorizer", index, key), says, depends)
        if entry.effect is not None and not entry.is_built_in:
            yield Finding(("authorizer", index, "effect"), "a plug-in has its own; leave it out", depends)
        if entry.settings is not None and entry.is_built_in:
            yield Finding(("authorizer", index, "settings"), "only plug-ins read this; leave it out", depends)


def authorizer_is_asked_by_nobody(settings: Settings) -> Iterator[Finding]:
    """An authorizer that no space and no target names."""
    asked = {name for _, names in _places(settings) for name in names}
    for index, entry in enumerate(settings.authorizer):
        if entry.name not in asked:
            yield Finding(
                ("authorizer", index, "name"),
                f"nothing asks it; write authorizers = [{shown(entry.name)}] in a [[space]] or [[space.protect]], or "
                "leave it out",
                depends=tuple(place for place, _ in _places(settings)),
            )


def authorizer_is_not_there(settings: Settings) -> Iterator[Finding]:
    """A space or target that names an authorizer which there is not."""
    known = [entry.name for entry in settings.authorizer]
    for place, names in _places(settings):
        for at, name in enumerate(names):
            if name not in known:
                near = meant(name, known)
                hint = f'did you mean "{near}"?' if near else "write an [[authorizer]] of that name, or leave it out"
                yield Finding((*place, at), f"there is no authorizer {shown(name)}; {hint}", depends=(("authorizer",),))


def owner_is_not_in_the_path(settings: Settings) -> Iterator[Finding]:
    """A target whose path has no segment for the owner that its authorizer reads there."""
    owners = {entry.name: entry.owner for entry in settings.authorizer if entry.kind == "owner" and entry.owner}
    for number, space in enumerate(settings.space):
        for at, entry in enumerate(space.protect):
            for index, name in enumerate(entry.authorizers):
                if name in owners and f"{{{owners[name]}}}" not in entry.path.split("/"):
                    yield Finding(
                        ("space", number, "protect", at, "authorizers", index),
                        f"reads the owner from a segment {{{owners[name]}}}, which {shown(entry.path)} does not have; "
                        "write the path with it, or leave the authorizer out",
                        depends=(("space", number, "protect", at, "path"), ("authorizer",)),
                    )


def _places(settings: Settings) -> Iterator[tuple[Location, tuple[str, ...]]]:
    """Every list of authorizers, with where it stands."""
    for number, space in enumerate(settings.space):
        yield ("space", number, "authorizers"), space.authorizers
        for at, entry in enumerate(space.protect):
            yield ("space", number, "protect", at, "authorizers"), entry.authorizers


AUTHORIZER_CHECKS: tuple[Check, ...] = (
    authorizers_share_a_name,
    authorizer_s_keys_are_another_kind_s,
    authorizer_is_asked_by_nobody,
    authorizer_is_not_there,
    owner_is_not_in_the_path,
)
"""In the order of the manual."""
