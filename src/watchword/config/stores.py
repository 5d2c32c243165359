"""`[[store]]`: who may say that a password is somebody's."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config import later
from watchword.config.section import Section
from watchword.config.values import Duration, Read, Unfit, choice

StoreKind: TypeAlias = Literal["builtin"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


StoreName: TypeAlias = Annotated[str, Read("lower-case letters, digits and hyphens, at most 64", _name)]


class Store(Section):
    """Who may say that a password is somebody's. Stores are asked in the order in which they stand here; a name
    belongs to the first that knows it, and where one cannot be reached, those after it are not asked. Where no store
    is named, the accounts in the storage are asked. What a kind needs to know stands in a table of its name, such as
    `[store.ldap]`."""

    kind: Annotated[StoreKind, choice("builtin", later=later.STORES, what="store")] = Field(
        default="builtin", examples=["builtin"]
    )
    """`builtin`: the accounts in the storage."""

    name: StoreName | None = Field(default=None, examples=["staff"])
    """What accounts remember it by; its kind where nothing is said. An account belongs to the store that proved it
    first, under this name: give the store another one, and nobody whom it proved before can come in."""

    recheck: Duration = Field(default="1m", validate_default=True, examples=["10s"])
    """For how long a password that was right is taken without asking the store again, so that a client that sends its
    own each time is quick. What is changed in the store counts no later than that for such clients. Not for `builtin`,
    whose changes count at once."""

    @property
    def called(self) -> str:
        """Its name, whether it was given one or not."""
        return self.name or self.kind

    @property
    def is_outside(self) -> bool:
        """Whether the passwords are kept by somebody else."""
        return self.kind != "builtin"
