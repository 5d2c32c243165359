"""What hosts have in common: what applications and routes say that they demand, and a judged request inside."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final, TypedDict, Unpack

from watchword.core.authorizer import Authorizer
from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.core.questions import Authorize
from watchword.edge.door import Judged
from watchword.edge.engine import Answered
from watchword.edge.refusal import Render, rendered
from watchword.http.merging import merged
from watchword.http.message import Fields, Request, Response


class Demands(TypedDict, total=False):
    """What `Authenticated`, `Optional` and `protect` take in every host: as in `Requirement`."""

    mechanisms: Collection[str] | None
    roles: Collection[str]
    permissions: Collection[str]
    scopes: Collection[str]
    acr: Collection[str]
    max_age: float | None
    authorize: Authorize | Authorizer | None


def of_application(*, public: bool, **demanded: Unpack[Demands]) -> Demand | None:
    """What `protect` demands: nothing of paths that a rule names, nor of any where nothing is said."""
    said = demand(public=public, **demanded)
    return None if said == Demand() else replace(said, unnamed_only=True)


VISIT: Final = "watchword.visit"
"""Where hosts keep the visit: in the scope or the environ."""


class Visit:
    """A request that was judged, on its way through an application.

    `request` is the very one that was judged, so that a route's demand does not use up anything twice. `principal` is
    who it was proven to come from, None for anonymous. `fields` are added to whatever is answered. `render` tells
    refusals where the route's own application has no way of its own. `alone`: nothing is around the application, so
    that whoever judges at the route adds the fields.
    """

    __slots__ = ("alone", "fields", "principal", "render", "request")

    def __init__(
        self,
        request: Request,
        principal: Principal | None = None,
        fields: Fields = (),
        render: Render | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self.request = request
        self.principal = principal
        self.fields = fields
        self.render = render
        self.alone = alone

    def judged(self, judged: Judged, render: Render | None = None) -> Response | None:
        """What came of a route's demand: the answer in its place, or None where the route may run.

        A refusal has all the fields that it needs, and gets no others: one that looks like nothing has to be alike.
        """
        if isinstance(judged, Answered):
            self.fields = ()
            return rendered(judged, render or self.render)
        self.principal = judged.principal
        if judged.fields != self.fields:
            self.fields = tuple(merged(self.fields, judged.fields)) if self.fields else judged.fields
        return None
