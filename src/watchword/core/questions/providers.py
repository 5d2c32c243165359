"""What is asked of third parties about credentials of theirs, and about the keys under which those are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchword.core.ask import Question
from watchword.core.principal import Instant
from watchword.core.third_party_answers import AnyProviderAnswer
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.http.message import Fields


@dataclass(frozen=True, slots=True)
class AskProvider(Question[AnyProviderAnswer]):
    """What the provider answers whoever has this credential. That there is no answer, is one too."""

    provider: str
    credential: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallProvider(Question[AnyProviderAnswer]):
    """What the provider answers to a request of `subject`, who has this credential. Fields and query are without it."""

    subject: str
    provider: str
    credential: Secret = field(repr=False)
    method: str
    url: str = field(repr=False)
    fields: Fields = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class FindThirdPartySealing(Question[Sealing]):
    """The keys that seal credentials for third parties. A credential `needs` the key of this id: where it is not known
    yet, it may be new. With `to_seal`, the keys are those of this very moment: what is sealed with a key that another
    process has just dropped would be lost.
    """

    needs: str | None = None
    to_seal: bool = False


@dataclass(frozen=True, slots=True)
class SpendProviderAttempt(Question[int]):
    """Count that an account has a provider asked, so that nobody finds out by us which credentials are good.

    For how many seconds it has to wait, in which case nothing is asked; 0 where it may.
    """

    subject: str
    now: Instant
