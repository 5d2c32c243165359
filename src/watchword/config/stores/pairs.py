"""Stores that are each right, and together say nothing or contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.settings import Settings
from watchword.config.stores.file_pairs import STORE_FILE_CHECKS
from watchword.config.stores.ldap_pairs import LDAP_CHECKS
from watchword.config.stores.settings import StoreKind
from watchword.config.stores.sql_pairs import SQL_CHECKS


def stores_share_a_name(settings: Settings) -> Iterator[Finding]:
    """Two stores of one name."""
    for index, store in enumerate(settings.store):
        if store.called in (other.called for other in settings.store[:index]):
            yield Finding(
                ("store", index),
                f"there is a store {shown(store.called)} already, and accounts remember theirs by its name; write "
                'another one, such as name = "staff"',
                depends=(("store", index, "kind"), ("store", index, "name")),
            )


def store_is_called_like_our_own(settings: Settings) -> Iterator[Finding]:
    """An outside store with the name `builtin`."""
    for index, store in enumerate(settings.store):
        if store.is_outside and store.called == "builtin":
            yield Finding(("store", index, "name"), 'that is what our own accounts are called; write name = "staff"')


def store_s_table_is_another_kind_s(settings: Settings) -> Iterator[Finding]:
    """A store without the table of its kind, or with that of another."""
    for index, store in enumerate(settings.store):
        for kind in get_args(StoreKind):
            if not hasattr(store, kind):
                continue
            told = getattr(store, kind) is not None
            place, depends = ("store", index, kind), (("store", index, "kind"),)
            if told and store.kind != kind:
                yield Finding(place, f'nobody reads this; write kind = "{kind}" above it, or leave it out', depends)
            elif not told and store.kind == kind:
                yield Finding(place, f"is missing; write [store.{kind}] below its [[store]], with its keys", depends)


STORE_CHECKS: tuple[Check, ...] = (
    stores_share_a_name,
    store_is_called_like_our_own,
    store_s_table_is_another_kind_s,
    *LDAP_CHECKS,
    *STORE_FILE_CHECKS,
    *SQL_CHECKS,
)
"""In the order of the manual."""
