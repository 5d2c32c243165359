"""Direct bind: the name of the entry is made of what was typed, and whoever is let in reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from watchword.core.ask import AnswerFailed
from watchword.core.principal import Instant
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.ldap.conversation import Conversation
from watchword.stores.ldap.groups import Groups
from watchword.stores.ldap.passwords import sendable
from watchword.stores.ldap.people import UNKNOWN, People, identity_of, standing, usable
from watchword.stores.ldap.refusals import judged
from watchword.stores.ldap.servers import Servers
from watchword.stores.ldap.text import in_dn
from watchword.stores.ldap.wire import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectBind:
    """A directory in which everybody's entry is called alike: `user_dn` is that name, with `{name}` in it.

    It cannot tell an unknown name from a wrong password, since no server does.
    """

    servers: Servers
    user_dn: str
    people: People
    groups: Groups
    timeout: float = 2.0
    clock: Callable[[], Instant] = field(default=time.time, repr=False)

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`."""
        usable_name, octets = usable(name), sendable(password)
        if usable_name is None:
            return UNKNOWN
        if octets is None:
            return Denied("unusable-password", knows=False)
        with self.servers.opened(Deadline.after(self.timeout)) as conversation:
            return self._proven(self.user_dn.replace("{name}", in_dn(usable_name)), octets, conversation)

    def _proven(self, dn: str, password: bytes, conversation: Conversation) -> Identity | Denied:
        denied = judged(conversation.bind(dn, password))
        if denied is not None:
            return Denied(denied.reason, knows=False)
        entry = conversation.read(dn, self.people.read())
        if entry is None:
            # How the directory writes the name is not known then, and taking the typed one would make one person two.
            raise AnswerFailed(f"{conversation.server} does not let people read their own entries; grant them that")
        denied = standing(entry, self.clock())
        if denied is not None:
            return denied
        alone = identity_of(entry, self.people, frozenset())
        if isinstance(alone, Denied):
            return alone
        return identity_of(entry, self.people, self.groups.roles_of(entry, alone.name, conversation))
