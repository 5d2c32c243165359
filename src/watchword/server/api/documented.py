"""What a route says of itself for OpenAPI, beyond what its rule and its types say already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.server.api.content import FORM_TYPE, JSON_TYPE, Content

CELLS_KEY = "x-cells"
PROBLEMS_KEY = "x-problems"
OAUTH_ERRORS_KEY = "x-oauth-errors"

_OF_CONTENT = ("malformed-content", "content-too-large", "unsupported-content", "invalid-content")

ANY_OBJECT: Mapping[str, Any] = {"type": "object", "additionalProperties": True}


def documented(
    *,
    content: type[Content] | Mapping[str, Any] | None = None,
    forms: bool = False,
    cells: tuple[str, ...] = (),
    problems: tuple[str, ...] = (),
    oauth_errors: tuple[str, ...] = (),
) -> dict[str, Any]:
    """For `openapi_extra`: the content that a route takes (a model or a schema), the cells of the decision table that
    it can end in beside those of its rule, and the codes of its own errors, as problems or as OAuth tells them."""
    told = {CELLS_KEY: list(cells), OAUTH_ERRORS_KEY: list(oauth_errors)}
    if content is None:
        return {**told, PROBLEMS_KEY: list(problems)}
    schema = {"schema": content.model_json_schema() if isinstance(content, type) else dict(content)}
    # OAuth has no codes for what is wrong with the content.
    of_content = () if oauth_errors else _OF_CONTENT
    return {
        **told,
        PROBLEMS_KEY: [*of_content, *problems],
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: schema, FORM_TYPE: schema} if forms else {JSON_TYPE: schema},
        },
    }
