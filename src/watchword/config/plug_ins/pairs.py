"""Plug-ins that the configuration asks for, and that cannot be used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from watchword.config.findings import Check, Finding
from watchword.config.mechanisms.names import MECHANISMS
from watchword.config.plug_ins import making
from watchword.config.plug_ins.installed import PlugInRefused
from watchword.config.plug_ins.sentences import settings_findings
from watchword.config.plug_ins.settings import MechanismSettings
from watchword.config.problems import shown
from watchword.config.reading.lines import Location
from watchword.config.settings import Settings
from watchword.config.stores.settings import BUILT_IN_STORES


def plug_in_cannot_be_used(settings: Settings) -> Iterator[Finding]:
    """A plug-in that is not installed, cannot be loaded, or does not take its settings."""
    for make, place, table in (*_mechanisms(settings), *_others(settings)):
        try:
            make()
        except PlugInRefused as refused:
            yield Finding(place, str(refused))
        except making.SettingsRefused as refused:
            yield from settings_findings(refused, table)


_Asked: TypeAlias = tuple[Callable[[], object], Location, Location]
"""What makes the plug-in, where it is asked for, and where its own keys stand."""


def _mechanisms(settings: Settings) -> Iterator[_Asked]:
    tables = {entry.kind: (("mechanism", index, "settings"), entry.settings) for index, entry in _numbered(settings)}
    for number, space in enumerate(settings.space):
        for at, name in enumerate(space.mechanisms or ()):
            if name not in MECHANISMS:
                place: Location = ("space", number, "mechanisms", at)
                table, written = tables.get(name, (("mechanism", len(settings.mechanism), "settings"), None))
                realm = space.realm or settings.defaults.realm
                yield partial(making.mechanism, name, written, realm=realm, clock=time.time), place, table


def _others(settings: Settings) -> Iterator[_Asked]:
    realm = settings.defaults.realm
    for index, store in enumerate(settings.store):
        if store.kind not in BUILT_IN_STORES:
            make = partial(making.store, store.kind, store.settings, name=store.called, realm=realm)
            yield make, ("store", index, "kind"), ("store", index, "settings")
    manager = settings.tokens.manager
    if manager is not None:
        making_it = partial(making.token_manager, manager.kind, manager.settings, realm=realm, clock=time.time)
        yield making_it, ("tokens", "manager", "kind"), ("tokens", "manager", "settings")
    for index, entry in enumerate(settings.authorizer):
        if not entry.is_built_in:
            authorizer = partial(making.authorizer, entry.kind, entry.settings, name=entry.name, realm=realm)
            yield authorizer, ("authorizer", index, "kind"), ("authorizer", index, "settings")


def _numbered(settings: Settings) -> Iterator[tuple[int, MechanismSettings]]:
    """The entries of mechanisms, of which the first of a name counts."""
    return reversed(list(enumerate(settings.mechanism)))


def mechanism_s_table_is_read_by_nobody(settings: Settings) -> Iterator[Finding]:
    """A `[[mechanism]]` that is built in, stands there twice, or that no space tries."""
    tried = {name for space in settings.space for name in space.mechanisms or ()}
    for index, entry in enumerate(settings.mechanism):
        place = ("mechanism", index, "kind")
        if entry.kind in MECHANISMS:
            yield Finding(place, f"{shown(entry.kind)} is built in, and no plug-in's; leave the entry out")
        elif entry.kind in (other.kind for other in settings.mechanism[:index]):
            yield Finding(place, f"{shown(entry.kind)} has an entry already; write its keys there")
        elif entry.kind not in tried:
            yield Finding(
                place,
                f"no space tries it; write {shown(entry.kind)} in mechanisms of a [[space]], or leave the entry out",
                depends=(("space",),),
            )


def plug_in_s_table_is_read_by_nobody(settings: Settings) -> Iterator[Finding]:
    """A store that is no plug-in's, with `settings` of one."""
    for index, store in enumerate(settings.store):
        if store.settings is not None and store.kind in BUILT_IN_STORES:
            says = f"only plug-ins read this; write the keys under [store.{store.kind}]"
            yield Finding(("store", index, "settings"), says, depends=(("store", index, "kind"),))


PLUG_IN_CHECKS: tuple[Check, ...] = (
    plug_in_cannot_be_used,
    mechanism_s_table_is_read_by_nobody,
    plug_in_s_table_is_read_by_nobody,
)
"""In the order of the manual."""
