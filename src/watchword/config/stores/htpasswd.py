"""`[store.htpasswd]`: a password file as Apache's `htpasswd` writes it."""

from __future__ import annotations

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.stores.role_mapping import RoleMapping
from watchword.config.values import Duration
from watchword.stores.asking.slots import Slots
from watchword.stores.htpasswd import HtpasswdStore


class HtpasswdSettings(Section):
    """A password file as Apache's `htpasswd` writes it, for a store of the kind `htpasswd`. It is looked at for each
    password that is checked, and read anew when it was changed; nobody is denied by a file that is missing, empty or
    half-written (503). bcrypt, `$apr1$`, `{SHA}` and the SHA-256 and SHA-512 of crypt are taken; a line with DES crypt
    or plain text lets nobody in."""

    file: File = Field(examples=["/etc/apache2/users"])
    """The password file. A relative name begins at the configuration file."""

    groups_file: File | None = Field(default=None, examples=["/etc/apache2/groups"])
    """Who is in which group, as Apache's `AuthGroupFile` says it: lines such as `clerks: ann bob`."""

    roles: RoleMapping | None = Field(default=None, examples=[{"clerk": ["clerks", "nurses"]}])
    """Roles, each with the groups that give it; other groups give none. Where this table is left out, each group gives
    the role of its name."""

    timeout: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """For how long a file that is being written is waited for."""

    def made(self, slots: Slots) -> HtpasswdStore:
        """The store, which hashes in these slots."""
        return HtpasswdStore(self.file, slots=slots, groups=self.groups_file, roles=self.roles, patience=self.timeout)
