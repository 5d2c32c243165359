"""Access keys, and what Digest needs of passwords, from the command line (S2.7, S2.39)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Shell, user
from watchword.config.keys.file import read_keys
from watchword.config.keys.purposes import ACCESS_KEYS
from watchword.core.credentials import DIGEST
from watchword.core.questions import FindCredentials, FindKey
from watchword.storage import open_storage
from watchword.tokens.access_key import AccessKeys, fingerprint_of, is_access_key_id

DIGESTS = "[digest]\nkeep_secrets = true\n[[space]]\nmechanisms = ['basic', 'digest', 'digest-md5']\n"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    assert shell.imports(user("ann")).code == 0
    return shell


def secrets_of(shell: Shell, id: str) -> list[bytes]:
    """What the server takes as its secret."""
    keys = AccessKeys([key.secret for key in read_keys(shell.data).all(ACCESS_KEYS)])
    return keys.secrets_of(id, "ann")


def kept(shell: Shell) -> int:
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        return sum(each.kind == DIGEST for each in storage.find_credentials(FindCredentials("ann", fresh=True)))
    finally:
        storage.close()


def test_the_two_lines_are_the_id_and_the_secret__S2_7(shell: Shell) -> None:
    answer = shell("key", "create", "--user", "ann", "--signing", "--name", "ci", "--scope", "read")
    id, secret = answer.out.splitlines()
    assert is_access_key_id(id)
    assert [secret.encode()] == secrets_of(shell, id)
    assert len(answer.lines) == 1
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        found = storage.find_key(FindKey(fingerprint_of(id), fresh=True))
    finally:
        storage.close()
    assert found is not None
    assert (found.key.id, found.key.name, found.key.scopes) == (id, "ci", frozenset(("read",)))


def test_json_has_them_by_name__S2_7(shell: Shell) -> None:
    made = shell("key", "create", "--user", "ann", "--signing", "--json").json
    assert made["access_key_id"] == made["id"]
    assert made["secret_access_key"].encode() in secrets_of(shell, made["id"])
    assert "key" not in made
    (listed,) = shell("key", "list", "--json").json
    assert not listed.keys() & {"access_key_id", "secret_access_key", "key"}


def test_an_access_key_is_rotated_into_an_access_key__S2_16(shell: Shell) -> None:
    made = shell("key", "create", "--user", "ann", "--signing", "--json").json
    id, secret = shell("key", "rotate", made["id"]).out.splitlines()
    assert id != made["id"]
    assert secret.encode() in secrets_of(shell, id)
    plain = shell("key", "create", "--user", "ann", "--json").json
    assert shell("key", "rotate", plain["id"]).out.startswith("ww_k_")
    assert shell("key", "revoke", id).code == 0


def test_it_survives_an_export_and_an_import__S2_7(shell: Shell, tmp_path: Path) -> None:
    made = shell("key", "create", "--user", "ann", "--signing", "--json").json
    assert shell("export", str(tmp_path / "all.jsonl")).code == 0
    assert made["secret_access_key"] not in (tmp_path / "all.jsonl").read_text()
    other = Shell(tmp_path / "other")
    assert other("import", str(tmp_path / "all.jsonl")).code == 0
    (listed,) = other("key", "list", "--json").json
    assert listed["id"] == made["id"]


def test_passwords_that_are_set_leave_what_digest_needs__S2_39(shell: Shell, tmp_path: Path) -> None:
    config = tmp_path / "watchword.toml"
    config.write_text(DIGESTS)
    named = f"--config={config}"
    assert shell("user", "passwd", "ann", "--password-stdin", stdin=b"a long password").code == 0
    assert kept(shell) == 0
    assert shell("user", "passwd", "ann", "--password-stdin", named, stdin=b"a longer password").code == 0
    assert kept(shell) == 2
    assert shell("user", "passwd", "ann", "--password-stdin", stdin=b"another password").code == 0
    assert kept(shell) == 0
    assert shell("user", "add", "bob", "--password-stdin", named, stdin=b"a long password").code == 0
