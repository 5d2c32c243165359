"""The answer to CheckClientSecret: limits and slots as for passwords, but for secrets that nobody can guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from watchword.core.ask import NOT_YET
from watchword.core.grants import CLIENT_SUBJECT, Client
from watchword.core.questions import (
    CheckClientSecret,
    CheckPassword,
    FindClient,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
    SecretAnswer,
    SecretRight,
)
from watchword.core.records import Account
from watchword.crypto.password import Hashing, check_password, dummy_hash, needs_rehash
from watchword.crypto.secret import Secret
from watchword.stores import Denied
from watchword.stores.admission.passwords import PasswordAdmission
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.asking.remembered import Remembered
from watchword.stores.asking.slots import Slots
from watchword.tokens.client_secret import has_digest, is_digest


class Clients(Protocol):
    """What is needed of a storage."""

    def find_client(self, question: FindClient) -> Client | None: ...


class ClientSecrets:
    """Judges secrets of clients.

    The right secret of full entropy is never held up: that it is right proves that it was not guessed, and so nobody
    can keep a client out by guessing. Everything else goes by the rules of passwords (`core/policy.py`): failures are
    counted, also for ids that no client has, and each costs one password hash, whatever is wrong (F30).
    """

    def __init__(
        self,
        clients: Clients,
        hashing: Hashing,
        *,
        throttle: Throttle,
        places: Places,
        slots: Slots,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._clients = clients
        self._admission = PasswordAdmission(
            _Store(clients, hashing),
            throttle=throttle,
            places=places,
            remembered=Remembered(entropy(32)),
            slots=slots,
            find_account=lambda question: _as_account(_client(clients, question.name)),
            find_account_now=lambda question: NOT_YET,
        )

    def threaded(self, question: CheckClientSecret) -> SecretAnswer:
        """The answer, however long it takes.

        Raises:
            AnswerFailed: where too many wait already, or the storage does not answer.
        """
        client = self._clients.find_client(FindClient(question.id))
        kept = None if client is None else client.secret_hash
        if client is not None and kept is not None and not client.disabled and has_digest(question.secret, kept):
            return SecretRight(client)
        answer = self._admission.threaded(
            CheckPassword(CLIENT_SUBJECT + question.id, question.secret, question.address, question.now)
        )
        match answer:
            case PasswordRight():
                client = self._clients.find_client(FindClient(question.id))
                usable = client is not None and not client.disabled
                return SecretRight(client) if client is not None and usable else PasswordWrong("client-changed")
            case PasswordWrong() | PasswordHeld():
                return answer


class _Store:
    """The clients of our storage as a credential store, under the names of their tokens' subjects."""

    def __init__(self, clients: Clients, hashing: Hashing) -> None:
        self._clients = clients
        self._hashing = hashing
        self._dummy = dummy_hash(hashing)

    def check(self, name: str, password: Secret) -> Account | Denied:
        """See `CredentialStore`."""
        client = _client(self._clients, name)
        kept = None if client is None else client.secret_hash
        if kept is None or is_digest(kept):
            check_password(password, self._dummy)
            return Denied("unknown-client" if client is None else _why(client, "wrong-secret"))
        right = check_password(password, kept)
        account = _as_account(client)
        if right and account is not None and not account.disabled:
            return account
        if needs_rehash(kept, self._hashing):
            check_password(password, self._dummy)
        return Denied("wrong-secret" if client is None else _why(client, "wrong-secret"))


def _why(client: Client, otherwise: str) -> str:
    if client.disabled:
        return "client-disabled"
    return "client-without-secret" if client.secret_hash is None else otherwise


def _client(clients: Clients, name: str) -> Client | None:
    return clients.find_client(FindClient(name.removeprefix(CLIENT_SUBJECT)))


def _as_account(client: Client | None) -> Account | None:
    """The client as what the admission of passwords knows: a stamp, a hash, and whether it may be used."""
    if client is None:
        return None
    return Account(
        name=CLIENT_SUBJECT + client.id, stamp=client.stamp, password_hash=client.secret_hash, disabled=client.disabled
    )
