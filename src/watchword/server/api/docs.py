"""/docs: the OpenAPI document as a page that needs nothing from anywhere else, and no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from watchword.core.cells import CELLS
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere
from watchword.server.api.openapi import Document
from watchword.server.pages.rendered import PAGE_FIELDS, asset, rendered

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter of a route, or a member of its content."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route and method, as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    paragraphs: tuple[str, ...]
    credentials: tuple[str, ...]
    parameters: tuple[Member, ...]
    content_types: tuple[str, ...]
    content: tuple[Member, ...]
    answers: tuple[tuple[str, str], ...]


def docs_routes(document: Callable[[], Document]) -> APIRouter:
    """The document itself, the page, and its style sheet. All are made when they are first asked for."""
    router = APIRouter(tags=["documentation"])

    @cache
    def page() -> bytes:
        groups: dict[str, list[Operation]] = {}
        for operation in operations(document()):
            groups.setdefault(operation[0], []).append(operation[1])
        return rendered("docs.html", info=document()["info"], groups=groups, cells=CELLS.values())

    @cache
    def text() -> bytes:
        return bytes(JSONResponse(document()).body)

    @router.get("/openapi.json", summary="This document", openapi_extra=documented())
    async def openapi() -> Response:
        return Response(text(), media_type="application/json")

    @router.get("/docs", summary="This document as a page", response_class=Response, openapi_extra=documented())
    async def docs() -> Response:
        answer = Response(page(), media_type="text/html")
        answer.raw_headers += PAGE_FIELDS
        return answer

    @router.get("/docs/assets/{name}", include_in_schema=False)
    async def show_asset(name: str) -> Response:
        found = asset(name)
        if found is None:
            raise NotHere
        return Response(found.content, media_type=found.media_type)

    return router


def operations(document: Document) -> list[tuple[str, Operation]]:
    """Every operation, with the name of its group."""
    found: list[tuple[str, Operation]] = []
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                found.append((methods[method]["tags"][0], _operation(document, path, method, methods[method])))
    return found


def _operation(document: Document, path: str, method: str, told: Mapping[str, Any]) -> Operation:
    content: Mapping[str, Any] = told.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()))["schema"] if content else {}
    return Operation(
        anchor=f"{method}{path}".translate({ord("/"): "-", ord("{"): "", ord("}"): ""}),
        method=method.upper(),
        path=path,
        summary=told["summary"],
        paragraphs=tuple(part.strip() for part in told.get("description", "").split("\n\n") if part.strip()),
        credentials=tuple(name for scheme in told["security"] for name in scheme),
        parameters=tuple(
            Member(each["name"], _kind(each["schema"]), each.get("required", False), each.get("description", ""))
            for each in told.get("parameters", ())
        ),
        content_types=tuple(content),
        content=tuple(
            Member(name, _kind(member), name in schema.get("required", ()), member.get("description", ""))
            for name, member in schema.get("properties", {}).items()
        ),
        answers=tuple((status, each["description"]) for status, each in told["responses"].items()),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if schema.get("type") == "object":
        return "object"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(schema.get("type", ""), "any")
