"""Another process on the same file. `python sqlite_worker.py FILE` does what it is told, line by line.

Each line names a command below and its arguments; what the command says comes back as lines, then an empty one.
"""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract.storages import ANN, NOW, fingerprint, session_of
from watchword.core.ask import AnswerFailed
from watchword.core.questions import ChangeAccount, EndSession, FindAccount, FindSession, FoundSession, StartSession
from watchword.storage import Cached, Storage
from watchword.storage.sql.sqlite import SqliteStorage


class Worker:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.cache = Cached(storage, clock=lambda: NOW)

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
