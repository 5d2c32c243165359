"""API keys from the command line: made, listed, rotated, revoked, imported and exported."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest

from tests.cli.calling import Shell, call, lines_of, user
from watchword.core.questions import FindClient, FindKey
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret, fingerprint
from watchword.storage import open_storage
from watchword.tokens.format import API_KEY, is_well_formed

FOREIGN = "kallithea-0123456789abcdef"
LONG_SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With ann, bob, and somebody who is disabled."""
    assert shell.imports(user("ann"), user("bob"), user("gone", disabled=True)).code == 0
    return shell


def created(shell: Shell, *arguments: str) -> dict[str, Any]:
    answer = shell("key", "create", "--user", "ann", "--json", *arguments)
    assert answer.code == 0, answer
    made: dict[str, Any] = answer.json
    return made


def kept(shell: Shell, key: str) -> Any:
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        return storage.find_key(FindKey(fingerprint(key.encode()), fresh=True))
    finally:
        storage.close()


# --- making ----------------------------------------------------------------------------------------------------------


def test_the_key_alone_is_printed_so_that_a_script_can_take_it__S2_16(shell: Shell) -> None:
    answer = shell("key", "create", "--user", "ann")
    key = answer.out.removesuffix("\n")
    assert answer.code == 0
    assert is_well_formed(key, API_KEY)
    assert answer.err.startswith("The key has the ID ")
    assert kept(shell, key).account.name == "ann"


def test_a_key_is_what_the_options_say__S2_16(shell: Shell) -> None:
    made = created(shell, "--name", "ci", "--scope", "b", "--scope", "a", "--expires", "90d")
    found = kept(shell, made["key"]).key
    assert (found.name, found.scopes, found.id) == ("ci", {"a", "b"}, made["id"])
    assert found.expires_at == pytest.approx(time.time() + 90 * 86400, abs=60)
    assert made["scopes"] == ["a", "b"]
    assert made["hint"] == f"****{made['key'][-4:]}"


def test_without_options_a_key_may_do_all_and_never_expires(shell: Shell) -> None:
    found = kept(shell, created(shell)["key"]).key
    assert (found.scopes, found.expires_at) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--user", "nobody"], "There is no account nobody"),
        (["--user", "gone"], "The account gone is disabled"),
        (["--user", "ann", "--name", ""], "The name of a key has 1 to 100 characters."),
        (["--user", "ann", "--scope", "a b"], "A scope has"),
        (["--user", "ann", "--scope", "*"], "A scope has"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(shell: Shell, arguments: list[str], says: str) -> None:
    shell("key", "create", *arguments).refuses(says)


# --- listing, rotating, revoking -------------------------------------------------------------------------------------


def test_a_list_shows_no_more_of_a_key_than_its_last_characters__S4_8(shell: Shell) -> None:
    made = created(shell, "--name", "ci")
    for answer in (shell("key", "list"), shell("key", "list", "--json"), shell("key", "list", "--user", "ann")):
        assert answer.code == 0
        assert f"****{made['key'][-4:]}" in answer.out
        assert made["key"][:-4] not in answer.out
        assert made["id"] in answer.out
    assert shell("key", "list", "--user", "bob", "--json").json == []
    (listed,) = shell("key", "list", "--json").json
    assert listed.keys() == made.keys() - {"key"}


def test_rotation_prints_the_new_key_and_leaves_the_old_one_for_the_overlap__S2_16(shell: Shell) -> None:
    old = created(shell, "--name", "ci", "--scope", "a", "--expires", "30d")
    answer = shell("key", "rotate", old["id"], "--overlap", "2h", "--json")
    assert answer.code == 0
    assert (answer.json["name"], answer.json["scopes"]) == ("ci", ["a"])
    before = kept(shell, old["key"]).key
    assert before.superseded_by == answer.json["id"]
    assert before.expires_at == pytest.approx(time.time() + 7200, abs=60)
    assert kept(shell, answer.json["key"]).key.expires_at == pytest.approx(time.time() + 30 * 86400, abs=60)
    shell("key", "rotate", old["id"]).refuses("was rotated before")
    shell("key", "rotate", "nothing").refuses("There is no key with the ID nothing")


def test_without_overlap_the_old_key_ends_at_once(shell: Shell) -> None:
    old = created(shell)
    assert shell("key", "rotate", old["id"], "--overlap", "0").code == 0
    assert kept(shell, old["key"]).key.expires_at <= time.time()


def test_revoked_keys_are_gone_and_unknown_ids_are_said(shell: Shell) -> None:
    first, second = created(shell), created(shell)
    answer = shell("key", "revoke", first["id"], second["id"], first["id"])
    assert (answer.code, answer.out) == (0, "2 keys ended.\n")
    assert kept(shell, first["key"]) is None
    answer = shell("key", "revoke", first["id"])
    assert (answer.code, answer.out) == (1, "0 keys ended.\n")
    assert "belong to no key" in answer.err


# --- import and export -----------------------------------------------------------------------------------------------


def key(**more: Any) -> dict[str, Any]:
    return {"key": {"user": "ann", "name": "old", "key": FOREIGN, **more}}


def test_an_imported_key_keeps_its_text_and_gets_the_same_id_each_time(shell: Shell) -> None:
    assert shell.imports(key(scopes=["a"])).json["keys"] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 0}
    first = kept(shell, FOREIGN).key
    assert (first.name, first.scopes, first.hint, first.expires_at) == ("old", {"a"}, "cdef", None)
    again = shell.imports(key(scopes=["a"])).json["keys"]
    assert (again["created"], again["unchanged"]) == (0, 1)
    assert kept(shell, FOREIGN).key == first


