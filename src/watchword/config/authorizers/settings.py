"""`[[authorizer]]`: what says, besides roles and permissions, whether somebody may do something."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

from watchword.config.plug_ins.settings import PlugInName
from watchword.config.plug_ins.table import PlugInTable
from watchword.config.section import Section
from watchword.config.values import Text, choice

BuiltIn: TypeAlias = Literal["role", "permission", "owner"]
EffectName: TypeAlias = Literal["allow", "veto", "veto-others"]

BUILT_IN: tuple[BuiltIn, ...] = get_args(BuiltIn)


class AuthorizerSettings(Section):
    """What says, besides roles and permissions, whether somebody may do something. It is asked about requests for what
    names it: a `[[space]]`, or a `[[space.protect]]`. It proves nobody, and makes up for no scope, second factor or
    owner that a target demands."""

    name: PlugInName = Field(examples=["author"])
    """What spaces and targets name it by."""

    kind: Annotated[str, choice(*BUILT_IN, what="authorizer", plug_ins="authorizer")] = Field(examples=["owner"])
    """Whom it means: whoever has one of the `roles` (`role`), one of the `permissions` (`permission`), or the name that
    stands in the path (`owner`). Or the name of a plug-in."""

    effect: Annotated[EffectName, choice(*get_args(EffectName))] | None = Field(default=None, examples=["veto-others"])
    """What follows from that. `allow`, which holds where nothing is said: they need none of the roles and permissions
    that the target demands. `veto`: they are refused (403). `veto-others`: everybody else is."""

    roles: frozenset[Text] = Field(default=frozenset(), examples=[["editor"]])
    """For `role`: any one of these."""

    permissions: frozenset[Text] = Field(default=frozenset(), examples=[["Edit Posts"]])
    """For `permission`: any one of these."""

    owner: Text | None = Field(default=None, examples=["author"])
    """For `owner`: the `{name}` segment of the target's path that holds the name. Where a target's path has none,
    nobody is meant."""

    settings: PlugInTable | None = Field(default=None, examples=[{"open": "08:00", "close": "18:00"}])
    """The keys of a plug-in."""

    @property
    def is_built_in(self) -> bool:
        """Whether it is no plug-in."""
        return self.kind in BUILT_IN
