"""What identity providers are asked. Each is named as it is configured; AnswerFailed is raised where it is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watchword.core.ask import Question
from watchword.core.identity_providers import CodeRefused, ProviderMetadata, RedeemedCode
from watchword.core.records import Json
from watchword.crypto.jose.key import Key
from watchword.crypto.secret import Secret


@dataclass(frozen=True, slots=True)
class FindProviderMetadata(Question[ProviderMetadata]):
    """What the provider says of itself. It may be an hour old, and a day where the provider is away."""

    provider: str


@dataclass(frozen=True, slots=True)
class FindProviderKey(Question[Key | None]):
    """The provider's key of this name, for this algorithm. A name that is not known is asked for anew, not too often.

    A token that names no key can only mean the only one.
    """

    provider: str
    kid: str | None
    algorithm: str


@dataclass(frozen=True, slots=True)
class RedeemCode(Question[RedeemedCode | CodeRefused]):
    """Redeem an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""

    provider: str
    code: Secret
    verifier: Secret
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class FindUserInfo(Question[Mapping[str, Json]]):
    """What the provider says of whom the access token stands for (OpenID Connect Core 1.0 section 5.3)."""

    provider: str
    access_token: Secret
