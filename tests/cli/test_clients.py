"""`watchword client`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calling import Shell
from watchword.core.grants import Client
from watchword.core.questions import FindClient
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk
from watchword.crypto.jose.key import generate
from watchword.crypto.secret import Secret
from watchword.storage import open_storage
from watchword.tokens.client_secret import has_digest
from watchword.tokens.format import CLIENT_SECRET, is_well_formed


def kept(shell: Shell, id: str) -> Client:
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        found = storage.find_client(FindClient(id))
        assert found is not None
        return found
    finally:
        storage.close()


def add(shell: Shell, id: str = "svc", *words: str) -> str:
    secret: str = shell("client", "add", id, "--json", *words).json["secret"]
    return secret


def test_new_client_gets_a_secret_that_is_shown_once_and_not_kept__S2_7(shell: Shell) -> None:
    answer = shell("client", "add", "svc", "--scope", "read", "--grant", "client_credentials", "--role", "verifier")
    assert answer.code == 0
    (line,) = [line for line in answer.out.splitlines() if line.startswith("secret")]
    secret = line.split()[1]
    assert is_well_formed(secret, CLIENT_SECRET)
    assert "shown this once" in answer.err
    client = kept(shell, "svc")
    assert client.secret_hash is not None
    assert has_digest(Secret(secret), client.secret_hash)
    assert client.scopes == frozenset(("read",))
    assert client.grants == frozenset(("client_credentials",))
    assert client.roles == frozenset(("verifier",))
    for command in (("show", "svc", "--json"), ("show", "svc"), ("list",), ("list", "--json")):
        assert secret not in shell("client", *command).out
        assert client.secret_hash not in shell("client", *command).out


def test_client_without_grants_and_scopes_has_none(shell: Shell) -> None:
    add(shell)
    assert (kept(shell, "svc").grants, kept(shell, "svc").scopes) == (frozenset(), frozenset())


def test_client_with_keys_has_no_secret(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [public_jwk(generate("ES256", "k").key)]}))
    answer = shell("client", "add", "svc", "--jwks", str(file), "--json").json
    assert (answer["secret"], answer["has_secret"], answer["has_keys"]) == (None, False, True)
    shell("client", "rotate-secret", "svc").refuses("has no secret")


def test_private_keys_are_not_taken__F33(shell: Shell, tmp_path: Path) -> None:
    key = generate("ES256", "k")
    private = json.loads(private_jwk(key).reveal())
    for number, keys in enumerate(([private], [private, public_jwk(generate("ES256", "other").key)])):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps({"keys": keys}))
        answer = shell("client", "add", "svc", "--jwks", str(file))
        answer.refuses("key")
        assert private["d"] not in answer.err


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA"}]}'])
def test_file_without_usable_keys_is_refused(shell: Shell, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    shell("client", "add", "svc", "--jwks", str(file)).refuses("")


def test_public_client_has_nothing_to_prove_itself_with(shell: Shell) -> None:
    answer = shell("client", "add", "spa", "--public", "--grant", "refresh_token", "--json").json
    assert (answer["secret"], answer["has_secret"], answer["has_keys"]) == (None, False, False)
    assert shell("client", "add", "x", "--public", "--grant", "client_credentials").code == 2


@pytest.mark.parametrize("id", ["watchword", "a b", "a:b", "", "ü", "x" * 256, "a\nb"])
def test_id_that_no_client_can_have_is_refused(shell: Shell, id: str) -> None:
    shell("client", "add", id).refuses("id")


def test_wrong_scope_is_refused_and_a_grant_that_there_is_not_is_a_usage_error(shell: Shell) -> None:
    shell("client", "add", "svc", "--scope", "a b").refuses("scope")
    assert shell("client", "add", "svc", "--grant", "password").code == 2


def test_id_is_taken_once(shell: Shell) -> None:
    add(shell)
    shell("client", "add", "svc").refuses("already")


def test_new_secret_takes_the_place_of_the_old_one(shell: Shell) -> None:
    old = add(shell)
    new = shell("client", "rotate-secret", "svc", "--json").json["secret"]
    stored = kept(shell, "svc").secret_hash
    assert stored is not None
    assert [has_digest(Secret(secret), stored) for secret in (old, new)] == [False, True]


def test_disabled_client_gets_another_stamp_so_that_its_tokens_stay_dead__F36(shell: Shell) -> None:
    add(shell)
    before = kept(shell, "svc")
    assert "tokens have ended" in shell("client", "disable", "svc").out
    assert kept(shell, "svc").disabled
    assert kept(shell, "svc").stamp != before.stamp
    assert shell("client", "show", "svc", "--json").json["disabled"] is True
    assert shell("client", "enable", "svc").code == 0
    assert not kept(shell, "svc").disabled


def test_deleted_client_is_gone_and_deleting_asks_first(shell: Shell) -> None:
    add(shell)
    shell("client", "delete", "svc").refuses("--yes")
    assert shell("client", "delete", "svc", "--yes").code == 0
    assert shell("client", "list", "--json").json == []


def test_clients_are_listed_by_id(shell: Shell) -> None:
    for id in ("c", "a", "b"):
        add(shell, id)
    assert [each["id"] for each in shell("client", "list", "--json").json] == ["a", "b", "c"]
    assert [line.split()[0] for line in shell("client", "list").out.splitlines()] == ["id", "a", "b", "c"]


@pytest.mark.parametrize("command", ["show", "rotate-secret", "disable", "enable", "delete"])
def test_client_that_there_is_not(shell: Shell, command: str) -> None:
    add(shell)
    shell("client", command, "nobody", *(["--yes"] if command == "delete" else [])).refuses("no client nobody")
