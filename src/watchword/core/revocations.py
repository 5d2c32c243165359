"""What is known of revoked self-contained tokens, and how a token is judged by it: on the server and at every verifier.

A self-contained token (JWT) says what was true at its issue. What it says of its account is summed up in a digest, its
`state`: a revocation tells which state holds now, so that no clock decides which tokens came before the change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from watchword.core.grants import CLIENT_SUBJECT
from watchword.core.principal import Instant


class Revoked(Enum):
    """What is told of."""

    ACCOUNT = "account"  # `key` is its name; `state` holds now, None where it is disabled or gone
    CLIENT = "client"  # `key` is its id; `state` and `scopes` hold now, None where it is disabled or gone
    FAMILY = "family"  # `key` is its id
    TOKEN = "token"  # `key` is its id (jti)
    ALL = "all"  # everything issued until then


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One entry of the list of revocations, noted at the instant `at`."""

    at: Instant
    what: Revoked
    key: str = ""
    state: str | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocations:
    """The entries after `since`, up to and with `until`; numbers in between may belong to what concerns no verifier.

    `whole`: they are everything that still matters, and take the place of whatever was known before.
    """

    since: int
    until: int
    entries: tuple[Revocation, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfContained:
    """What of a self-contained token can be revoked. `issued_at` is in whole seconds."""

    subject: str
    state: str
    client_id: str
    token_id: str
    family: str | None
    scopes: frozenset[str] | None
    issued_at: Instant


class Standing(Enum):
    """What became of a token since its issue."""

    GOOD = "good"
    OUTDATED = "outdated"  # the account has other roles or another password now: a fresh token would tell
    REVOKED = "revoked"


@dataclass(slots=True)
class Knowledge:
    """All revocations that still matter, for look-ups in no time. `until` is the number of the last one heard of.

    Not for several threads at once: who feeds it replaces it or holds a lock.
    """

    until: int = -1
    _accounts: dict[str, Revocation] = field(default_factory=dict[str, Revocation])
    _clients: dict[str, Revocation] = field(default_factory=dict[str, Revocation])
    _families: dict[str, Instant] = field(default_factory=dict[str, Instant])
    _tokens: dict[str, Instant] = field(default_factory=dict[str, Instant])
    _all_until: Instant = float("-inf")

    def __len__(self) -> int:
        """How many entries are remembered."""
        return len(self._accounts) + len(self._clients) + len(self._families) + len(self._tokens)

    def hear(self, revocations: Revocations) -> bool:
        """Take in what is new. False, and nothing is taken in, where something before it was missed."""
        if revocations.whole:
            for known in (self._accounts, self._clients, self._families, self._tokens):
                known.clear()
            self._all_until = float("-inf")
        elif revocations.since > self.until:
            return False
        elif revocations.until <= self.until:
            return True
        for entry in revocations.entries:
            self._note(entry)
        self.until = revocations.until
        return True

    def standing(self, token: SelfContained) -> Standing:
        """What became of the token."""
        if token.token_id in self._tokens or token.family in self._families or token.issued_at <= self._all_until:
            return Standing.REVOKED
        client = self._clients.get(token.client_id)
        if client is not None:
            if client.scopes is None or not (token.scopes or frozenset()) <= client.scopes:
                return Standing.REVOKED
            if token.subject == CLIENT_SUBJECT + client.key and client.state not in (None, token.state):
                # It acted for itself, and has other roles by now, or made room for another of its id.
                return Standing.REVOKED
        account = self._accounts.get(token.subject)
        if account is None or account.state == token.state:
            return Standing.GOOD
        return Standing.REVOKED if account.state is None else Standing.OUTDATED

    def forget(self, before: Instant) -> None:
        """Forget what was noted before this instant: no token that it concerns can still be alive."""
        self._accounts = {key: entry for key, entry in self._accounts.items() if entry.at >= before}
        self._clients = {key: entry for key, entry in self._clients.items() if entry.at >= before}
        self._families = {key: at for key, at in self._families.items() if at >= before}
        self._tokens = {key: at for key, at in self._tokens.items() if at >= before}

    def _note(self, entry: Revocation) -> None:
        match entry.what:
            case Revoked.ACCOUNT:
                self._accounts[entry.key] = entry
            case Revoked.CLIENT:
                self._clients[entry.key] = entry
            case Revoked.FAMILY:
                self._families[entry.key] = entry.at
            case Revoked.TOKEN:
                self._tokens[entry.key] = entry.at
            case Revoked.ALL:
                self._all_until = max(self._all_until, entry.at)
