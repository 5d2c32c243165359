"""A door that takes passwords, with everything real behind it: storage, accounts, limits, slots. Only time is ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from watchword.core.ask import AnswerFailed, NotYet, ask
from watchword.core.outcome import Outcome
from watchword.core.policy import Limits, Tally
from watchword.core.principal import Instant
from watchword.core.questions import AddAccount, ChangeAccount, CheckPassword, FindAccount, PasswordAnswer
from watchword.core.records import Account
from watchword.crypto.password import Hashing, hash_password
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers, run
from watchword.storage import FailureCount, Storage
from watchword.storage.memory import MemoryStorage
from watchword.stores import Denied
from watchword.stores.admission.passwords import PasswordAdmission
from watchword.stores.admission.places import Places
from watchword.stores.admission.throttle import Throttle
from watchword.stores.asking.remembered import Remembered
from watchword.stores.asking.slots import Slots
from watchword.stores.builtin import BuiltinStore
from watchword.tokens.password import Password, judge_password

NOW: Instant = 1_800_000_000.0
QUICK = Hashing(t=1, m=8)
HOME = "192.0.2.7"
ELSEWHERE = "203.0.113.9"
SALT = bytes(16)


class Clock:
    """The time of a test: the wall clock that questions carry, and the one that never goes back."""

    def __init__(self) -> None:
        self.now = NOW
        self.monotonic = 0.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.monotonic += seconds


class CountedStore:
    """The builtin store, which says how many passwords it was asked to judge."""

    def __init__(self, store: BuiltinStore) -> None:
        self._store = store
        self.judged: list[str] = []

    def check(self, name: str, password: Secret) -> Account | Denied:
        self.judged.append(name)
        return self._store.check(name, password)


class Breakable(MemoryStorage):
    """A storage that can lose its accounts (`away`), its other records (`broken`) or its room (`read_only`)."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.broken = False
        self.read_only = False

    def find_account(self, question: FindAccount, *, wait: bool = True) -> Account | None:
        self._require(not self.away)
        return super().find_account(question, wait=wait)

    def failures(self, key: str) -> FailureCount | None:
        self._require(not self.broken)
        return super().failures(key)

    def note_failure(self, key: str, now: Instant, window: float) -> FailureCount:
        self._require(not self.broken and not self.read_only)
        return super().note_failure(key, now, window)

    def is_known_place(self, account: str, address: str) -> bool:
        self._require(not self.broken)
        return super().is_known_place(account, address)

    def note_place(self, account: str, address: str, now: Instant) -> None:
        self._require(not self.broken and not self.read_only)
        super().note_place(account, address, now)

    def change_account(self, question: ChangeAccount) -> Account | None:
        self._require(not self.broken and not self.read_only)
        return super().change_account(question)

    def _require(self, available: bool) -> None:
        if not available:
            raise AnswerFailed("the storage is away")


@dataclass
class Door:
    """What one process of the server has. Two of them on one storage are two processes."""

    storage: Storage
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    hashing: Hashing = QUICK
    slots: Slots = field(default_factory=lambda: Slots(2, patience=60))
    most: int = 10_000

    def __post_init__(self) -> None:
        monotonic: Callable[[], float] = lambda: self.clock.monotonic  # noqa: E731 - handed on thrice
        self.store = CountedStore(BuiltinStore(self.storage, self.hashing))
        self.places = Places(self.storage, self.limits, most=self.most, clock=monotonic)
        self.admission = PasswordAdmission(
            self.store,
            throttle=Throttle(self.storage, most=self.most, clock=monotonic),
            places=self.places,
            remembered=Remembered(bytes(32), most=self.most, clock=monotonic),
            slots=self.slots,
            find_account=self.storage.find_account,
            find_account_now=self.storage.find_account,
        )
        self.answers = Answers()
        self.answers.add(CheckPassword, inline=self.admission.inline, threaded=self.admission.threaded)

    def add(self, name: str, password: str | None, *, disabled: bool = False, stored: str | None = None) -> Account:
        """A new account; its password hashed under the parameters in force, unless it is `stored` otherwise."""
        if password is not None and stored is None:
            stored = hash_password(Secret(password), self.hashing, SALT)
        account = Account(name=name, stamp=f"stamp of {name}", password_hash=stored, disabled=disabled)
        assert self.storage.add_account(AddAccount(account))
        return account

    def set_password(self, name: str, password: str) -> None:
        stored = hash_password(Secret(password), self.hashing, SALT)
        change = ChangeAccount(name, password_hash=stored, stamp=f"stamp of {password}")
        assert self.storage.change_account(change) is not None

    def account(self, name: str) -> Account | None:
        return self.storage.find_account(FindAccount(name))

    def knock(self, name: str, password: str, address: str = HOME) -> PasswordAnswer:
        """Ask as every door does: in place first, then where waiting is allowed."""
        return run(ask(self.question(name, password, address)), self.answers)

    def knock_inline(self, name: str, password: str, address: str = HOME) -> PasswordAnswer | NotYet:
        return self.admission.inline(self.question(name, password, address))

    def log_in(self, name: str, password: str, address: str = HOME) -> Outcome:
        """The same through the rule that Basic and the log-in form share."""
        steps = judge_password(
            Password(name, Secret(password)), self.clock.now, mechanism="basic", realm="Records", address=address
        )
        return run(steps, self.answers)

    def failures(self, key: str) -> int:
        tally: Tally | None = self.storage.failures(key)
        return 0 if tally is None else tally.count

    def question(self, name: str, password: str, address: str = HOME) -> CheckPassword:
        return CheckPassword(name, Secret(password), address, self.clock.now)
