"""What makes the credential stores, and one of them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watchword.config.stores import Store, StoreKind
from watchword.storage import Storage
from watchword.stores import CredentialStore, OutsideStore
from watchword.stores.builtin import BuiltinStore
from watchword.stores.mirrored import Mirrored
from watchword.stores.several import Several
from watchword.stores.slots import InSlots, Slots

OUTSIDE_AT_ONCE = 16
"""How many passwords outside stores are asked about at once: that waits, and hashes nothing here."""


@dataclass(frozen=True, slots=True)
class StoreMakings:
    """What stores are made of, beside their settings. `hashing_slots` are for those that hash passwords themselves."""

    hashing_slots: Slots


_MAKERS: Mapping[StoreKind, Callable[[Store, StoreMakings], OutsideStore]] = {}
"""What makes each kind of outside store. Connections are opened at first use, never here."""


def credential_store(
    stores: Sequence[Store], builtin: BuiltinStore, storage: Storage, hashing_slots: Slots
) -> tuple[CredentialStore, Slots]:
    """All stores as one, and the slots in which it is asked."""
    if not any(store.is_outside for store in stores):
        return builtin, hashing_slots
    makings = StoreMakings(hashing_slots)
    chain: list[CredentialStore] = [
        Mirrored(store.called, _MAKERS[store.kind](store, makings), storage, os.urandom)
        if store.is_outside
        else InSlots(builtin, hashing_slots)
        for store in stores
    ]
    return (chain[0] if len(chain) == 1 else Several(chain)), Slots(OUTSIDE_AT_ONCE)


def rechecks(stores: Sequence[Store]) -> Mapping[str, float]:
    """For how many seconds each outside store's word is taken, by its name."""
    return {store.called: store.recheck for store in stores if store.is_outside}
