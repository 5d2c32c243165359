"""Digest secrets: H(A1) of RFC 7616 section 3.4.2, kept sealed beside the password where that was asked for.

With such a secret anybody can answer challenges as its user, as with the password itself. So it can be read only
together with the server's keys, and only as long as the account has the very password hash that it had then: with
another password what was kept opens no more, whether or not anybody removed it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.credentials import DIGEST, Credential
from watchword.core.principal import Instant
from watchword.core.questions import AddCredentials, EndCredentials
from watchword.core.records import Account
from watchword.crypto.password import normalise
from watchword.crypto.sealing import Sealing
from watchword.http.digest import Algorithm, digest_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSecrets:
    """What is kept of a password for Digest: one secret for each of `kept`, an algorithm and a realm; none where that
    is empty. `entropy(n)` gives n random bytes.
    """

    sealing: Sealing
    kept: tuple[tuple[Algorithm, str], ...]
    entropy: Callable[[int], bytes]
    _nobody: bytes = field(init=False, repr=False)
    """A sealed secret that is nobody's."""

    def __post_init__(self) -> None:
        nobody = digest_secret("SHA-256", "", "", self.entropy(32))
        object.__setattr__(self, "_nobody", self.sealing.seal(nobody, _NOWHERE, self.entropy))

    def made_of(self, account: Account, password: str, now: Instant) -> AddCredentials:
        """The account's secrets, in place of all that it had before."""
        credentials = tuple(
            self._credential(account, algorithm, realm, normalise(password).encode("utf-8", "surrogatepass"), now)
            for algorithm, realm in self.kept
        )
        return AddCredentials(credentials, replacing=True, most=max(20, len(credentials)))

    def has_all(self, account: Account, found: Collection[Credential]) -> bool:
        """Whether there is nothing to be kept that is not kept already."""
        labels = {credential.label for credential in found if credential.kind == DIGEST}
        opened = {label for label in labels if self._open(account, label, found) is not None}
        return labels == opened == {label_of(algorithm, realm) for algorithm, realm in self.kept}

    def find(self, account: Account | None, label: str, found: Collection[Credential]) -> tuple[bytes, bool]:
        """A secret to judge a response by, and whether it is the account's own, for the password that it has now.

        Where it is nobody's it is one that nobody knows, and finding it takes the same time (F30).
        """
        secret = None if account is None else self._open(account, label, found)
        if secret is not None:
            return secret, True
        return self.sealing.open(self._nobody, _NOWHERE) or b"", False

    def _credential(
        self, account: Account, algorithm: Algorithm, realm: str, password: bytes, now: Instant
    ) -> Credential:
        label = label_of(algorithm, realm)
        secret = digest_secret(algorithm, account.name, realm, password)
        return Credential(
            id=self.entropy(12).hex(),
            subject=account.name,
            kind=DIGEST,
            secret=self.sealing.seal(secret, _place(account, label), self.entropy),
            label=label,
            created_at=now,
        )

    def _open(self, account: Account, label: str, found: Collection[Credential]) -> bytes | None:
        for credential in found:
            if credential.kind == DIGEST and credential.label == label:
                return self.sealing.open(credential.secret, _place(account, label))
        return None


def password_set(account: Account, password: str, now: Instant, secrets: DigestSecrets | None) -> Steps[None]:
    """Keep the secrets of an account whose password was set a moment ago, or end those of the password before.

    That it cannot be done spoils nothing: those from before are dead, and the next log-in by password keeps others.
    """
    with suppress(AnswerFailed):
        if secrets is not None and secrets.kept:
            yield from ask(secrets.made_of(account, password, now))
        else:
            yield from ask(EndCredentials(account.name, kind=DIGEST))


def label_of(algorithm: Algorithm, realm: str) -> str:
    """What tells a Digest secret from others of its account."""
    return f"{algorithm} {realm}"


_NOWHERE = b"digest secret of nobody"


def _place(account: Account, label: str) -> bytes:
    texts = (DIGEST, account.name, account.password_hash or "", label)
    parts = (text.encode("utf-8", "surrogatepass") for text in texts)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
