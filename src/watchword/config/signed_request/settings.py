"""`[signed_request]`: what is asked of requests that were signed with an access key."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.section import Section
from watchword.config.values import Read, Unfit, choice, whole
from watchword.tokens.signed_request import SignaturePolicy

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


ScopeName: TypeAlias = Annotated[str, Read("letters, digits, hyphens and underscores, at most 64", _name)]
UnsignedPayload: TypeAlias = Literal["refuse", "allow"]
Replay: TypeAlias = Literal["refuse", "allow-safe"]


class SignedRequestSettings(Section):
    """Requests signed with an access key (AWS Signature Version 4), for the mechanism `signed-request`."""

    region: ScopeName | None = Field(default=None, examples=["eu-1"])
    """The region that signatures must name; any where nothing is said."""

    service: ScopeName | None = Field(default=None, examples=["clinic"])
    """The service that signatures must name; any where nothing is said."""

    unsigned_payload: Annotated[UnsignedPayload, choice("refuse", "allow")] = Field(
        default="refuse", examples=["allow"]
    )
    """Whether content may pass that the signature does not cover (`UNSIGNED-PAYLOAD`), or that the server has not seen:
    where a proxy asks about a request, only whoever gets its content can compare it with the hash that was signed.
    `refuse` lets only requests without content pass there."""

    replay: Annotated[Replay, choice("refuse", "allow-safe")] = Field(default="refuse", examples=["allow-safe"])
    """Whether a signature is good once (`refuse`), or for as long as it lives where the method is safe (`allow-safe`):
    then who gets hold of a GET can repeat it for some minutes, and two equal ones in one second both pass."""

    most_content: Annotated[int, whole(1024, 64 * 1024 * 1024)] = Field(default=262_144, examples=[1_048_576])
    """How many bytes of content are read, at most, before a signed request is judged. What has more counts as content
    that the server has not seen."""

    @property
    def policy(self) -> SignaturePolicy:
        """The same, as requests are judged by it."""
        return SignaturePolicy(
            region=self.region,
            service=self.service,
            allow_unsigned=self.unsigned_payload == "allow",
            repeat_safe=self.replay == "allow-safe",
        )
