"""Errors of OAuth endpoints: the body of every answer that is not a success (RFC 6749 section 5.2)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

CONTENT_TYPE = b"application/json"

ErrorCode: TypeAlias = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",  # RFC 8707 section 2
    "unsupported_token_type",  # RFC 7009 section 2.2.1
    "temporarily_unavailable",  # section 4.1.2.1
]

# error_description = *( %x20-21 / %x23-5B / %x5D-7E )
_DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")


@dataclass(frozen=True, slots=True)
class OAuthError:
    """What is wrong, for programs and for whoever wrote the program. Nothing that was sent is repeated."""

    error: ErrorCode
    description: str

    def __post_init__(self) -> None:
        if not _DESCRIPTION.fullmatch(self.description):
            raise ValueError("a description has printable ASCII, without quotation marks and backslashes")

    def body(self) -> bytes:
        """The JSON object."""
        told = {"error": self.error, "error_description": self.description}
        return json.dumps(told, separators=(",", ":")).encode()
