"""Pages of sessions by id, and ending some of them in one step: what mass revocation asks for."""

from __future__ import annotations

import pytest

from tests.contract.storages import NOW, fingerprint, session_of
from watchword.core.questions import EndSessions, FindSession, ListSessions, StartSession
from watchword.core.records import Account
from watchword.storage import Storage


@pytest.fixture
def three(storage: Storage, ann: Account, bob: Account) -> Storage:
    """With two sessions of ann and one of bob."""
    for account, token in ((ann, "a2"), (bob, "b1"), (ann, "a1")):
        assert storage.start_session(StartSession(session_of(account, token)))
    return storage


def page(storage: Storage, after: str, limit: int = 2, subject: str | None = None, now: float = NOW) -> list[str]:
    return [each.id for each in storage.list_sessions(ListSessions(subject, now, limit, after))]


def test_pages_follow_each_other_by_id__S2_24(three: Storage) -> None:
    assert page(three, "") == ["id-a1", "id-a2"]
    assert page(three, "id-a2") == ["id-b1"]
    assert page(three, "id-b1") == []
    assert page(three, "id-a1", subject="ann") == ["id-a2"]
    assert page(three, "", now=NOW + 10**9) == []


def test_some_end_in_one_step__S2_24(three: Storage) -> None:
    named = ("id-a1", "id-b1", "id-b1", "id-unknown")
    assert three.end_sessions(EndSessions("bob", ids=named)) == 1
    assert three.end_sessions(EndSessions(None, ids=named, keep=fingerprint("a1"))) == 0
    assert three.end_sessions(EndSessions(None, ids=named)) == 1
    assert three.end_sessions(EndSessions(None, ids=())) == 0
    assert page(three, "", limit=9) == ["id-a2"]
    assert three.find_session(FindSession(fingerprint("a2"))) is not None
