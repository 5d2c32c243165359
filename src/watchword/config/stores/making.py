"""What makes the credential stores, and one of them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watchword.config.plug_ins import making
from watchword.config.stores.directory import ldap_store
from watchword.config.stores.settings import Store
from watchword.crypto.password import Hashing
from watchword.storage import Storage
from watchword.stores import CredentialStore, OutsideStore
from watchword.stores.asking.mirrored import Mirrored
from watchword.stores.asking.renewal import Renewal, renewals
from watchword.stores.asking.several import Several
from watchword.stores.asking.slots import InSlots, Slots
from watchword.stores.builtin import BuiltinStore

OUTSIDE_AT_ONCE = 16
"""How many passwords outside stores are asked about at once: that waits, and hashes nothing here."""


@dataclass(frozen=True, slots=True)
class StoreMakings:
    """What stores are made of, beside their settings. `hashing_slots` and `hashing` are for those that hash
    passwords, `realm` is the server's."""

    hashing_slots: Slots
    hashing: Hashing
    realm: str


def _ldap(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.ldap is not None, "pairs.py has seen to that"
    return ldap_store(store.ldap)


def _couchdb(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.couchdb is not None, "pairs.py has seen to that"
    return store.couchdb.made()


def _htpasswd(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.htpasswd is not None, "pairs.py has seen to that"
    return store.htpasswd.made(makings.hashing_slots)


def _http(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.http is not None, "pairs.py has seen to that"
    return store.http.made()


def _sql_login(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.sql_login is not None, "pairs.py has seen to that"
    return store.sql_login.made()


def _sql_table(store: Store, makings: StoreMakings) -> OutsideStore:
    assert store.sql_table is not None, "pairs.py has seen to that"
    return store.sql_table.made(makings.hashing_slots, makings.hashing)


_MAKERS: Mapping[str, Callable[[Store, StoreMakings], OutsideStore]] = {
    "couchdb": _couchdb,
    "htpasswd": _htpasswd,
    "http": _http,
    "ldap": _ldap,
    "sql_login": _sql_login,
    "sql_table": _sql_table,
}
"""What makes each kind of outside store. Connections are opened at first use, never here."""


def _plug_in(store: Store, makings: StoreMakings) -> OutsideStore:
    return making.store(store.kind, store.settings, name=store.called, realm=makings.realm)


def credential_store(
    stores: Sequence[Store], builtin: BuiltinStore, storage: Storage, hashing_slots: Slots, hashing: Hashing, realm: str
) -> tuple[CredentialStore, Slots]:
    """All stores as one, and the slots in which it is asked."""
    if not any(store.is_outside for store in stores):
        return builtin, hashing_slots
    makings = StoreMakings(hashing_slots, hashing, realm)
    chain: list[CredentialStore] = [
        _mirrored(store, makings, storage) if store.is_outside else InSlots(builtin, hashing_slots) for store in stores
    ]
    return (chain[0] if len(chain) == 1 else Several(chain)), Slots(OUTSIDE_AT_ONCE)


def store_renewals(stores: Sequence[Store], storage: Storage, hashing: Hashing, realm: str) -> tuple[Renewal, ...]:
    """What asks those stores again that can look people up."""
    makings = StoreMakings(Slots(1), hashing, realm)  # looking up hashes nothing
    outside = [store for store in stores if store.is_outside]
    return renewals([(_mirrored(store, makings, storage), store.refresh) for store in outside], storage)


def _mirrored(store: Store, makings: StoreMakings, storage: Storage) -> Mirrored:
    return Mirrored(store.called, _MAKERS.get(store.kind, _plug_in)(store, makings), storage, os.urandom)


def rechecks(stores: Sequence[Store]) -> Mapping[str, float]:
    """For how many seconds each outside store's word is taken, by its name."""
    return {store.called: store.recheck for store in stores if store.is_outside}
