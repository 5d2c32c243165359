"""Calls of a third party's API with the credential that an account stored for it (S1.2 to S1.4).

A credential that the provider has refused is not tried again, until another is in its place or a check finds it good:
some providers lock accounts out after too many tries. That it is refused, its check says: a 401 to a call may be about
the call's path alone. One that was never verified is verified first, since an answer to a call can come from where no
credential is asked for, and so proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.core.providers import Calls, Provider
from watchword.core.questions.providers import CallProvider
from watchword.core.third_party import ThirdPartyCredential
from watchword.core.third_party_answers import (
    AnyProviderAnswer,
    Down,
    Invalid,
    Limited,
    NoProviderAnswer,
    ProviderAnswer,
    ScopeMissing,
    Valid,
    refused_before,
    stored,
)
from watchword.core.third_party_calls import relayed, shows_refusal
from watchword.flows.third_party_keys import Checked, opened_credential, show, verify
from watchword.http.message import Fields
from watchword.http.relayed import Relayed, Unrelayable, sent_fields, url_below


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is called. `path` begins with a slash; `fields` are the caller's, of which few go out."""

    method: str
    path: bytes
    query: bytes = field(default=b"", repr=False)
    fields: Fields = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class NoCredential:
    """The account has stored none for this provider."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The method is not relayed; these are."""

    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The content has more bytes than so many."""

    most: int


NotSent: TypeAlias = NoCredential | NotAllowed | TooMuch | Unrelayable
"""Why nothing was sent at all."""


def call(
    subject: str, wanted: Wanted, *, provider: Provider, calls: Calls, now: Instant
) -> Steps[Relayed | Refused | NotSent]:
    """The provider's answer; ours about it (C20, C21); or why nothing was sent."""
    if wanted.method not in calls.methods:
        return NotAllowed(calls.methods)
    if len(wanted.content) > calls.largest:
        return TooMuch(calls.largest)
    url = url_below(calls.url, wanted.path, wanted.query, provider.carrier)
    if isinstance(url, Unrelayable):
        return url
    kept = yield from show(subject, provider)
    if kept is None:
        return NoCredential()
    if kept.state == "unverified":
        verified = yield from _verified(kept, provider, now)
        if verified is None:
            return NoCredential()
        if isinstance(verified, Refused):
            return verified
        kept = verified
    if kept.state == "rejected":
        return refused_before(provider.statuses, provider.name, kept.provider_status)
    credential = yield from opened_credential(kept)
    if credential is None:
        return refused_before(provider.statuses, provider.name, None)
    fields = sent_fields(wanted.fields)
    question = CallProvider(subject, provider.name, credential, wanted.method, url, fields, wanted.content)
    answer = yield from _answer(question)
    if isinstance(answer, ProviderAnswer) and shows_refusal(answer, now):
        return (yield from _refused(kept, answer.status, provider, now))
    return relayed(answer, provider.statuses, provider.name, now)


def _refused(kept: ThirdPartyCredential, status: int, provider: Provider, now: Instant) -> Steps[Refused]:
    """Why the call was refused. Its path may be one that is not for this credential, so its check is asked."""
    found = yield from verify(kept, provider=provider, now=now)
    good = isinstance(found, Checked) and isinstance(found.meant, Valid | ScopeMissing)
    refused = stored(ScopeMissing(status) if good else Invalid(status), provider.statuses, provider.name)
    assert refused is not None, "only what is valid is not refused"
    return refused


def _verified(
    kept: ThirdPartyCredential, provider: Provider, now: Instant
) -> Steps[ThirdPartyCredential | Refused | None]:
    """What is kept by now, after the provider was asked about it; None where nothing is any more.

    Where it says neither yes nor no, the call shows whether it does anything for this credential.
    """
    found = yield from verify(kept, provider=provider, now=now)
    if not isinstance(found, Checked):
        return found
    if isinstance(found.meant, Down | Limited):
        return stored(found.meant, provider.statuses, provider.name)
    return found.credential


def _answer(question: CallProvider) -> Steps[AnyProviderAnswer]:
    try:
        return (yield from ask(question))
    except AnswerFailed:
        return NoProviderAnswer("unreachable")
