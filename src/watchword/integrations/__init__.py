"""Credentials that an application's users have with third parties: verified there, kept sealed, and called with.

The server's own `/integrations` as a library. An answer of the third party about its credential is never an answer
about the log-in here, whoever turns these values into responses.
"""

from __future__ import annotations

from watchword.core.third_party import CredentialState, ThirdPartyCredential
from watchword.core.third_party_answers import (
    AnyProviderAnswer,
    CheckRules,
    Meaning,
    MemberRules,
    NoProviderAnswer,
    ProviderAnswer,
    Statuses,
    meaning,
    stored,
    submitted,
)
from watchword.core.third_party_calls import relayed
from watchword.http.relayed import Relayed
from watchword.integrations.desk import Desk, NoSuchAccount, Submitted
from watchword.integrations.kept import Kept, MemoryKept
from watchword.integrations.provider import Provider
from watchword.integrations.refusal import Refusal

__all__ = [
    "AnyProviderAnswer",
    "CheckRules",
    "CredentialState",
    "Desk",
    "Kept",
    "Meaning",
    "MemberRules",
    "MemoryKept",
    "NoProviderAnswer",
    "NoSuchAccount",
    "Provider",
    "ProviderAnswer",
    "Refusal",
    "Relayed",
    "Statuses",
    "Submitted",
    "ThirdPartyCredential",
    "meaning",
    "relayed",
    "stored",
    "submitted",
]
