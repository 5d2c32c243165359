"""Reading what an OpenID provider says of itself (OpenID Connect Discovery 1.0 sections 3 and 4.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from watchword.core.identity_providers import ProviderMetadata
from watchword.core.records import Json
from watchword.http.origin import origin_of

LONGEST_ENDPOINT = 2048
"""In characters."""

# A URL that goes into a Location field and onto a request line: visible ASCII, neither fragment nor backslash.
_URL = re.compile(r"(?P<origin>https?://[^/?#@\\]+)(?:[/?][!-\"$-\[\]-~]*)?")


class MetadataRefused(ValueError):
    """It cannot be used. The message says why, and repeats nothing of it."""


def read_metadata(
    told: Mapping[str, Json], *, expected_issuer: str, private_hosts: Collection[str] = ()
) -> ProviderMetadata:
    """The metadata of the provider with this issuer: the same, character for character (ASVS 10.5.3).

    Endpoints are https, or http on one of `private_hosts`.

    Raises:
        MetadataRefused: where that is not so, or an endpoint is missing.
    """
    if told.get("issuer") != expected_issuer:
        raise MetadataRefused("it is another issuer's")

    def endpoint(name: str) -> str | None:
        value = told.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not is_endpoint(value, private_hosts):
            raise MetadataRefused(f"its {name} is no URL that may be used")
        return value

    def needed(name: str) -> str:
        value = endpoint(name)
        if value is None:
            raise MetadataRefused(f"it has no {name}")
        return value

    return ProviderMetadata(
        issuer=expected_issuer,
        authorization_endpoint=needed("authorization_endpoint"),
        token_endpoint=needed("token_endpoint"),
        jwks_uri=needed("jwks_uri"),
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        end_session_endpoint=endpoint("end_session_endpoint"),
        tells_issuer=told.get("authorization_response_iss_parameter_supported") is True,
    )


def is_endpoint(url: str, private_hosts: Collection[str] = ()) -> bool:
    """Whether people and codes may be sent there."""
    match = _URL.fullmatch(url)
    origin = None if match is None else origin_of(match["origin"])
    if origin is None or len(url) > LONGEST_ENDPOINT:
        return False
    scheme, _, authority = origin.partition("://")
    host = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return scheme == "https" or host in private_hosts
