"""Problem details: the body of every error (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TypeAlias

CONTENT_TYPE = b"application/problem+json"

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

_MEMBERS = ("type", "title", "status", "detail", "instance", "code", "cell")


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, for programs (`type`, `code`, `cell`) and for people (`title`, `detail`).

    `instance` names this occurrence. `code` is stable; `cell` is the row of the decision table, None for what is
    not authentication. `extra` holds further members.
    """

    type: str
    title: str
    _: KW_ONLY
    status: int
    detail: str | None = None
    instance: str | None = None
    code: str | None = None
    cell: str | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    def __post_init__(self) -> None:
        if not self.extra.keys().isdisjoint(_MEMBERS):
            raise ValueError("A further member cannot have the name of a standard one.")

    def members(self) -> Mapping[str, JsonValue]:
        """The standard members in their order, without those that are None, and the further ones."""
        standard = {name: value for name in _MEMBERS if (value := getattr(self, name)) is not None}
        return {**standard, **self.extra}

    def body(self) -> bytes:
        """The problem as compact JSON in UTF-8."""
        return _compact(self.members()).encode("utf-8", "replace")


# json.dumps would make an encoder each time.
_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
