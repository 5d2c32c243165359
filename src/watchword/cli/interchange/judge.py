"""Judges a whole file before anything of it is imported."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from watchword.cli.interchange.members import Wrong
from watchword.cli.interchange.repeats import Repeats
from watchword.cli.interchange.session_entries import SessionEntry, read_session
from watchword.cli.interchange.source import Entry, Found, Source
from watchword.cli.interchange.user_entries import UserEntry, read_user
from watchword.cli.refusal import Refusal

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """What a file holds; nothing is wrong with it."""

    users: int
    sessions: int


def judge(source: Source, advance: Callable[[], None]) -> Judged:
    """Read all of it; `advance` is called for each entry.

    Raises:
        Refusal: with a line for each problem, or for the first of many.
    """
    users = sessions = 0
    problems: list[str] = []
    wrong = 0
    with closing(Repeats()) as repeats:
        for found in source.entries():
            read = read_entry(found)
            match read:
                case UserEntry(name=name):
                    users += 1
                    repeats.note(b"user " + name.encode(), found.place)
                case SessionEntry(fingerprint=fingerprint):
                    sessions += 1
                    repeats.note(b"session " + fingerprint, found.place)
                case Wrong(who, what):
                    place = f"{source.name}, {found.place}" + (f", user {who}" if who is not None else "")
                    wrong += len(what)
                    problems += [f"{place}: {problem}" for problem in what[: MOST_LISTED - len(problems)]]
            advance()
        for key, first, last in repeats.found(MOST_LISTED):
            ...
    return Judged(users, sessions)


def read_entry(found: Found) -> UserEntry | SessionEntry | Wrong:
    """What an entry says, or what is wrong with it."""
    if not isinstance(found, Entry):
        return Wrong(None, (found.says,))
    if found.kind == "user":
        return read_user(found.value)
    if found.kind == "session":
        return read_session(found.value)
    return Wrong(None, (f"is a {found.kind}, which this version cannot keep yet; leave it out",))
