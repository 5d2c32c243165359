"""Which roles the groups of a group file give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from watchword.config.values import Read, Unfit


def _mapping(value: object) -> Mapping[str, frozenset[str]]:
    """The roles of each group; they are written the other way round, as the roles are what is known here."""
    if not isinstance(value, Mapping):
        raise Unfit
    roles: dict[str, frozenset[str]] = {}
    for role, groups in value.items():
        for group in groups if isinstance(groups, list | tuple) else [groups]:
            roles[_text(group)] = roles.get(_text(group), frozenset()) | {_text(role)}
    return roles


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Unfit
    return value


RoleMapping: TypeAlias = Annotated[
    Mapping[str, frozenset[str]], Read("a table of roles, each with a list of groups", _mapping)
]
