"""What hosts have in common: what applications and routes say that they demand, and a judged request inside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Final, TypeAlias, TypedDict, Unpack
from urllib.parse import quote_from_bytes, unquote_to_bytes

from watchword.core.authorizer import Authorizer
from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.core.questions import Authorize
from watchword.edge.door import Door, Judged
from watchword.edge.engine import Answered
from watchword.edge.refusal import Render, rendered
from watchword.http.merging import merged
from watchword.http.message import Fields, Request, Response
from watchword.http.target import Ambiguous

PATH_CHARACTERS: Final = "/!$&'()*+,;=:@~"
"""What stands in a path as it is (RFC 3986 section 3.3), besides letters, digits, `-`, `.` and `_`."""

Reading: TypeAlias = Callable[[Request], Request]
"""How an application reads a request: with the path that it takes it for."""


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


def with_or_without_slash(door: Door, request: Request) -> Request:
    """The request as applications read it that serve `/a/` as they serve `/a` (F22)."""
    bare = request.path.removesuffix(b"/")
    return request if not bare or bare.endswith(b"/") else _as_named(door, request, ((bare, 0), (bare + b"/", 0)))


def with_or_without_root(door: Door, request: Request, root: str) -> Request:
    """The request as applications read it that serve `/a` as they serve `/root/a` (F22)."""
    path, prefix = unquote_to_bytes(request.path), root.encode()
    below = path.removeprefix(prefix) if path == prefix or path.startswith(prefix + b"/") else path
    return _as_named(door, request, ((_quoted(prefix + below), root.count("/")), (_quoted(below or b"/"), 0)))


def _as_named(door: Door, request: Request, spellings: Iterable[tuple[bytes, int]]) -> Request:
    """The request by that of these paths which a rule names the closest, so that what a rule says of one holds for all;
    by the first of several. It is refused where it would be by any of them.

    With each path stands how many of its first segments the others have not, so that naming those is not closer.
    """
    asked = door.protection.find(request)
    if isinstance(asked, Ambiguous):
        return request
    found, closest = request, tuple[int, ...]()
    for spelled, without in spellings:
        read = request.taken_as(spelled)
        target = door.protection.find(read)
        if isinstance(target, Ambiguous):
            return read
        if target.named and (found is request or target.closeness(without) > closest):
            found, closest = read, target.closeness(without)
    return request if found is request or door.protection.find(found) == asked else found


def _quoted(path: bytes) -> bytes:
    return quote_from_bytes(path, PATH_CHARACTERS).encode("ascii")


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
