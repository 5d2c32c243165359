"""Credentials that accounts have with third parties: verified with the provider, kept sealed, verified again.

Nothing is kept as verified that the provider has not taken a moment ago, and nothing but its clear refusal marks what
is kept as rejected: an outage changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import throttled
from watchword.core.decision import Refused
from watchword.core.principal import Instant
from watchword.core.providers import Provider
from watchword.core.questions import (
    EndThirdPartyCredentials,
    FindAccount,
    FindThirdPartyCredential,
    ListThirdPartyCredentials,
    NoteThirdPartyCheck,
    Put,
    PutThirdPartyCredential,
    ResealThirdPartyCredential,
)
from watchword.core.questions.providers import AskProvider, FindThirdPartySealing, SpendProviderAttempt
from watchword.core.third_party import CredentialState, ThirdPartyCredential
from watchword.core.third_party_answers import (
    Down,
    Invalid,
    Limited,
    Meaning,
    ScopeMissing,
    Unclear,
    Valid,
    meaning,
    refused_before,
    status_of,
    stored,
    submitted,
)
from watchword.crypto.sealing import key_id_of
from watchword.crypto.secret import Secret
from watchword.tokens.third_party_seal import opened, sealed_for, shown_end

Entropy = Callable[[int], bytes]

_ID_LENGTH: Final = 9


@dataclass(frozen=True, slots=True)
class Stored:
    """The credential is kept; `is_new` where the account had none with this provider."""

    credential: ThirdPartyCredential
    is_new: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What is kept, and what the provider has just said of it; `changed` where that is another state than before."""

    credential: ThirdPartyCredential
    meant: Meaning
    changed: bool


# --- submitting ------------------------------------------------------------------------------------------------------


def submit(
    subject: str, credential: Secret, *, provider: Provider, store_unverified: bool, entropy: Entropy, now: Instant
) -> Steps[Stored | Refused | None]:
    """Keep the credential once the provider has taken it, in the place of the one before; None where the account is
    gone or disabled.

    With `store_unverified` it is kept, too, where the provider could not say.
    """
    if (wait := (yield from ask(SpendProviderAttempt(subject, now)))) > 0:
        return throttled(wait, reason="third-party-attempts")
    meant = yield from _what_it_says(provider, credential, now)
    refused = submitted(meant, provider.statuses, provider.name)
    if refused is not None and not (store_unverified and isinstance(meant, Limited | Unclear | Down)):
        return refused
    verified = isinstance(meant, Valid)
    sealing = yield from ask(FindThirdPartySealing(to_seal=True))
    kept = ThirdPartyCredential(
        subject=subject,
        provider=provider.name,
        id=entropy(_ID_LENGTH).hex(),
        sealed=sealed_for(credential, subject, provider.name, sealing=sealing, entropy=entropy),
        hint=shown_end(credential),
        state="verified" if verified else "unverified",
        created_at=now,
        provider_status=status_of(meant),
        checked_at=now if verified else None,
        verified_at=now if verified else None,
    )
    put = yield from ask(PutThirdPartyCredential(kept))
    return None if put is Put.NO_ACCOUNT else Stored(kept, is_new=put is Put.NEW)


# --- what is kept ----------------------------------------------------------------------------------------------------


def show(subject: str, provider: Provider) -> Steps[ThirdPartyCredential | None]:
    """What the account has with this provider."""
    return (yield from ask(FindThirdPartyCredential(subject, provider.name)))


def show_all(subject: str) -> Steps[dict[str, ThirdPartyCredential]]:
    """What the account has, by provider."""
    found = yield from ask(ListThirdPartyCredentials(subject=subject))
    return {each.provider: each for each in found}


def forget(subject: str, provider: Provider) -> Steps[bool]:
    """Whether there was something to forget."""
    return (yield from ask(EndThirdPartyCredentials(subject, provider.name))) > 0


