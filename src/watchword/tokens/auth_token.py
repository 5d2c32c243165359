"""Auth tokens that are derived, not stored: the token manager of RESTHeart-style Basic (S3.2 to S3.6).

Every node can show and check a token from the server's key and the account's record, so that no load balancer has
to be sticky, and revoking is one change of that record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from watchword.core.ask import Steps, ask
from watchword.core.of_records import OfRecords
from watchword.core.principal import Instant
from watchword.core.questions import FindAccount, IssueAuthToken, RevokeAuthToken
from watchword.core.records import Account, AuthTokenInputs
from watchword.core.token_manager import ShownToken
from watchword.crypto.secret import Secret
from watchword.tokens.derived import derive_auth_token, is_one_of, live_fingerprints


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedTokens:
    """Token manager of auth tokens.

    `keys` are the server's, oldest first: the newest derives, all of them check. `ttl` in seconds. A token lives for
    `ttl` from its issue, or, where `sliding`, from when it was last shown.
    """

    keys: Sequence[Secret]
    ttl: float
    sliding: bool = False
    _live: OfRecords[Account, tuple[bytes, ...]] = field(init=False, repr=False, compare=False)
    """By which an account's token is recognised: derived once for each state of its record."""

    def __post_init__(self) -> None:
        live = OfRecords[Account, tuple[bytes, ...]](lambda account: live_fingerprints(self.keys, account))
        object.__setattr__(self, "_live", live)

    def issue(self, subject: str, now: Instant) -> Steps[ShownToken | None]:
        """The subject's live token, or a new one; None where the account is gone or disabled, or where what stands in
        for a password would prove too little."""
        account = yield from ask(FindAccount(subject))
        if account is None or account.disabled or account.second_factor:
            return None
        if not self._current(account.auth_token, now):
            inputs = yield from ask(IssueAuthToken(subject, now, self.ttl, self.sliding))
            account = yield from ask(FindAccount(subject, fresh=True))
            if inputs is None or account is None or account.auth_token is None:
                return None
        assert account.auth_token is not None
        token = derive_auth_token(self.keys[-1], account)
        return None if token is None else ShownToken(token, account.auth_token.valid_until)

    def resolve(self, subject: str, token: str, now: Instant) -> Steps[Account | str]:
        """The account that the token proves, or the reason why it proves none.

        Clients that send their token each time come here with every request, so it asks by `yield` itself.
        """
        account: Account | None = yield FindAccount(subject)
        found = self._judge(account, token, now)
        if isinstance(found, str):
            # Another process may have issued or prolonged it a moment ago: ask the storage itself.
            account = yield from ask(FindAccount(subject, fresh=True))
            found = self._judge(account, token, now)
        return found

    def revoke(self, subject: str) -> Steps[bool]:
        """Kill the subject's live token on every node."""
        return (yield from ask(RevokeAuthToken(subject)))

    def _current(self, inputs: AuthTokenInputs | None, now: Instant) -> bool:
        """Whether the token can be shown as it is. A sliding one is moved at most every twentieth of its life."""
        if inputs is None or inputs.valid_until <= now:
            return False
        return not self.sliding or inputs.valid_until - now > self.ttl * 0.95

    def _judge(self, account: Account | None, token: str, now: Instant) -> Account | str:
        if account is None:
            return "unknown-user"
        if account.disabled:
            return "account-disabled"
        if account.auth_token is None:
            return "no-live-token"
        if not is_one_of(token, self._live.of(account.name, account)):
            return "wrong-token"
        return "expired" if account.auth_token.valid_until <= now else account
