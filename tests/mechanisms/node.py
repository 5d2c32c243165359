"""One process of a server as far as Digest and signed requests need it: the real mechanisms, answers and storage.

Two nodes on one storage are two processes. Only time and randomness are ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from watchword.core.ask import AnswerFailed, Question
from watchword.core.mechanism import AnyMechanism
from watchword.core.outcome import ABSENT, Malformed, Outcome, Unavailable
from watchword.core.policy import Limits
from watchword.core.questions import (
    AddAccount,
    AddKey,
    CheckDigest,
    FindKey,
    NoteProven,
    SpendOnce,
    TouchKey,
)
from watchword.core.records import Account
from watchword.core.requirement import Requirement
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers, run
from watchword.http.authentication import Challenge
from watchword.http.digest import Algorithm
from watchword.http.message import Fields, Peer, Request
from watchword.mechanisms.digest import Digest
from watchword.mechanisms.signed_request import SignedRequests
from watchword.storage import Storage
from watchword.storage.memory import MemoryStorage
from watchword.stores.admission.digests import DigestAdmission
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.tokens.access_key import AccessKeys
from watchword.tokens.digest_nonce import Nonces
from watchword.tokens.digest_secret import DigestSecrets
from watchword.tokens.signed_request import SignaturePolicy

NOW = 1_800_000_000.0
REALM = "Clinic"
PASSWORD = "correct horse"
HERE = Peer("192.0.2.7", secure=True)
KEY, OTHER_KEY = Secret(b"k" * 32), Secret(b"o" * 32)


def entropy() -> Callable[[int], bytes]:
    """Bytes that never come twice."""
    numbers = count()
    return lambda length: hashlib.shake_128(f"{next(numbers)}".encode()).digest(length)


@dataclass
class Node:
    """`fails_at`: the n-th question gets no answer. `asked` is what was asked."""

    storage: Storage = field(default_factory=MemoryStorage)
    limits: Limits = field(default_factory=Limits)
    keys: tuple[Secret, ...] = (KEY,)
    ttl: float = 300.0
    kept: tuple[tuple[Algorithm, str], ...] = (("SHA-256", REALM), ("MD5", REALM))
    now: float = NOW
    fails_at: int | None = None
    asked: list[Question[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = entropy()
        self.nonces = Nonces(keys=self.keys, ttl=self.ttl, clock=lambda: self.now, entropy=random)
        self.secrets = DigestSecrets(sealing=Sealing([("1", KEY)]), kept=self.kept, entropy=random)
        self.access_keys = AccessKeys(self.keys)
        throttle = Throttle(self.storage, clock=lambda: self.now)
        places = Places(self.storage, self.limits, clock=lambda: self.now)
        admission = DigestAdmission(self.storage, self.secrets, throttle=throttle, places=places)
        self.answers = Answers()
        self.answers.add(CheckDigest, threaded=self._heard(admission.threaded))
        self.answers.add(NoteProven, threaded=self._heard(admission.note_proven))
        self.answers.add(SpendOnce, threaded=self._heard(self.storage.spend_once))
        self.answers.add(FindKey, threaded=self._heard(self.storage.find_key))
        self.answers.add(TouchKey, threaded=self._heard(self.storage.touch_key))

    def _heard(self, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def heard(question: Question[Any]) -> Any:
            self.asked.append(question)
            if len(self.asked) == self.fails_at:
                raise AnswerFailed("the storage is away")
            return answer(question)

        return heard

    def another(self, **changes: Any) -> Node:
        """Another process on the same storage."""
        return replace(self, asked=[], **changes)

    def add(self, name: str = "ann", password: str | None = PASSWORD, **more: Any) -> Account:
        """An account, with what Digest needs of its password where it has one."""
        account = Account(
            name=name, stamp=f"stamp of {name}", roles=frozenset(("clerk",)), password_hash="hash", **more
        )
        assert self.storage.add_account(AddAccount(account))
        if password is not None and not account.disabled:
            self.storage.add_credentials(self.secrets.made_of(account, password, self.now))
        return account

    def access_key(self, subject: str = "ann", **more: Any) -> tuple[str, str]:
        """An access key of the account: its id, and its secret."""
        random = hashlib.sha256(repr((subject, more)).encode()).digest()
        key, secret = self.access_keys.new(random, self.now, subject=subject, name="ci", **more)
        assert self.storage.add_key(AddKey(key))
        return key.id, secret

    def digest(self, algorithm: Algorithm = "SHA-256") -> Digest:
        """The mechanism."""
        return Digest(REALM, self.nonces, algorithm)

    def signed_requests(self, **policy: Any) -> SignedRequests:
        """The mechanism."""
        return SignedRequests(REALM, self.access_keys, SignaturePolicy(**policy))

    def outcome(self, mechanism: AnyMechanism, request: Request) -> Outcome:
        """What the mechanism says of the request."""
        credentials = mechanism.read(request)
        if credentials is None or isinstance(credentials, Malformed):
            return credentials or ABSENT
        try:
            return run(mechanism.verify(credentials, request, self.now), self.answers)
        except AnswerFailed as failure:
            return Unavailable(str(failure))


def challenge_of(node: Node, algorithm: Algorithm = "SHA-256") -> Challenge:
    """What a client is told that comes without credentials."""
    return node.digest(algorithm).challenge(ABSENT, Requirement())


def answered(
    challenge: Challenge,
    name: str = "ann",
    password: str = PASSWORD,
    *,
    method: str = "GET",
    target: str = "/records?x=1",
    number: int = 1,
    cnonce: str = "c",
    **changes: str,
) -> str:
    """The Authorization value of a client that computes by itself (RFC 7616 section 3.4), with parameters changed."""
    algorithm, realm, nonce = (challenge.param(key) or "" for key in ("algorithm", "realm", "nonce"))
    hashed = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}[algorithm]

    def h(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    nc = f"{number:08x}"
    response = h(h(name, realm, password), nonce, nc, cnonce, "auth", h(method, target))
    params = {"username": name, "realm": realm, "nonce": nonce, "uri": target, "response": response, "cnonce": cnonce}
    quoted = ", ".join(f'{key}="{value}"' for key, value in {**params, **changes}.items())
    return f"Digest {quoted}, qop=auth, nc={nc}, algorithm={algorithm}"


def request(
    authorization: str, *, method: str = "GET", target: str = "/records?x=1", peer: Peer = HERE, fields: Fields = ()
) -> Request:
    """A request with this Authorization line."""
    lines = ((b"host", b"api.example"), (b"authorization", authorization.encode()), *fields)
    return Request(method, target.encode(), lines, peer)
