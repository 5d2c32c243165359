"""The library itself, as applications use it."""

from __future__ import annotations

from typing import assert_type

from watchword import Principal, Requirement, Watchword
from watchword.core.space import Rule
from watchword.edge.refusal import Refusal

rules = [Rule(path="/public/*", requirement=Requirement(public=True))]
verifying = Watchword(url="https://auth.example.com", rules=rules, audience="https://api.example.com", strict=False)
full = Watchword.from_config("watchword.toml", data="data")
assert_type(full, Watchword)
assert_type(verifying.ready(), bool)


def who_is(principal: Principal | None) -> str:
    return "nobody" if principal is None else f"{principal.subject} of {', '.join(principal.roles)}"


def as_text(refusal: Refusal) -> tuple[str, bytes] | None:
    return ("text/plain", f"{refusal.status} {refusal.code}".encode()) if refusal.cell != "C15" else None


verifying.close()
