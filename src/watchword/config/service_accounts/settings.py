"""`[[service_account]]`: programs that are known from the configuration alone, without any account in the storage."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Read, Text, Unfit
from watchword.core.names import NameRefused, account_name
from watchword.core.principal import Instant
from watchword.tokens.api_key import is_scope

EXAMPLE = "0123456789abcdef" * 4
"""Stands in the manual. pairs.py refuses it: it is no key's (F40)."""

SUBJECT = "service:"
"""Before the names of service accounts, where they are subjects. No account has a colon in its name."""

_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{64}")
_HOW = "`watchword hash --key` reads the key from standard input and prints it"


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    try:
        return account_name(value)
    except NameRefused as error:
        raise ValueError(f"cannot be used: {error}") from None


def _fingerprint(value: object) -> bytes:
    if not isinstance(value, str):
        raise Unfit
    if not _FINGERPRINT.fullmatch(value):  # it may be the key itself, so it is not quoted
        raise ValueError(f"is no SHA-256 in hexadecimal; write the key's fingerprint, never the key: {_HOW}")
    return bytes.fromhex(value)


def _scope(value: object) -> str:
    if not isinstance(value, str) or not is_scope(value):
        raise Unfit
    return value


def _moment(value: object) -> Instant:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Unfit from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit
    return value.timestamp()


ServiceName: TypeAlias = Annotated[str, Read("a name as accounts may have", _name)]
Fingerprint: TypeAlias = Annotated[bytes, Read("a SHA-256 in hexadecimal", _fingerprint)]
Scope: TypeAlias = Annotated[str, Read("a scope: visible ASCII, no quotation mark, no backslash", _scope)]
Moment: TypeAlias = Annotated[float, Read("a point in time with its offset", _moment)]


class ServiceAccount(Section):
    """A program that may call without an account in the storage, by one fixed API key (`X-API-Key`).

    Its subject is `service:<name>`, so that no account can be taken for it. It has either a `key_fingerprint` or a
    `key_file`. Changes hold when the server is started again.
    """

    name: ServiceName = Field(examples=["reporter"])
    """What it is called. Two service accounts of one name are one program with two keys, while one replaces the
    other."""

    key_fingerprint: Fingerprint | None = Field(default=None, examples=[EXAMPLE])
    """The SHA-256 of its key, in hexadecimal: `watchword hash --key` prints it. The key itself is refused here, and so
    is the example."""

    key_file: File | None = Field(default=None, examples=["reporter.key"])
    """A file with the key itself and nothing else, readable for nobody but its owner, in place of a fingerprint: for
    systems that hand secrets out as files."""

    roles: frozenset[Text] = Field(default=frozenset(), examples=[["service"]])
    """Its roles."""

    permissions: frozenset[Text] = Field(default=frozenset(), examples=[["View Patients"]])
    """Its permissions."""

    scopes: frozenset[Scope] | None = Field(default=None, examples=[["patients:read"]])
    """The scopes of its key; where nothing is said it may do all that its roles allow."""

    expires_at: Moment | None = Field(default=None, examples=["2027-01-31T12:00:00Z"])
    """When its key expires; never where nothing is said."""

    @property
    def subject(self) -> str:
        """The subject of its principals."""
        return SUBJECT + self.name
