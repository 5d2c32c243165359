"""What commands work with: the settings, and the storage that they name, opened and closed again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from watchword.cli.refusal import Refusal

if TYPE_CHECKING:
    from watchword.config import Settings
    from watchword.core.ask import Steps
    from watchword.core.questions import FindSigningKey
    from watchword.crypto.jose.key import SigningKey
    from watchword.crypto.password import Hashing
    from watchword.flows.password_policy import PasswordPolicy
    from watchword.storage import Storage
    from watchword.tokens.access_key import AccessKeys
    from watchword.tokens.digest_secret import DigestSecrets
    from watchword.tokens.keys import KeyRing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """The settings, the storage that they name, and the folder of the keys."""

    settings: Settings
    storage: Storage
    data: Path

    def run(self, steps: Steps[T]) -> T:
        """Drive the steps of a use case to their end."""
        from watchword.config.passwords.making import breached_passwords_of
        from watchword.core import questions
        from watchword.edge.drive import Answers, run
        from watchword.stores.admission.hashing import PasswordHashing
        from watchword.stores.asking.slots import Slots

        answers = Answers()
        answers.add(questions.FindAccount, threaded=self.storage.find_account)
        answers.add(questions.ListAccounts, threaded=self.storage.list_accounts)
        answers.add(questions.AddAccount, threaded=self.storage.add_account)
        answers.add(questions.ChangeAccount, threaded=self.storage.change_account)
        answers.add(questions.DeleteAccount, threaded=self.storage.delete_account)
        answers.add(questions.AddCredentials, threaded=self.storage.add_credentials)
        answers.add(questions.EndCredentials, threaded=self.storage.end_credentials)
        answers.add(questions.AddKey, threaded=self.storage.add_key)
        answers.add(questions.ListKeys, threaded=self.storage.list_keys)
        answers.add(questions.RotateKey, threaded=self.storage.rotate_key)
        answers.add(questions.EndKeys, threaded=self.storage.end_keys)
        answers.add(questions.FindClient, threaded=self.storage.find_client)
        answers.add(questions.AddClient, threaded=self.storage.add_client)
        answers.add(questions.ChangeClient, threaded=self.storage.change_client)
        answers.add(questions.ListSessions, threaded=self.storage.list_sessions)
        answers.add(questions.EndSessions, threaded=self.storage.end_sessions)
        answers.add(questions.EndHalfLogIns, threaded=self.storage.end_half_log_ins)
        answers.add(questions.ListFamilies, threaded=self.storage.list_families)
        answers.add(questions.EndFamilies, threaded=self.storage.end_families)
        answers.add(questions.KeepToken, threaded=self.storage.keep_token)
        answers.add(questions.FindSigningKey, threaded=self._find_signing_key)
        answers.add(
            questions.FindCountry, threaded=lambda question: ""
        )  # only a program that runs the server has a hook
        answers.add(questions.HashPassword, threaded=PasswordHashing(self.hashing, Slots(1)).threaded)
        answers.add(questions.FindBreach, threaded=breached_passwords_of(self.settings).threaded)
        return run(steps, answers)

    def ring(self) -> KeyRing:
        """The server's keys, made where there are none.

        Raises:
            Refusal: where they cannot be used.
        """
        from watchword.config.keys.file import KeyFileRefused, load_or_make_keys

        tokens = self.settings.tokens
        try:
            return load_or_make_keys(
                self.data, os.urandom, time.time(), algorithm=tokens.algorithm, lifetime=tokens.access_ttl
            )
        except KeyFileRefused as error:
            raise Refusal(str(error)) from None

    def sealing_keys(self) -> frozenset[str]:
        """The ids of the server's keys, with which credentials are sealed; none where there are no keys yet.

        Raises:
            Refusal: where they cannot be used.
        """
        from watchword.config.keys.file import KeyFileRefused, has_keys, read_keys

        if not has_keys(self.data):
            return frozenset()
        try:
            return frozenset(key.id for key in read_keys(self.data).keys)
        except KeyFileRefused as error:
            raise Refusal(str(error)) from None

    def digest_secrets(self) -> DigestSecrets | None:
        """What keeps, for Digest, what it needs of a password; None where nothing is kept."""
        from watchword.config.digest.making import digest_secrets

        if not self.settings.digest.keep_secrets:
            return None
        return digest_secrets(self.settings.digest, self.settings.spaces(), self.ring())

    def access_keys(self) -> AccessKeys:
        """What makes access keys."""
        from watchword.config.signed_request.making import access_keys_of

        return access_keys_of(self.ring())

    def _find_signing_key(self, question: FindSigningKey) -> SigningKey:
        from watchword.core.ask import AnswerFailed
        from watchword.tokens.signing_keys import signing_keys

        key = signing_keys(self.ring(), lifetime=self.settings.tokens.access_ttl).signing(time.time())
        if key is None:
            raise AnswerFailed("there is no key to sign access tokens with")
        return key

    @property
    def hashing(self) -> Hashing:
        """The parameters of new password hashes."""
        from watchword.config.passwords.making import hashing_of

        return hashing_of(self.settings)

    @property
    def policy(self) -> PasswordPolicy:
        """What new passwords must be like."""
        from watchword.config.passwords.making import policy_of

        return policy_of(self.settings)


@contextmanager
def opened(config: Path | None, data: Path, *, new: bool = False) -> Iterator[Opened]:
    """The configuration, and the storage that it names.

    Raises:
        Refusal: where the configuration is wrong; and as `using` says.
    """
    with using(load_settings(config), data, new=new) as here:
        yield here


@contextmanager
def using(settings: Settings, data: Path, *, new: bool = False) -> Iterator[Opened]:
    """The storage that the settings name. Where there is none yet it is made if `new`, and refused otherwise.

    Raises:
        Refusal: where the storage cannot be used, now or later on.
    """
    from watchword.core.ask import AnswerFailed
    from watchword.storage import UnusableStorage, open_storage
    from watchword.storage.opening import database_file

    try:
        file = database_file(settings.storage.url, data)
        if not new and not file.exists():
            raise Refusal(f"There is no database {file}: name its folder with --data, or make the first account.")
        storage = open_storage(settings.storage.url, data, keep_changes_for=settings.tokens.keep_changes_for)
    except UnusableStorage as error:
        raise Refusal(sentence(str(error))) from None
    except OSError as error:
        raise Refusal(f"{data} cannot be read: {error.strerror}.") from None
    try:
        yield Opened(settings, storage, data)
    except AnswerFailed as error:
        raise Refusal(f"{sentence(str(error))} What was not reported as done may be tried again.") from None
    finally:
        storage.close()


def load_settings(
    config: Path | None,
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The configuration that the file, the environment and the command line make together.

    Raises:
        Refusal: with a line for each thing that is wrong.
    """
    from watchword.config import ConfigurationError, load

    try:
        return load(config, environ, overrides)
    except ConfigurationError as error:
        raise Refusal(str(error)) from None


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
