"""The answer to HashPassword: new passwords are hashed in the same slots in which others are checked."""

from __future__ import annotations

import os
from collections.abc import Callable

from watchword.core.questions import HashPassword
from watchword.crypto.password import SALT_LENGTH, Hashing, hash_password
from watchword.stores.asking.slots import Slots


class PasswordHashing:
    """Hashes new passwords under the parameters in force."""

    def __init__(self, hashing: Hashing, slots: Slots, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._hashing = hashing
        self._slots = slots
        self._entropy = entropy

    def threaded(self, question: HashPassword) -> str:
        """The password as a PHC string.

        Raises:
            AnswerFailed: where too many wait already.
        """
        # Where everybody may sign up, strangers ask this too: it never goes before the log-ins of known places.
        with self._slots.admitted(first=False), self._slots.one(first=False):
            return hash_password(question.password, self._hashing, self._entropy(SALT_LENGTH))
