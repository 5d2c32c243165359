"""An authorizer: nobody may do anything while the reading room is closed, but for those who work there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from watchword.config.plug_ins.ports import Given
from watchword.config.section import Section
from watchword.config.values import Read, Text, Unfit
from watchword.core.authorizer import Authorizer, Word
from watchword.core.authorizer_function import by_function
from watchword.core.principal import Principal
from watchword.http.message import Request

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hour(value: object) -> time:
    if not isinstance(value, str):
        raise Unfit
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise Unfit from None


def _zone(value: object) -> ZoneInfo:
    if not isinstance(value, str):
        raise Unfit
    try:
        return ZoneInfo(value)
    except (ValueError, OSError):
        raise Unfit from None


def _day(value: object) -> str:
    if not isinstance(value, str) or value not in DAYS:
        raise Unfit
    return value


class OpeningHours(Section):
    """When the reading room is open."""

    open: Annotated[time, Read("a time of day", _hour)] = Field(examples=["09:00"])
    """From when."""

    close: Annotated[time, Read("a time of day", _hour)] = Field(examples=["18:00"])
    """Until when."""

    days: tuple[Annotated[str, Read("mon, tue, wed, thu, fri, sat or sun", _day)], ...] = Field(
        default=DAYS, examples=[["mon", "tue"]]
    )
    """On which days."""

    time_zone: Annotated[ZoneInfo, Read("a time zone", _zone)] = Field(
        default=ZoneInfo("UTC"), examples=["Europe/Vienna"]
    )
    """Where."""

    staff: Text = Field(default="staff", examples=["librarian"])
    """The role of those who may come at any time."""


class OpeningHoursPlugIn:
    """The entry point."""

    Settings = OpeningHours

    @staticmethod
    def make(settings: OpeningHours, given: Given) -> Authorizer:
        # It only looks at the clock, so it need not be asked in a thread.
        return by_function(authorize(settings, given.clock), name=given.name, quick=True)


def authorize(hours: OpeningHours, clock: Callable[[], float]) -> Callable[[Principal | None, Request], Word | None]:
    """The function that is asked about each request."""

    def says(principal: Principal | None, request: Request) -> Word | None:
        if principal is not None and hours.staff in principal.roles:
            return None
        now = datetime.fromtimestamp(clock(), hours.time_zone)
        is_open = DAYS[now.weekday()] in hours.days and hours.open <= now.time() < hours.close
        return None if is_open else Word.VETO

    return says
