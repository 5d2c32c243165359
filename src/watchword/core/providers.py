"""Third parties whose APIs are called with credentials that users have there."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.third_party_answers import CheckRules, Statuses
from watchword.http.sent_credential import Carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What of a third party's API may be called with a stored credential.

    `url` is where the API begins, `methods` are those that are relayed, `largest` is the most bytes of content that a
    request or an answer may have.
    """

    url: str
    methods: tuple[str, ...] = ("GET", "HEAD")
    largest: int = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A third party. `name` stands in our paths; `carrier` is how it wants the credential.

    `rules` say what its answers about a credential mean, `statuses` what we answer where it refuses. `recheck` is how
    often it is asked about each stored credential, in seconds. `calls` is None where nothing may be called with it.
    """

    name: str
    carrier: Carrier = Carrier()
    rules: CheckRules = CheckRules()
    statuses: Statuses = Statuses()
    recheck: float = 86_400.0
    calls: Calls | None = None
