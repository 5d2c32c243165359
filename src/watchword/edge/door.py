"""Where an application's requests come in: what every host asks of the engine, on an event loop or in a thread."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from watchword.core.ask import Steps
from watchword.core.demand import Demand
from watchword.core.space import Protection
from watchword.edge.content import Contents
from watchword.edge.drive import Waiting
from watchword.edge.engine import Admitted, Answered, Engine
from watchword.http.message import Request

Judged: TypeAlias = Admitted | Answered


@dataclass(frozen=True, slots=True)
class Door:
    """An engine, and what it protects. A host makes a `Request` of what its framework tells, and asks here."""

    engine: Engine
    protection: Protection
    contents: Contents = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "contents", Contents(self.protection.spaces))

    def steps(self, request: Request, demand: Demand | None = None) -> Steps[Judged]:
        """What there is to do to judge a request."""
        return self.engine.judge(request, self.protection, demand)

    def judge(self, request: Request, demand: Demand | None = None) -> Judged:
        """Whether the request may pass, waiting in place for what has to be waited for.

        Without a demand the rules decide. A request that was judged may be judged again for a demand: nothing that
        may be used once is used up twice.
        """
        return self.engine.run(self.steps(request, demand))

    def begin(self, request: Request, demand: Demand | None = None) -> Judged | Waiting[Judged]:
        """The same on an event loop, as far as it goes without waiting: mostly all the way."""
        return self.engine.begin(self.steps(request, demand))

    def finish(self, waiting: Waiting[Judged]) -> Coroutine[None, None, Judged]:
        """Wait for what was begun."""
        return self.engine.finish(waiting)

    async def ajudge(self, request: Request, demand: Demand | None = None) -> Judged:
        """`begin`, and `finish` where that is needed."""
        judged = self.begin(request, demand)
        return await self.finish(judged) if isinstance(judged, Waiting) else judged


class Doors(Protocol):
    """What hosts need of a `Watchword`: a door for each way of waiting."""

    @property
    def on_loop(self) -> Door:
        """For one event loop."""
        ...

    @property
    def in_threads(self) -> Door:
        """For threads that wait in place."""
        ...
