"""Another process on the same file. `python sqlite_worker.py FILE` does what it is told, line by line.

Each line names a command below and its arguments; what the command says comes back as lines, then an empty one.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract.storages import ANN, NOW, family_of, fingerprint, key_of, session_of, spend_of, token_of
from watchword.core.ask import AnswerFailed, NotYet
from watchword.core.credentials import RECOVERY_CODE
from watchword.core.grants import state_of
from watchword.core.questions import (
    AddKey,
    ChangeAccount,
    ConfirmSecondFactor,
    EndFamilies,
    EndKeys,
    EndSession,
    FamilyStart,
    FindAccount,
    FindKey,
    FindSession,
    FindStanding,
    FindToken,
    FoundKey,
    FoundSession,
    FoundToken,
    KeepToken,
    Repeated,
    SpendCredential,
    SpendOnce,
    StartFamily,
    StartSession,
)
from watchword.core.revocations import SelfContained
from watchword.storage import Cached, Storage
from watchword.storage.sql.sqlite import SqliteStorage
from watchword.storage.standings import Standings


class Worker:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.cache = Cached(storage, clock=lambda: NOW)
        self.standings = Standings(storage, longest=900)

    def start(self, token: str) -> Iterator[object]:
        account = self.storage.find_account(FindAccount("ann"))
        assert account is not None
        yield self.storage.start_session(StartSession(session_of(account, token)))

    def find(self, token: str) -> Iterator[object]:
        """What the next check says: the public id and the account's stamp."""
        self.cache.expire_turn()
        found = self.cache.find_session_inline(FindSession(fingerprint(token)))
        yield f"{found.session.id} {found.account.stamp}" if isinstance(found, FoundSession) else found

    def end(self, token: str) -> Iterator[object]:
        yield self.storage.end_session(EndSession(fingerprint(token)))

    def password(self, stamp: str) -> Iterator[object]:
        yield self.storage.change_account(ChangeAccount("ann", stamp=stamp)) is not None

    def grant(self, name: str) -> Iterator[object]:
        """A family with a reference token, and an API key."""
        account = self.storage.find_account(FindAccount("ann"))
        assert account is not None
        assert self.storage.start_family(StartFamily(family_of(account, name))) is FamilyStart.KEPT
        assert self.storage.keep_token(KeepToken(token_of(account, name, family=f"family-{name}")))
        yield self.storage.add_key(AddKey(key_of(account, name)))

    def check(self, name: str) -> Iterator[object]:
        """What the next check says of the token, the key and a self-contained token of the family."""
        yield " ".join(checked(self.storage, self.cache, self.standings, name))

    def end_family(self, name: str) -> Iterator[object]:
        yield self.storage.end_families(EndFamilies((f"family-{name}",)))

    def end_key(self, name: str) -> Iterator[object]:
        yield self.storage.end_keys(EndKeys((f"key-{name}",)))

    def refresh(self, name: str, most: str) -> Iterator[object]:
        """Redeem one token of the family after the other; say the number of each once it is answered."""
        for number in range(int(most)):
            say(f"{number} {type(self.storage.spend_refresh(spend_of(name, number))).__name__}")
        yield "done"

    def race(self, client: str, *tokens: str) -> Iterator[object]:
        """Redeem these, each from a thread of its own, once told to go. Say which token is live then, if any.

        A token is written FAMILY.TEXT; what is to come in its place has the process in its name.
        """

        def work(token: str) -> None:
            successor = f"{token}{client[0]}"
            question = spend_of(
                token.split(".")[0],
                0,
                fingerprint=fingerprint(token),
                client=client[1:].encode(),
                successor=fingerprint(successor),
                sealed=successor.encode(),
            )
            say("ready")
            go.wait()
            answer = self.storage.spend_refresh(question)
            live = answer.sealed[-1].decode() if isinstance(answer, Repeated) else successor
            say(f"{token} {type(answer).__name__} {live}")

        go = threading.Event()
        running = [threading.Thread(target=work, args=(token,), daemon=True) for token in tokens]
        for thread in running:
            thread.start()
        assert sys.stdin.readline() == "go\n"
        go.set()
        for thread in running:
            thread.join()
        yield "done"

    def once(self, kind: str, name: str, threads: str) -> Iterator[object]:
        """Use one thing up (see `use_up`) from many threads at once, when told to go. Say what each was told."""

        def work() -> None:
            say("ready")
            go.wait()
            say(use_up(self.storage, kind, name))

        go = threading.Event()
        running = [threading.Thread(target=work, daemon=True) for _ in range(int(threads))]
        for thread in running:
            thread.start()
        assert sys.stdin.readline() == "go\n"
        go.set()
        for thread in running:
            thread.join()
        yield "done"

    def spend(self, prefix: str, most: str) -> Iterator[object]:
        """Use up one value after the other; say each once it is answered."""
        for number in range(int(most)):
            say(f"{prefix}-{number} {use_up(self.storage, 'value', f'{prefix}-{number}')}")
        yield "done"

    def many(self, prefix: str, threads: str, each: str) -> Iterator[object]:
        """Start sessions from many threads; say each token once its session is kept."""

        def work(thread: int) -> None:
            for number in range(int(each)):
                token = f"{prefix}-{thread}-{number}"
                try:
                    kept = self.storage.start_session(StartSession(session_of(ANN, token)))
                except AnswerFailed as failure:
                    say(f"failed: {failure}")
                else:
                    say(token if kept else f"refused: {token}")

        running = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(int(threads))]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        yield "done"

    def file_limit(self, size: str) -> Iterator[object]:
        """No file may grow beyond this from now on; 0 lifts it."""
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size) or hard, hard))
        yield "done"


def use_up(storage: Storage, kind: str, name: str) -> bool:
    """Ask for what may succeed once: with a value, with ann's recovery code, or with ann's authenticator."""
    if kind == "value":
        return storage.spend_once(SpendOnce("race", name.encode(), NOW + 60))
    if kind == "code":
        return storage.spend_credential(SpendCredential("ann", RECOVERY_CODE, fingerprint(name)))
    return storage.confirm_second_factor(ConfirmSecondFactor("ann", f"credential-{name}", f"stamp-{name}"))


def checked(storage: Storage, cache: Cached, standings: Standings, name: str) -> list[str]:
    cache.expire_turn()
    standings.expire_turn()
    account = storage.find_account(FindAccount("ann"))
    assert account is not None
    token = cache.find_token_inline(FindToken(fingerprint(name)))
    key = cache.find_key_inline(FindKey(fingerprint(name)))
    claims = SelfContained(
        subject="ann",
        state=state_of(account),
        client_id="watchword",
        token_id="jti",
        family=f"family-{name}",
        scopes=None,
        issued_at=NOW,
    )
    standing = standings.find_inline(FindStanding(claims))
    if isinstance(standing, NotYet):  # the first time
        standing = standings.find(FindStanding(claims))
    return [
        token.token.id if isinstance(token, FoundToken) else "none",
        key.key.id if isinstance(key, FoundKey) else "none",
        standing.value,
    ]


lock = threading.Lock()


def say(text: object) -> None:
    with lock:
        print(text, flush=True)


def main() -> None:
    storage = SqliteStorage(Path(sys.argv[1]))
    worker = Worker(storage)
    for line in sys.stdin:
        name, *arguments = line.split()
        command: Callable[..., Iterator[object]] = getattr(worker, name)
        try:
            for answer in command(*arguments):
                say(answer)
        except AnswerFailed as failure:
            say(f"failed: {failure}")
        say("")
    storage.close()


if __name__ == "__main__":
    main()
