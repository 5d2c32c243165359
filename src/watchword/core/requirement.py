"""What a target demands of whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from watchword.core.authorizer import Authorizer


class Precedence(Enum):
    """Which of several presented credentials decides."""

    SESSION_FIRST = "session-first"  # in the order of the space; the first that is accepted ends the search
    DELIBERATE_FIRST = "deliberate-first"  # what was sent on purpose decides alone
    STRICT = "strict"  # all are judged, and all must prove the same principal (C28)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a target demands. The defaults demand that somebody is proven, and nothing more.

    - `public`: anonymous requests pass.
    - `mechanisms`: the names of those that may act here; None means all of the space (C12 `not-exposed`).
    - `roles`, `permissions`, `scopes`: all of them are needed (C12, C11).
    - `authorizers` may veto what is granted (C12), and stand in for roles and permissions, and for nothing else.
    - `owner`: the only subject who may, whatever the roles (C13).
    - `self_service`: a subject who may without the roles and permissions.
    - `acr`: acceptable authentication context classes; `max_age`: seconds since the proof (C15).
    - `second_factor_for`: of whoever has one of these roles a password alone proves too little (C15).
    - `hidden`: refusals look like a true 404. `login_page`: where HTML navigations are sent (C23).
    - `sets_session`: a log-in route: the Origin veto holds for safe methods too, and no pop-up is ever provoked.
    - `acts`: even a GET does more here than read: the Origin veto holds for safe methods too.
    - `ignore_invalid`: on a public target, failed credentials count as none (C02).
    - `malformed_status` (C08: 401 or 400), `apikey_status` (C09 for API keys: 401 or 400) and
      `session_expired_status` (C05: 401, or 403 while clients migrate).
    """

    public: bool = False
    mechanisms: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    authorizers: tuple[Authorizer, ...] = field(default=(), hash=False)
    owner: str | None = None
    self_service: str | None = None
    acr: frozenset[str] = frozenset()
    max_age: float | None = None
    second_factor_for: frozenset[str] = frozenset()
    precedence: Precedence = Precedence.SESSION_FIRST
    hidden: bool = False
    login_page: str | None = None
    sets_session: bool = False
    acts: bool = False
    ignore_invalid: bool = False
    malformed_status: int | None = None
    apikey_status: int | None = None
    session_expired_status: int | None = None
    plain: bool = field(init=False, repr=False, compare=False)
    """Whether nothing is demanded of whoever is proven but roles, permissions and scopes."""

    def __post_init__(self) -> None:
        plain = (
            self.precedence is not Precedence.STRICT
            and self.mechanisms is None
            and self.owner is None
            and not self.acr
            and self.max_age is None
            and not self.second_factor_for
        )
        object.__setattr__(self, "plain", plain)
