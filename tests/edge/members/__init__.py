"""The members of the scenario suite: every host, protecting as a whole and at its routes, and the server's own doors.

Each answers a request as it stands on the wire. Its application answers what it saw, so that the suite knows that, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from tests.edge.house import House
from tests.edge.members.application import Ask, Build
from tests.edge.members.django_sites import around_django, django_in_threads, django_on_loop, drf_site
from tests.edge.members.in_threads import asked_by_wsgi, flask_application, wsgi_application
from tests.edge.members.of_server import decide, verify
from tests.edge.members.on_loop import (
    asgi_application,
    asked_by_asgi,
    fastapi_application,
    litestar_application,
    quart_application,
    starlette_application,
)
from tests.edge.scenarios import WHOLE, Scenario

Arrangement: TypeAlias = Literal["protect", "route", "server"]
EDGE = Path(__file__).parents[3] / "src" / "watchword" / "edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`host` is the module of `watchword.edge`. `silent_on` are fields that the door has of its own."""

    host: str
    name: str
    arrangement: Arrangement
    build: Build
    silent_on: frozenset[str] = frozenset()

    def takes(self, scenario: Scenario) -> bool:
        """Whether this can be said to the member at all: the server knows rules, and no routes of applications."""
        if self.arrangement == "server":
            return scenario.at_route is None and not scenario.whole
        return self.arrangement == "protect" or not scenario.whole


HOSTS: Mapping[str, tuple[str, Build]] = {
    "asgi": ("asgi", asked_by_asgi(asgi_application)),
    "wsgi": ("wsgi", asked_by_wsgi(wsgi_application)),
    "starlette": ("starlette", asked_by_asgi(starlette_application)),
    "fastapi": ("fastapi", asked_by_asgi(fastapi_application)),
    "litestar": ("litestar", asked_by_asgi(litestar_application)),
    "quart": ("quart", asked_by_asgi(quart_application)),
    "flask": ("flask", asked_by_wsgi(flask_application)),
    "django": ("django", django_in_threads),
    "django-async": ("django", django_on_loop),
    "drf": ("drf", drf_site),
}
"""Each host by the name of the member, with its module in `watchword.edge`."""

MEMBERS: tuple[Member, ...] = (
    *(Member(host=host, name=name, arrangement="protect", build=build) for name, (host, build) in HOSTS.items()),
    *(
        Member(host=host, name=f"{name}-route", arrangement="route", build=build)
        for name, (host, build) in HOSTS.items()
    ),
    Member(host="django", name="django-around", arrangement="protect", build=around_django),
    Member(host="", name="verify", arrangement="server", build=verify, silent_on=frozenset(("cache-control",))),
    Member(host="", name="decide", arrangement="server", build=decide),
)


def hosts_there_are() -> set[str]:
    """The modules of `watchword.edge` that let applications `protect`, whatever their names."""
    told = re.compile(r'^(async )?def protect\(|^    "protect",$', re.MULTILINE)
    return {
        path.parent.name if path.name == "__init__.py" else path.stem
        for path in EDGE.glob("**/*.py")
        if told.search(path.read_text("utf-8"))
    }


def built(member: Member, house: House, scenario: Scenario) -> Ask:
    """The member's application for this scenario."""
    return member.build(house, member.arrangement == "protect", WHOLE[scenario.whole])
