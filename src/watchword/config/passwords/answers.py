"""Who answers questions about passwords, codes and other secrets: what is hashed, in a few slots, and counted."""

from __future__ import annotations

import os

from watchword.config.inline import InlineLookUps
from watchword.config.passwords.making import breached_passwords_of, flask_security_salt_of, hashing_of
from watchword.config.settings import Settings
from watchword.config.stores.making import credential_store, rechecks
from watchword.core.questions import (
    CheckClientSecret,
    CheckDigest,
    CheckPassword,
    FindBreach,
    HashPassword,
    NoteProven,
    SettleAttempt,
    SpendAttempt,
)
from watchword.core.questions.mail import SpendTurn
from watchword.edge.drive import Answers
from watchword.storage import Cached, Storage
from watchword.stores.admission.attempts import Attempts
from watchword.stores.admission.client_secrets import ClientSecrets
from watchword.stores.admission.digests import DigestAdmission
from watchword.stores.admission.hashing import PasswordHashing
from watchword.stores.admission.passwords import PasswordAdmission
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.admission.turns import Turns
from watchword.stores.asking.remembered import Remembered
from watchword.stores.asking.slots import Slots
from watchword.stores.builtin import BuiltinStore
from watchword.tokens.digest_secret import DigestSecrets

PASSWORD_LINE = 64
"""How many may wait for each of the two lines before the password slots (see Slots)."""


def password_answers(
    register: Answers,
    storage: Storage,
    cached: Cached,
    inline: InlineLookUps,
    settings: Settings,
    digest_secrets: DigestSecrets,
    on_loop: bool,
) -> None:
    """What is hashed, in a few slots, and counted."""
    limits = settings.limits.policy
    hashing = hashing_of(settings)
    slots = Slots(max(1, (os.cpu_count() or 1) // settings.server.workers), line=PASSWORD_LINE)
    builtin = BuiltinStore(
        storage, hashing, digest_secrets=digest_secrets, flask_security_salt=flask_security_salt_of(settings)
    )
    store, store_slots = credential_store(settings.store, builtin, storage, slots, hashing, settings.defaults.realm)
    admission = PasswordAdmission(
        store,
        throttle=Throttle(storage),
        places=Places(storage, limits),
        remembered=Remembered(os.urandom(32), ttls=rechecks(settings.store)),
        slots=store_slots,
        find_account=cached.find_account,
        # A thread may wait for what is asked of the storage at each check; an event loop may not.
        find_account_now=inline.find_account if on_loop else cached.find_account,
    )
    client_secrets = ClientSecrets(
        storage, hashing, throttle=Throttle(storage), places=Places(storage, limits), slots=slots, entropy=os.urandom
    )
    digests = DigestAdmission(storage, digest_secrets, throttle=Throttle(storage), places=Places(storage, limits))
    register.add(CheckDigest, threaded=digests.threaded)
    register.add(NoteProven, threaded=digests.note_proven)
    register.add(CheckPassword, inline=admission.inline, threaded=admission.threaded)
    register.add(CheckClientSecret, threaded=client_secrets.threaded)
    register.add(HashPassword, threaded=PasswordHashing(hashing, slots).threaded)
    register.add(FindBreach, threaded=breached_passwords_of(settings).threaded)
    attempts = Attempts(storage, limit=settings.second_factor.failures, max_delay=settings.limits.max_delay)
    register.add(SpendAttempt, threaded=attempts.spend)
    register.add(SettleAttempt, threaded=attempts.settle)
    register.add(SpendTurn, threaded=Turns(storage).spend)
