"""What makes authorizers of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watchword.config.authorizers.settings import AuthorizerSettings
from watchword.config.plug_ins import making
from watchword.config.plug_ins.installed import PlugInRefused
from watchword.core.ask import AnswerFailed, Steps
from watchword.core.authorizer import Authorizer, Word
from watchword.core.authorizers import Effect, HasPermission, HasRole, IsOwner
from watchword.core.principal import Principal
from watchword.http.message import Request


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of an authorizer that cannot be had: what it should have a say in is answered 503 (C17)."""

    name: str

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        raise AnswerFailed("there is no such authorizer")


def authorizers_of(entries: Sequence[AuthorizerSettings], realm: str) -> Mapping[str, Authorizer]:
    """All authorizers by their names. Whatever starts has had its settings checked; one that has not is closed."""
    return {entry.name: _authorizer(entry, realm) for entry in entries}


def named(names: Sequence[str], authorizers: Mapping[str, Authorizer]) -> tuple[Authorizer, ...]:
    """Those of these names, in order."""
    return tuple(authorizers.get(name) or Missing(name) for name in names)


def _authorizer(entry: AuthorizerSettings, realm: str) -> Authorizer:
    effect = Effect(entry.effect or "allow")
    match entry.kind:
        case "role":
            return HasRole(entry.name, effect, entry.roles)
        case "permission":
            return HasPermission(entry.name, effect, entry.permissions)
        case "owner":
            return IsOwner(entry.name, effect, entry.owner or "")
        case plug_in:
            try:
                return making.authorizer(plug_in, entry.settings, name=entry.name, realm=realm)
            except (PlugInRefused, making.SettingsRefused):
                return Missing(entry.name)
