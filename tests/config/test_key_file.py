"""The key file: made once, changed in one step, read again when it changed, and never trusted when it is broken."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from watchword.config.keys import over_time
from watchword.config.keys.file import KeyFileRefused, change_keys, load_or_make_keys, read_keys
from watchword.config.keys.over_time import KeyFile
from watchword.config.keys.purposes import PURPOSES
from watchword.core.ask import AnswerFailed
from watchword.core.questions import FindSessionKeys, FindSigningKey, FindVerifyingKey
from watchword.crypto.secret import Secret
from watchword.tokens.keys import KeyRing
from watchword.tokens.session_keys import with_new_session_key
from watchword.tokens.signing_keys import rotated

NOW = 1000.0
LIFETIME = 900.0


def load(data: Path, algorithm: str = "ES256", now: float = NOW) -> KeyRing:
    return load_or_make_keys(data, os.urandom, now, algorithm=algorithm, lifetime=LIFETIME)


class Watched:
    """A process's view of the keys, with a clock that the test turns."""

    def __init__(self, data: Path) -> None:
        self.now = NOW
        self.ticks = 0.0
        self.alarms: list[str] = []
        self.file = KeyFile(
            data,
            lifetime=LIFETIME,
            session_lifetime=LIFETIME,
            alarm=self.alarms.append,
            clock=lambda: self.now,
            ticks=lambda: self.ticks,
        )

    def kids(self) -> list[str | None]:
        return [held.key.kid for held in self.file.keys().held]

    def knows(self, kid: str) -> bool:
        return self.file.find_verifying_key(FindVerifyingKey(kid)) is not None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    load(tmp_path)
    return tmp_path


def rotate(data: Path, key_id: str, lead: float = 600) -> None:
    change_keys(data, lambda ring: rotated(ring, "ES256", key_id=key_id, now=NOW, lead=lead))


def test_made_at_first_need_for_every_purpose_and_private(tmp_path: Path) -> None:
    ring = load(tmp_path)
    assert [key.purpose for key in ring.keys] == [*PURPOSES, "access-token"]
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert load(tmp_path) == ring
    assert read_keys(tmp_path) == ring


def test_file_of_the_version_before_gets_the_keys_that_it_lacks(data: Path) -> None:
    file = data / "keys.json"
    document = json.loads(file.read_text())
    document["keys"] = document["keys"][:1]
    file.write_text(json.dumps(document))
    ring = load(data)
    assert ring.keys[0].id == document["keys"][0]["id"]
    assert [key.purpose for key in ring.keys] == [*PURPOSES, "access-token"]


