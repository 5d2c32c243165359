"""A principal as Django and its REST framework expect the user of a request. It is no record of a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watchword.core.principal import Principal


@dataclass(frozen=True, slots=True)
class ProvenUser:
    """Somebody who was proven. Permissions are those of the principal; nobody is staff, whom the admin would let in."""

    principal: Principal

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __str__(self) -> str:
        return self.principal.subject

    @property
    def username(self) -> str:
        return self.principal.subject

    @property
    def pk(self) -> str:
        """What throttles count by."""
        return self.principal.subject

    def get_username(self) -> str:
        return self.principal.subject

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Whether the principal has the permission; of single objects nothing is known here."""
        return obj is None and permission in self.principal.permissions

    def has_perms(self, permissions: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(permission, obj) for permission in permissions)
