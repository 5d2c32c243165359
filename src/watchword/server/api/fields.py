"""The types of members that several routes take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, StringConstraints, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from watchword.crypto.secret import Secret
from watchword.http.sent_credential import LONGEST_CREDENTIAL


@dataclass(frozen=True, slots=True)
class _AsSecret:
    """Text of at most so many characters that becomes a Secret at once, so that no repr of the content shows it."""

    longest: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(Secret, core_schema.str_schema(max_length=self.longest))


PasswordText = Annotated[
    Secret, _AsSecret(), WithJsonSchema({"type": "string", "format": "password", "writeOnly": True})
]
"""A password, old or new. What a new one must be like is the policy's to say."""

CodeText = Annotated[Secret, _AsSecret(100), WithJsonSchema({"type": "string", "maxLength": 100, "writeOnly": True})]
"""The code of a second factor, in whatever grouping."""

TokenText = Annotated[Secret, _AsSecret(4096), WithJsonSchema({"type": "string", "maxLength": 4096, "writeOnly": True})]
"""A token that came with an earlier answer."""

CredentialText = Annotated[
    Secret,
    _AsSecret(LONGEST_CREDENTIAL),
    WithJsonSchema({"type": "string", "format": "password", "maxLength": LONGEST_CREDENTIAL, "writeOnly": True}),
]
"""A credential for a third party."""

NameText = Annotated[str, StringConstraints(max_length=1024)]
"""What may be somebody's name. What a name must be like is said in `core.names`."""

AddressText = Annotated[str, StringConstraints(max_length=1024)]
"""What may be an e-mail address. What one must be like is said in `core.mail`."""

_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"

Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_NO_CONTROLS)]
"""A role, a permission, or the key of an attribute."""

Labels = Annotated[list[Label], Field(max_length=100)]

Attributes = Annotated[dict[Label, Annotated[str, StringConstraints(max_length=1000)]], Field(max_length=50)]
"""What else is known of an account."""
