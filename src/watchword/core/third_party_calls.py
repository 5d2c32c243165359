"""What a third party's answer to a call means that was made with somebody's stored credential (C20, C21).

Whether the credential is good, its check says; here only a 401 raises the question, by what 401 means (RFC 9110 section
15.5.2). Any other answer of the provider's is the answer to the call, unless it was meant for our side of the
connection.
"""

from __future__ import annotations

from typing import Final

from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.core.third_party_answers import (
    AnyProviderAnswer,
    CheckRules,
    Invalid,
    NoProviderAnswer,
    Statuses,
    meaning,
    stored,
)
from watchword.http.relayed import Relayed

_FOR_US: Final = frozenset((407, 408, 421, 425))
"""What a provider says to whoever holds the connection (RFC 9110 sections 15.5.8, 15.5.9 and 15.5.20, RFC 8470)."""

_RULES: Final = CheckRules(
    valid=(frozenset((*range(200, 300), 304, *range(400, 500))) - _FOR_US) - {401, 429},
    invalid=frozenset((401,)),
    scope_missing=frozenset(),
    limited=frozenset((429,)),
    any_content=True,
)
"""What is relayed counts as valid. A redirect does not: no API call is answered by one, nor is it followed."""


def relayed(answer: AnyProviderAnswer, statuses: Statuses, provider: str, now: Instant) -> Relayed | Refused:
    """What the caller gets: the provider's own answer, or ours about it. Pure and total; never a 401 or a 407."""
    refused = stored(meaning(answer, _RULES, now), statuses, provider)
    if refused is not None:
        return refused
    assert not isinstance(answer, NoProviderAnswer), "what did not come means nothing valid"
    return Relayed(provider, answer.status, answer.fields, answer.content)


def shows_refusal(answer: AnyProviderAnswer, now: Instant) -> bool:
    """Whether the provider does not take the credential, for this call at least."""
    return isinstance(meaning(answer, _RULES, now), Invalid)
