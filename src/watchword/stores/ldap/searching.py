"""Bind and search: a service account finds whose name it is, and a bind as that entry judges the password."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from watchword.core.principal import Instant
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.ldap.conversation import SEVERAL, Conversation, Entry
from watchword.stores.ldap.groups import Groups
from watchword.stores.ldap.passwords import sendable
from watchword.stores.ldap.people import UNKNOWN, People, identity_of, standing, usable
from watchword.stores.ldap.refusals import judged
from watchword.stores.ldap.servers import Servers
from watchword.stores.ldap.wire import Deadline


class Names(Protocol):
    """What finds people by what they call themselves."""

    def filter_for(self, name: str) -> str | None:
        """The filter; None where nobody can have this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BindAndSearch:
    """A directory in which people are searched below `base`. `timeout` is for a whole check, in seconds."""

    servers: Servers
    base: str
    people: People
    names: Names
    groups: Groups
    timeout: float = 2.0
    clock: Callable[[], Instant] = field(default=time.time, repr=False)

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`."""
        deadline = Deadline.after(self.timeout)
        name_typed = usable(name)
        found = self._found(None if name_typed is None else self.names.filter_for(name_typed), deadline)
        if isinstance(found, Denied) and found.knows:
            return found
        octets = sendable(password)
        if isinstance(found, Denied):
            if octets is not None:
                # Time must not tell who is unknown (F30): so much is asked about them, too, with nobody's password.
                self._bound(f"cn={os.urandom(8).hex()},{self.base}", os.urandom(8).hex().encode(), None, deadline)
            return found
        if octets is None:
            return Denied("unusable-password")
        return self._bound(found.dn, octets, found, deadline) or self._identity(found, deadline)

    def find(self, name: str) -> Identity | Denied:
        """See `LooksUp`."""
        deadline = Deadline.after(self.timeout)
        name_known = usable(name)
        found = self._found(None if name_known is None else self.people.filter_called(name_known), deadline)
        return found if isinstance(found, Denied) else self._identity(found, deadline)

    def _found(self, wanted: str | None, deadline: Deadline) -> Entry | Denied:
        if wanted is None:
            return UNKNOWN
        attributes = self.people.read()

        def search(conversation: Conversation) -> Entry | Denied:
            found = conversation.the_one(self.base, wanted, attributes)
            if found is SEVERAL:
                return Denied("ambiguous-name")
            return UNKNOWN if found is None else found

        return self.servers.asked(search, deadline)

    def _bound(self, dn: str, password: bytes, entry: Entry | None, deadline: Deadline) -> Denied | None:
        """Why the password is not that of this entry; None where it is."""
        with self.servers.opened(deadline) as conversation:
            return judged(conversation.bind(dn, password), entry)

    def _identity(self, entry: Entry, deadline: Deadline) -> Identity | Denied:
        denied = standing(entry, self.clock())
        if denied is not None:
            return denied
        alone = identity_of(entry, self.people, frozenset())
        if isinstance(alone, Denied) or not self.groups.roles:
            return alone
        roles = self.servers.asked(lambda asked: self.groups.roles_of(entry, alone.name, asked), deadline)
        return identity_of(entry, self.people, roles)
