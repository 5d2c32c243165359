"""A token manager: random auth tokens in this process's memory, which end with it (RESTHeart's rndTokenManager)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import Field

from watchword.config.plug_ins.ports import Given
from watchword.config.section import Section
from watchword.config.values import Minutes
from watchword.core.ask import Steps, ask
from watchword.core.principal import Instant
from watchword.core.questions import FindAccount
from watchword.core.records import Account, AuthTokenInputs
from watchword.core.token_manager import ShownToken
from watchword.crypto.secret import equal
from watchword.tokens.format import AUTH_TOKEN, PAYLOAD_LENGTH, new_token


class RandomTokensSettings(Section):
    """How long tokens live."""

    minutes: Minutes = Field(default=15, validate_default=True, examples=[5])
    """Minutes from their issue."""


class RandomTokensPlugIn:
    """The entry point."""

    Settings = RandomTokensSettings

    @staticmethod
    def make(settings: RandomTokensSettings, given: Given) -> RandomTokens:
        return RandomTokens(settings.minutes * 60, given.entropy)


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    stamp: str
    issued_at: Instant
    valid_until: Instant


class RandomTokens:
    """One live token for each account. It is for a server of one process: another one knows nothing of them."""

    def __init__(self, ttl: float, entropy: Callable[[int], bytes]) -> None:
        self._ttl = ttl
        self._entropy = entropy
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def issue(self, subject: str, now: Instant) -> Steps[ShownToken | None]:
        """The subject's live token, or a new one."""
        account = yield from ask(FindAccount(subject))
        if account is None or account.disabled or account.second_factor:
            return None
        with self._lock:
            kept = self._kept.get(subject)
            if kept is None or kept.stamp != account.stamp or kept.valid_until <= now:
                # In the form of our own tokens, by which they are told from passwords.
                token = new_token(AUTH_TOKEN, self._entropy(PAYLOAD_LENGTH))
                kept = self._kept[subject] = _Kept(token, account.stamp, now, now + self._ttl)
        return ShownToken(kept.token, kept.valid_until)

    def resolve(self, subject: str, token: str, now: Instant) -> Steps[Account | str]:
        """The account that the token proves, or the reason why it proves none."""
        account = yield from ask(FindAccount(subject))
        if account is None:
            return "unknown-user"
        if account.disabled:
            return "account-disabled"
        kept = self._kept.get(account.name)
        # The stamp changes with the password, and everything that stands in for that ends.
        if kept is None or kept.stamp != account.stamp:
            return "no-live-token"
        if not equal(token.encode(), kept.token.encode()):
            return "wrong-token"
        if kept.valid_until <= now:
            return "expired"
        return replace(
            account, auth_token=AuthTokenInputs(generation=0, issued_at=kept.issued_at, valid_until=kept.valid_until)
        )

    def revoke(self, subject: str) -> Steps[bool]:
        """Kill the subject's live token."""
        yield from ()
        with self._lock:
            return self._kept.pop(subject, None) is not None