def test_a_fingerprint_stands_for_the_key(shell: Shell) -> None:
    printed = call("hash", "--key", stdin=FOREIGN.encode()).out.strip()
    assert printed == hashlib.sha256(FOREIGN.encode()).hexdigest()
    entry = key(key_fingerprint=printed)
    del entry["key"]["key"]
    assert shell.imports(entry).json["keys"]["created"] == 1
    assert kept(shell, FOREIGN).account.name == "ann"


@pytest.mark.parametrize(("scopes", "means"), [(None, None), ([], frozenset()), (["a"], {"a"})])
def test_no_scopes_at_all_is_not_the_same_as_every_scope(shell: Shell, scopes: Any, means: Any) -> None:
    shell.imports(key(scopes=scopes))
    assert kept(shell, FOREIGN).key.scopes == means


def test_keys_of_nobody_and_expired_ones_are_refused_and_said(shell: Shell) -> None:
    answer = shell.imports(key(user="nobody"), key(key=FOREIGN + "2", expires_at="2020-01-01T00:00:00Z"))
    assert answer.json["keys"]["refused"] == 2
    assert "Refused keys have expired, or their user is unknown." in answer.err


def test_hash_says_what_is_no_key() -> None:
    call("hash", "--key", stdin=b"short").refuses("That is no API key")


def client(**more: Any) -> dict[str, Any]:
    return {"client": {"id": "web", **more}}


def client_of(shell: Shell) -> Any:
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        return storage.find_client(FindClient("web"))
    finally:
        storage.close()


@pytest.mark.parametrize("secret", [LONG_SECRET, "a short one"])
def test_a_client_s_secret_is_kept_as_a_digest_where_it_is_long_and_slowly_where_it_is_short(
    shell: Shell, secret: str
) -> None:
    entry = client(secret=secret, redirect_uris=["https://app.example.com/cb"], grants=["refresh_token"], scopes=["a"])
    assert shell.imports(entry).json["clients"]["created"] == 1
    found = client_of(shell)
    assert secret not in repr(found)
    if secret == LONG_SECRET:
        assert found.secret_hash == f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"
    else:
        assert check_password(Secret(secret), found.secret_hash)
    assert (found.redirect_uris, found.grants, found.scopes) == (
        ("https://app.example.com/cb",),
        {"refresh_token"},
        {"a"},
    )
    assert shell.imports(entry).json["clients"]["unchanged"] == 1
    assert shell.imports(client(disabled=True)).json["clients"]["changed"] == 1
    assert client_of(shell).secret_hash == found.secret_hash  # what an entry does not speak of stays


def test_what_is_exported_and_imported_is_the_same(shell: Shell) -> None:
    created(shell, "--name", "ci", "--scope", "a", "--expires", "90d")
    old = created(shell)
    shell("key", "rotate", old["id"])
    shell.imports(key(), client(secret=LONG_SECRET, roles=["service"]))
    exported = shell("export", "-")
    assert exported.out.count('{"key":') == 4
    assert exported.out.count('{"client":') == 1
    other = Shell(shell.data.with_name("other"))
    file = shell.data.with_name("exported.jsonl")
    file.write_text(exported.out)
    assert other("import", str(file)).code == 0
    assert other("export", "-").out == exported.out
    assert other("import", str(file), "--json").json["keys"]["unchanged"] == 4


def test_no_export_holds_a_key_or_a_secret__F33(shell: Shell) -> None:
    made = created(shell)
    shell.imports(key(), client(secret=LONG_SECRET))
    exported = shell("export", "-").out
    assert [secret for secret in (made["key"], FOREIGN, LONG_SECRET) if secret in exported] == []
    stored = b"".join(file.read_bytes() for file in shell.data.glob("watchword.db*"))
    assert [secret for secret in (made["key"], FOREIGN, LONG_SECRET) if secret.encode() in stored] == []
    assert lines_of(key()) not in stored