def test_processes_that_start_at_once_end_with_the_same_keys__F34(tmp_path: Path) -> None:
    rings: list[KeyRing] = []
    threads = [threading.Thread(target=lambda: rings.append(load(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rings) == 8
    assert all(ring == rings[0] for ring in rings)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["keys.json", "keys.json.lock"]


def test_rotations_at_once_lose_no_key__F34(data: Path) -> None:
    threads = [threading.Thread(target=rotate, args=(data, f"key{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f"key{number}" for number in range(8)} <= {key.id for key in read_keys(data).keys}


def test_dropped_keys_are_dropped_at_the_next_start__F34(data: Path) -> None:
    old = read_keys(data).keys[-1].id
    rotate(data, "new", lead=0)
    assert old in {key.id for key in load(data, now=NOW + LIFETIME).keys}
    assert old not in {key.id for key in load(data, now=NOW + LIFETIME + 1000).keys}


def test_change_is_seen_within_seconds__F34(data: Path) -> None:
    watched = Watched(data)
    (old,) = watched.kids()
    rotate(data, "new")
    watched.ticks += 5
    assert watched.kids() == [old, "new"]
    assert watched.file.find_signing_key(FindSigningKey()).kid == old
    watched.now += 600
    assert watched.file.find_signing_key(FindSigningKey()).kid == "new"
    assert watched.alarms == []


def test_unknown_key_is_looked_for_at_once__F34(data: Path) -> None:
    watched = Watched(data)
    rotate(data, "new")
    assert watched.knows("new")


def test_flood_of_unknown_keys_reads_no_file_that_stayed_the_same__F34(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(data)
    reads: list[str] = []
    monkeypatch.setattr(over_time, "read_with_identity", lambda path: reads.append(path.name))
    for _ in range(1000):
        assert not watched.knows("nonsense")
        assert watched.file.find_session_keys(FindSessionKeys("nonsense")).named("nonsense") is None
    assert reads == []


def test_new_key_is_known_at_once_amid_a_flood_of_unknown_ones__F34(data: Path) -> None:
    watched = Watched(data)
    for number in range(20):
        assert not watched.knows("nonsense")
        assert watched.file.find_session_keys(FindSessionKeys("nonsense")).named("nonsense") is None
        rotate(data, f"new {number}", lead=0)
        rotate_session_key(data, f"newer {number}", lead=0)
        assert watched.knows(f"new {number}")
        assert watched.file.find_session_keys(FindSessionKeys(f"newer {number}")).named(f"newer {number}") is not None


@pytest.mark.parametrize("what", ["half", "empty", "no key", "group", "others", "gone", "folder"])
def test_file_that_cannot_be_used_keeps_the_keys_and_raises_one_alarm__F34(data: Path, what: str) -> None:
    watched, file = Watched(data), data / "keys.json"
    before, text = watched.kids(), (data / "keys.json").read_text()
    match what:
        case "half":
            file.write_text(text[: len(text) // 2])
        case "empty":
            file.write_text("")
        case "no key":
            document = json.loads(text)
            document["keys"][-1]["secret"] = document["keys"][0]["secret"]
            file.write_text(json.dumps(document))
        case "group":
            file.chmod(0o640)
        case "others":
            file.chmod(0o604)
        case "gone":
            file.unlink()
        case _:
            file.unlink()
            file.mkdir()
    for _ in range(5):
        watched.ticks += 5
        assert watched.kids() == before
    (alarm,) = watched.alarms
    assert str(file) in alarm
    assert "still in use" in alarm
    secret = json.loads(text)["keys"][-1]["secret"]
    assert secret not in alarm
    with pytest.raises(KeyFileRefused):
        Watched(data)  # nothing starts with it
    if what == "folder":
        file.rmdir()
    file.write_text(text)
    file.chmod(0o600)
    rotate(data, "new")
    watched.ticks += 5
    assert watched.kids() == [*before, "new"]
    assert len(watched.alarms) == 1


def test_what_cannot_be_written_changes_nothing__F34(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_keys(data)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileRefused, match="No space left"):
        rotate(data, "new")
    monkeypatch.undo()
    assert read_keys(data) == before
    assert sorted(file.name for file in data.iterdir()) == ["keys.json", "keys.json.lock"]


# --- the keys of sessions that clients keep --------------------------------------------------------------------------


def rotate_session_key(data: Path, key_id: str, lead: float = 60) -> None:
    change_keys(
        data,
        lambda ring: with_new_session_key(ring, key_id=key_id, secret=Secret(b"s" * 32), now=NOW, lead=lead),
    )


def test_new_session_key_is_known_at_once_where_a_token_names_it__F34(data: Path) -> None:
    watched = Watched(data)
    before = watched.file.find_session_keys(FindSessionKeys())
    rotate_session_key(data, "newer", lead=0)
    watched.ticks += 2
    assert watched.file.find_session_keys(FindSessionKeys(before.seals.id)) == before  # nobody needs to look
    needed = watched.file.find_session_keys(FindSessionKeys("newer"))
    assert (needed.seals.id, [key.id for key in needed.opens]) == ("newer", [before.seals.id, "newer"])
    assert watched.alarms == []


def test_new_session_key_is_known_soon_where_nobody_asks_for_it__F34(data: Path) -> None:
    watched = Watched(data)
    rotate_session_key(data, "newer", lead=60)
    watched.ticks += 6
    assert watched.file.find_session_keys(FindSessionKeys()).seals.id != "newer"
    watched.now += 60
    assert watched.file.find_session_keys(FindSessionKeys()).seals.id == "newer"


def test_broken_file_leaves_the_session_keys_that_there_were__F34(data: Path) -> None:
    watched = Watched(data)
    before = watched.file.find_session_keys(FindSessionKeys())
    (data / "keys.json").write_text("{")
    watched.ticks += 6
    assert watched.file.find_session_keys(FindSessionKeys()) == before
    assert len(watched.alarms) == 1


def test_retired_session_key_is_dropped_at_a_start_of_the_server__F34(data: Path) -> None:
    rotate_session_key(data, "newer", lead=0)
    kept = load_or_make_keys(data, os.urandom, NOW + 10**6, algorithm="ES256", lifetime=LIFETIME)
    assert len(kept.all("session")) == 2
    left = load_or_make_keys(
        data, os.urandom, NOW + 10**6, algorithm="ES256", lifetime=LIFETIME, session_lifetime=LIFETIME
    )
    assert [key.id for key in left.all("session")] == ["newer"]


def test_file_without_session_keys_answers_nobody__C17(data: Path) -> None:
    file = data / "keys.json"
    document = json.loads(file.read_text())
    document["keys"] = [key for key in document["keys"] if key["purpose"] != "session"]
    file.write_text(json.dumps(document))
    with pytest.raises(AnswerFailed):
        Watched(data).file.find_session_keys(FindSessionKeys())
