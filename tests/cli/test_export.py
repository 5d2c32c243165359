"""Exporting: what comes out goes in again, and makes the same."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.cli.calling import Shell, program, user
from watchword.cli.interchange.source import KINDS
from watchword.core.credentials import RECOVERY_CODE, TOTP, Credential
from watchword.core.linked import LinkedIdentity, LinkedLogIn
from watchword.core.questions import FindAccount, IssueAuthToken
from watchword.core.records import SESSION_KINDS, Session
from watchword.core.third_party import ThirdPartyCredential
from watchword.crypto.secret import fingerprint
from watchword.storage import Storage, open_storage
from watchword.tokens.format import SESSION, new_token

NOW = time.time()
EXPORTED = (
    "Users exported: 4, credentials: 2, identities: 1, third-party credentials: 1, clients: 0, keys: 0, sessions: 3.\n"
)


@pytest.fixture
def full(shell: Shell) -> Shell:
    """With all that a record can hold."""
    shell.imports(
        user(
            "ann", roles=["b", "a"], permissions=["View Patients"], attributes={"mail": "ann@example.org", "\u00e9": ""}
        ),
        user("Zo\u00eb \U0001f600", created_at=1_000_000_000.123456),
        user("gone", disabled=True),
        {"user": {"name": "nobody"}},
    )
    storage = opened(shell.data)
    storage.issue_auth_token(IssueAuthToken("ann", NOW, 900.0))
    ann = storage.find_account(FindAccount("ann"))
    assert ann is not None
    storage.put_sessions(
        Session(
            id=f"id{number}",
            fingerprint=fingerprint(new_token(SESSION, bytes([number] * 32)).encode()),
            subject="ann",
            stamp=ann.stamp,
            created_at=NOW - 100.123456789,
            auth_time=NOW - 99,
            last_seen=NOW - number,
            expires_at=NOW + 100_000 / 3,
            idle_timeout=10_000.5,
            amr=frozenset(("pwd", "otp")),
            address="2001:db8::1",
            user_agent='a "robot" \\ \x1b',
            kind=kind,
            binding=("", "md5:" + "0f" * 16, "1:both/24:00ff:abc")[number],
            acr=(None, "mfa", "phrh")[number],
            linked=(None, LinkedLogIn("https://id.example"), LinkedLogIn("https://id.example", "s-1"))[number],
            data={"n": None, "list": [1, 2.5, True, {"\u00e9": "\u2028"}]},
        )
        for number, kind in enumerate(SESSION_KINDS)
    )
    storage.put_credentials(
        [
            Credential(
                id="c1", subject="ann", kind=TOTP, secret=bytes(range(60)), label="\u00e9", created_at=NOW - 1.5
            ),
            Credential(id="c2", subject="gone", kind=RECOVERY_CODE, secret=b"\xff" * 32, confirmed=True),
        ]
    )
    storage.linked.put_all(
        [LinkedIdentity(issuer="https://id.example", subject="248289761001", account="ann", created_at=NOW - 2.5)]
    )
    storage.third_party.put_all(
        [
            ThirdPartyCredential(
                subject="ann",
                provider="forge",
                id="t1",
                sealed=bytes(range(40)),
                hint="abcd",
                state="rejected",
                created_at=NOW - 3.5,
                provider_status=401,
                checked_at=NOW - 1.25,
                verified_at=NOW - 2.25,
            )
        ]
    )
    storage.close()
    return shell


def opened(data: Path) -> Storage:
    return open_storage("sqlite:///watchword.db", data)


def test_what_is_exported_and_imported_is_the_same(full: Shell, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    exported = full("export", str(file))
    assert (exported.code, exported.out, exported.err) == (0, "", EXPORTED)
    other = Shell(tmp_path / "other")
    answer = other("import", str(file), "--json")
    assert answer.json["users"] == {"created": 4, "changed": 0, "unchanged": 0, "refused": 0}
    assert answer.json["credentials"] == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert answer.json["sessions"] == {"created": 3, "changed": 0, "unchanged": 0, "refused": 0}
    for kind in ("identities", "third_party_credentials"):
        assert answer.json[kind] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 0}
    one, two = opened(full.data), opened(other.data)
    try:
        assert list(one.all_accounts()) == list(two.all_accounts())
        assert list(one.all_sessions()) == list(two.all_sessions())
        assert list(one.all_credentials()) == list(two.all_credentials())
        assert list(one.linked.all()) == list(two.linked.all())
        assert list(one.third_party.all()) == list(two.third_party.all())
    finally:
        one.close()
        two.close()
    assert other("export", "-").out == file.read_text()
    again = full("import", str(file), "--json")
    assert again.json["users"]["unchanged"] == 4
    assert again.json["credentials"]["unchanged"] == 2
    assert again.json["sessions"]["unchanged"] == 3
    assert again.json["identities"]["unchanged"] == again.json["third_party_credentials"]["unchanged"] == 1


def test_the_file_is_for_its_owner_only_and_has_no_half_written_sibling(full: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    file = folder / "all.jsonl"
    file.write_text("what was there before")
    file.chmod(0o644)
    assert full("export", str(file)).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(folder) == ["all.jsonl"]
    assert all(set(json.loads(line)) <= set(KINDS.values()) for line in file.read_text().splitlines())


def test_a_link_stays_one(full: Shell, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    assert full("export", str(link)).code == 0
    assert link.is_symlink()
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_to(full: Shell) -> None:
    answer = program("export", "/dev/stdout", f"--data={full.data}")
    assert answer.code == 0
    assert answer.out == full("export", "-").out


def test_sessions_that_have_ended_are_left_out(full: Shell) -> None:
    storage = opened(full.data)
    ann = storage.find_account(FindAccount("ann"))
    assert ann is not None
    dead = Session(
        id="dead",
        fingerprint=bytes(32),
        subject="ann",
        stamp=ann.stamp,
        created_at=NOW - 999,
        auth_time=NOW - 999,
        last_seen=NOW - 999,
        expires_at=NOW + 999,
        idle_timeout=100.0,
    )
    assert storage.put_sessions([dead]).created == 1
    storage.close()
    assert [line["session"]["id"] for line in full.exports() if "session" in line] == ["id0", "id1", "id2"]


@pytest.mark.parametrize(
    ("path", "why"),
    [(".", "Is a directory"), ("none/all.jsonl", "No such file"), ("data/watchword.db/x", "Not a directory")],
)
def test_a_file_that_cannot_be_written_is_said(full: Shell, tmp_path: Path, path: str, why: str) -> None:
    full("export", str(tmp_path / path)).refuses("cannot be written", why)


def test_a_full_disk_leaves_what_was_there_before__F4(full: Shell) -> None:
    full("export", "/dev/full").refuses("cannot be written: No space left on device")


def test_an_empty_database_is_an_empty_file(shell: Shell) -> None:
    shell.imports()
    exported = shell("export", "-")
    assert (exported.code, exported.out) == (0, "")


def test_standard_output_holds_the_entries_alone(full: Shell) -> None:
    answer = program("export", "-", f"--data={full.data}")
    assert answer.code == 0
    assert len([json.loads(line) for line in answer.out.splitlines()]) == 11
    assert answer.err == EXPORTED
