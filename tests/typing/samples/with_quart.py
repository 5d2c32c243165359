"""Quart: views, and a blueprint."""

from __future__ import annotations

from typing import assert_type

from library import as_text, full, who_is
from quart import Blueprint, Quart

from watchword import Principal
from watchword.edge.quart import Authenticated, Optional, on_refusal, principal, protect

application = protect(Quart(__name__), full)
assert_type(application, Quart)
beds = protect(Blueprint("beds", __name__), full, roles={"clerk"})
assert_type(beds, Blueprint)


@application.get("/patients")
@Authenticated(full, roles={"clerk"})
async def patients() -> str:
    assert_type(principal(), Principal | None)
    return who_is(principal())


@application.get("/news/<int:number>")
@Optional(full)
async def news(number: int) -> str:
    return f"{number} for {who_is(principal())}"


on_refusal(application, as_text)
