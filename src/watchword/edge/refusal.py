"""A refusal as applications see it, who may render it in a way of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from watchword.edge.engine import Answered
from watchword.http.message import Fields, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is answered in place of the application.

    Status, challenges and all other fields are the decision table's, and stay what they are; only the content can be
    told otherwise. `code` and `cell` are stable. Of a target that is to look like nothing, it is a plain 404.
    """

    status: int
    code: str
    cell: str
    title: str
    detail: str
    fields: Fields
    content: bytes

    def told_as(self, media_type: str, content: bytes) -> Response:
        """The same refusal with other content, whose own policy the page may say."""
        others = (line for line in self.fields if line[0] not in (b"content-type", b"content-security-policy"))
        return Response(self.status, ((b"content-type", media_type.encode("latin-1")), *others), content)


class Render(Protocol):
    """Tells a refusal in a way of the application's own: the media type and the content; None leaves it as it is."""

    def __call__(self, refusal: Refusal) -> tuple[str, bytes] | None: ...


def refusal_of(answered: Answered) -> Refusal:
    """The refusal as the application may see it."""
    response, refused = answered.response, answered.refused
    told = ("not-found", "", "Not Found", "There is nothing here.")
    if not refused.hidden:
        told = (refused.code, refused.cell, refused.title, refused.detail)
    code, cell, title, detail = told
    return Refusal(
        status=response.status,
        code=code,
        cell=cell,
        title=title,
        detail=detail,
        fields=response.fields,
        content=response.body,
    )


def rendered(answered: Answered, render: Render | None) -> Response:
    """The answer, as `render` tells it. Where there is no content, as in a preflight's answer, there is nothing to
    tell."""
    if render is None or not answered.response.body:
        return answered.response
    refusal = refusal_of(answered)
    told = render(refusal)
    return answered.response if told is None else refusal.told_as(*told)