def opened_credential(kept: ThirdPartyCredential) -> Steps[Secret | None]:
    """The credential itself; None where it cannot be opened any more, because its key is gone."""
    sealing = yield from ask(FindThirdPartySealing(needs=key_id_of(kept.sealed)))
    return opened(kept.sealed, kept.subject, kept.provider, sealing=sealing)


# --- verifying what is kept ------------------------------------------------------------------------------------------


def check(subject: str, *, provider: Provider, now: Instant) -> Steps[Checked | Refused | None]:
    """Ask the provider about the account's credential; None where there is none.

    Refused (C20, C21) as a call with it would be.
    """
    if (wait := (yield from ask(SpendProviderAttempt(subject, now)))) > 0:
        return throttled(wait, reason="third-party-attempts")
    kept = yield from show(subject, provider)
    return None if kept is None else (yield from checked(kept, provider=provider, now=now))


def checked(kept: ThirdPartyCredential, *, provider: Provider, now: Instant) -> Steps[Checked | Refused | None]:
    """The same for a credential that was found; None where it is not there any more.

    A `Checked` is given where the provider takes it, and where another one is kept by now.
    """
    found = yield from verify(kept, provider=provider, now=now)
    if not isinstance(found, Checked) or found.credential.id != kept.id:
        return found
    refused = stored(found.meant, provider.statuses, provider.name)
    return found if refused is None else refused


def verify(kept: ThirdPartyCredential, *, provider: Provider, now: Instant) -> Steps[Checked | Refused | None]:
    """Ask the provider about a credential, and note what it said, whatever that is; None where it is gone.

    Refused where it cannot be opened any more, so that only another one helps.
    """
    credential = yield from opened_credential(kept)
    if credential is None:
        return refused_before(provider.statuses, provider.name, None)
    meant = yield from _what_it_says(provider, credential, now)
    state = _state_after(meant, kept.state)
    if state is None:
        return Checked(kept, meant, changed=False)
    note = NoteThirdPartyCheck(kept.subject, kept.provider, kept.id, state, status_of(meant), now)
    yield from ask(note)
    current = yield from show(kept.subject, provider)
    if current is None:
        return None
    return Checked(current, meant, changed=current.id == kept.id and current.state != kept.state)


def verify_again(kept: ThirdPartyCredential, *, provider: Provider, now: Instant) -> Steps[Checked | None]:
    """The same on schedule; None where there is nothing to verify. Nothing of a disabled account is used."""
    account = yield from ask(FindAccount(kept.subject, fresh=True))
    if account is None or account.disabled or kept.state == "rejected":
        return None
    found = yield from verify(kept, provider=provider, now=now)
    return None if isinstance(found, Refused) else found


def _what_it_says(provider: Provider, credential: Secret, now: Instant) -> Steps[Meaning]:
    try:
        answer = yield from ask(AskProvider(provider.name, credential))
    except AnswerFailed:
        return Down("unreachable", retry_after=1)
    return meaning(answer, provider.rules, now)


def _state_after(meant: Meaning, before: CredentialState) -> CredentialState | None:
    """The state of a credential of which the provider says this; None where it said nothing."""
    match meant:
        case Valid():
            return "verified"
        case Invalid():
            return "rejected"
        case ScopeMissing():
            return before  # it knows it
        case Limited() | Unclear() | Down():
            return None


# --- sealing anew ----------------------------------------------------------------------------------------------------


def seal_anew(kept: ThirdPartyCredential, *, entropy: Entropy) -> Steps[bool]:
    """Have the credential sealed with the key of now. Whether nothing of it depends on an older key any more.

    False as well where it cannot be opened, and where somebody has just put another one in its place.
    """
    sealing = yield from ask(FindThirdPartySealing(needs=key_id_of(kept.sealed), to_seal=True))
    if sealing.is_current(kept.sealed):
        return True
    credential = opened(kept.sealed, kept.subject, kept.provider, sealing=sealing)
    if credential is None:
        return False
    after = sealed_for(credential, kept.subject, kept.provider, sealing=sealing, entropy=entropy)
    return (yield from ask(ResealThirdPartyCredential(kept.subject, kept.provider, kept.sealed, after)))
