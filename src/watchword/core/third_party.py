"""What is kept of somebody's credential for a third party: an API key of theirs, and what its provider said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from watchword.core.principal import Instant

CredentialState: TypeAlias = Literal["verified", "unverified", "rejected"]
"""What the provider said last: it took the credential, it was not asked or could not say, or it refused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyCredential:
    """The one credential that an account has with one provider.

    - `id` is random and public; another credential in its place has another, so that what is found out about one is
      never noted of the next.
    - `sealed` is the credential under the server's key, for this account and this provider only. `hint` is its end,
      for people: the credential itself is never shown again.
    - `provider_status` is the HTTP status that the provider answered last, if it answered.
    - `checked_at` is when the provider was last asked and could say; `verified_at` when it last took the credential.
    """

    subject: str
    provider: str
    id: str
    sealed: bytes = field(repr=False)
    hint: str
    state: CredentialState
    created_at: Instant
    provider_status: int | None = None
    checked_at: Instant | None = None
    verified_at: Instant | None = None
