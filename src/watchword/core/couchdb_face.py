"""The face of the decision table at CouchDB's own routes (C24): the same decision, told in CouchDB's members."""

from __future__ import annotations

import json
from collections.abc import Mapping

from watchword.core.decision import Refused

UNAUTHORIZED = "unauthorized"

_ERRORS: Mapping[str, str] = {
    "C10": "bad_request",
    "C11": "forbidden",
    "C12": "forbidden",
    "C13": "forbidden",
    "C14": "forbidden",
    "C16": "too_many_requests",
    "C17": "service_unavailable",
    "C18": "request_header_fields_too_large",
    "C28": "bad_request",
}
"""CouchDB's name for each cell; of the others, that of its 401."""

_REASONS: Mapping[str, str] = {
    "C03": "Please login.",
    "C07": "Name or password is incorrect.",
}
"""CouchDB's own sentences; of the others, those that belong to the code."""


def couchdb_body(refused: Refused) -> bytes:
    """The content of the answer to a refused request. Its status and its challenges are the table's."""
    error = _ERRORS.get(refused.cell, UNAUTHORIZED)
    return couchdb_error(error, _REASONS.get(refused.cell) or refused.detail or refused.title)


def couchdb_error(error: str, reason: str) -> bytes:
    """An error as CouchDB writes them, with the line feed that ends its JSON."""
    return json.dumps({"error": error, "reason": reason}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
