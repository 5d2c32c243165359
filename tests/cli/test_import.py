"""Importing users and sessions: all of a file or nothing, and twice is once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import PROGRAM, ROOT, Answer, Shell, environment, hash_of, lines_of, program, user
from watchword.config.keys.file import load_or_make_keys
from watchword.config.keys.purposes import CREDENTIALS
from watchword.crypto.jose import base64url
from watchword.crypto.password import check_password
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret, fingerprint
from watchword.tokens.format import SESSION, new_token

SOON = time.time() + 3600
TOKEN = new_token(SESSION, bytes(32))


def counts(answer: Answer, kind: str = "users") -> tuple[int, ...]:
    """Created, changed, unchanged, refused."""
    assert answer.code == 0, answer
    return tuple(answer.json[kind][name] for name in ("created", "changed", "unchanged", "refused"))


def session(name: str = "ann", token: str = TOKEN, **more: Any) -> dict[str, Any]:
    return {"session": {"user": name, "token": token, "expires_at": SOON, **more}}


def entries(shell: Shell, kind: str = "user") -> list[dict[str, Any]]:
    return [line[kind] for line in shell.exports() if kind in line]


def imports_bytes(shell: Shell, content: bytes) -> Answer:
    file = shell.data.with_name("users.jsonl")
    file.write_bytes(content)
    return shell("import", str(file), "--json")


# --- the format ------------------------------------------------------------------------------------------------------


def test_a_line_is_a_user_or_a_session(shell: Shell) -> None:
    more = {"roles": ["clerk"], "permissions": ["View"], "disabled": False, "attributes": {"mail": "ann@example.org"}}
    answer = shell.imports(user("ann", **more), session())
    assert counts(answer) == (1, 0, 0, 0)
    assert counts(answer, "sessions") == (1, 0, 0, 0)
    (ann,) = entries(shell)
    assert {key: ann[key] for key in more} == more
    assert ann["password_hash"] == hash_of("the password of ann")
    (kept,) = entries(shell, "session")
    assert (kept["user"], kept["expires_at"], kept["token_fingerprint"]) == (
        "ann",
        SOON,
        fingerprint(TOKEN.encode()).hex(),
    )


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "many lines"])
def test_one_object_has_them_as_lists(shell: Shell, indent: int | None) -> None:
    whole = {
        "users": [user("ann", roles=["clerk"])["user"], {"name": "bob", "password": "x"}],
        "clients": [],
        "keys": [],
        "sessions": [session()["session"]],
    }
    answer = imports_bytes(shell, json.dumps(whole, indent=indent).encode())
    assert counts(answer) == (2, 0, 0, 0)
    assert counts(answer, "sessions") == (1, 0, 0, 0)
    assert [entry["name"] for entry in entries(shell)] == ["ann", "bob"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n \n", b"{}", b'{"users": []}', b"\xef\xbb\xbf{}"],
    ids=["empty", "blank lines", "empty object", "empty list", "byte order mark"],
)
def test_nothing_is_nothing(shell: Shell, content: bytes) -> None:
    assert counts(imports_bytes(shell, content)) == (0, 0, 0, 0)


def test_marks_line_ends_and_blank_lines_do_not_matter(shell: Shell) -> None:
    content = b"\xef\xbb\xbf" + lines_of(user("ann")).replace(b"\n", b"\r\n\r\n") + lines_of(user("bob"))[:-1]
    assert counts(imports_bytes(shell, content)) == (2, 0, 0, 0)


def test_standard_input_is_a_hyphen(shell: Shell) -> None:
    answer = program("import", "-", f"--data={shell.data}", "--json", stdin=lines_of(user("ann"), session()))
    assert counts(answer, "sessions") == (1, 0, 0, 0)
    assert answer.err == ""


def test_sessions_may_come_before_their_users(shell: Shell) -> None:
    assert counts(shell.imports(session(), user("ann")), "sessions") == (1, 0, 0, 0)


def test_a_fingerprint_does_as_well_as_a_token(shell: Shell) -> None:
    hexadecimal = fingerprint(TOKEN.encode()).hex().upper()
    by_fingerprint = {"session": {"user": "ann", "token_fingerprint": hexadecimal, "expires_at": SOON}}
    assert counts(shell.imports(user("ann"), by_fingerprint), "sessions") == (1, 0, 0, 0)
    assert counts(shell.imports(session()), "sessions") == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        (4_000_000_000, 4e9),
        (4_000_000_000.25, 4_000_000_000.25),
        ("2096-10-02T07:06:40Z", 4e9),
        ("2096-10-02t09:06:40.250+02:00", 4_000_000_000.25),
    ],
)
def test_times_are_rfc_3339_or_seconds(shell: Shell, written: object, instant: float) -> None:
    shell.imports(user("ann"), session(expires_at=written))
    assert entries(shell, "session")[0]["expires_at"] == instant


def test_an_account_of_another_store_stays_its_own_until_a_password_comes_along__S2_14(shell: Shell) -> None:
    def kept() -> tuple[str | None, str | None, list[str]]:
        (ann,) = entries(shell)
        return ann.get("store"), ann.get("password_hash"), ann["roles"]

    shell.imports({"user": {"name": "ann", "store": "staff"}})
    assert kept() == ("staff", None, [])
    shell.imports({"user": {"name": "ann", "roles": ["clerk"]}})
    assert kept() == ("staff", None, ["clerk"])
    shell.imports(user("ann"))
    assert kept() == (None, hash_of("the password of ann"), ["clerk"])


def test_names_are_kept_in_their_one_form__F17(shell: Shell) -> None:
    answer = shell.imports(user("Zoe\u0308"), session("Zo\u00eb"))
    assert counts(answer, "sessions") == (1, 0, 0, 0)
    assert entries(shell)[0]["name"] == "Zo\u00eb"


def test_plain_passwords_are_hashed_and_follow_no_policy(shell: Shell) -> None:
    words = {"ann": "x", "bob": "bob", "zed": "e\u0301", "colon": "a:b:c"}
    answer = shell.imports(*({"user": {"name": name, "password": word}} for name, word in words.items()))
    assert counts(answer) == (4, 0, 0, 0)
    stored = {entry["name"]: entry["password_hash"] for entry in entries(shell)}
    assert all(hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for hashed in stored.values())
    assert check_password(Secret("\u00e9"), stored.pop("zed"))
    assert all(check_password(Secret(words[name]), hashed) for name, hashed in stored.items())
    for path in shell.data.iterdir():
        assert b"a:b:c" not in path.read_bytes()


@pytest.mark.parametrize(
    "stored",
    [
        "$2b$04$6dx5aPTr3Lxx3hcYxB6cBOyBSYdrRWRxdSqhfkfGQOUxgYhIvIcPC",
        "pbkdf2_sha256$600000$salt$8VYGRrIMrEUaKFvpbCH3r8VEVCPPYFaOPPzy1uuMHLA=",
        "{SSHA}cGFzc3dvcmRwYXNzd29yZHBhc3NzYWx0",
        "$6$rounds=5000$salt$" + "a" * 86,
    ],
    ids=["bcrypt", "django", "ldap", "crypt"],
)
def test_hashes_of_other_systems_are_kept_as_they_are(shell: Shell, stored: str) -> None:
    assert counts(shell.imports({"user": {"name": "ann", "password_hash": stored}})) == (1, 0, 0, 0)
    assert entries(shell)[0]["password_hash"] == stored


# --- all or nothing --------------------------------------------------------------------------------------------------

DEEP = b'{"user": {"name": "ann", "attributes": ' + b"[" * 5000 + b"]" * 5000 + b"}}"

WRONG: list[tuple[str, bytes, str]] = [
    ("no JSON", b'{"user": {"name": "ann",}}', "is no JSON: "),
    ("two values", b'{"user": {"name": "ann"}} {}', "is no JSON: Extra data"),
    ("no UTF-8", b'{"user": {"name": "\xff"}}', "is not UTF-8"),
    ("NaN", b'{"user": {"name": "ann", "created_at": NaN}}', "has NaN, which is no number of JSON"),
    ("infinite", b'{"user": {"name": "ann", "created_at": 1e999}}', "has a number that is too large"),
    ("huge", b'{"user": {"name": "ann", "created_at": ' + b"9" * 5000 + b"}}", "has a number that is too large"),
    ("twice", b'{"user": {"name": "ann", "name": "bob"}}', "has the member 'name' twice"),
    ("deep", DEEP, "has more than 32 arrays and objects inside each other"),
    ("half a character", rb'{"user": {"name": "ann", "attributes": {"a": "\ud800"}}}', "has half a character"),
    ("too long", b'{"user": {"name": "' + b"x" * 1024 * 1024 + b'"}}', "is longer than 1048576 bytes"),
    ("an array", b"[1]", "is no entry; write"),
    ("a mistyped kind", b'{"usr": {}}', "is no entry; write"),
    ("two kinds", b'{"user": {"name": "ann"}, "session": {}}', "is no entry; write"),
    ("no id", b'{"client": {}}', "has no id"),
    ("the server's own id", b'{"client": {"id": "watchword"}}', "id cannot be watchword, which is the server's own"),
    ("an id with a colon", b'{"client": {"id": "a:b"}}', "id cannot be used"),
    (
        "two secrets",
        b'{"client": {"id": "web", "secret": "s", "secret_hash": "$1$salt$qJH7.N4xYta3aEG/dfqo/0"}}',
        "has a secret and a secret_hash",
    ),
    ("a strange secret", b'{"client": {"id": "web", "secret": "\\u00e9"}}', "secret is no secret of a client"),
    ("a strange secret hash", b'{"client": {"id": "web", "secret_hash": "md5:x"}}', "secret_hash is in no format"),
    (
        "a wildcard",
        b'{"client": {"id": "web", "redirect_uris": ["https://*.example.com"]}}',
        "redirect_uris has an entry 0",
    ),
    ("a fragment", b'{"client": {"id": "web", "redirect_uris": ["https://a.example/#x"]}}', "that is no redirect URI"),
    ("a script", b'{"client": {"id": "web", "redirect_uris": ["javascript:alert(1)"]}}', "that has a scheme that runs"),
    ("no host", b'{"client": {"id": "web", "redirect_uris": ["https:///x"]}}', "that is no redirect URI"),
    (
        "the implicit grant",
        b'{"client": {"id": "web", "grants": ["implicit"]}}',
        "grants has an entry 0 that is no grant",
    ),
    ("no keys", b'{"client": {"id": "web", "jwks": {"keys": []}}}', "jwks is no JWK Set"),
    ("no key", b'{"key": {"user": "ann"}}', "has not either a key or a key_fingerprint"),
    ("a short key", b'{"key": {"user": "ann", "key": "short"}}', "key is no API key"),
    ("a mistyped key", b'{"key": {"user": "ann", "key": "ww_k_0123456789abcdef"}}', "key is no API key"),
    ("nobody's key", b'{"key": {"key": "0123456789abcdef"}}', "has no user"),
    ("a strange scope", b'{"key": {"user": "ann", "key": "0123456789abcdef", "scopes": ["a b"]}}', "that is no scope"),
    ("every scope", b'{"key": {"user": "ann", "key": "0123456789abcdef", "scopes": ["*"]}}', "that is no scope"),
    ("a strange key name", b'{"key": {"user": "ann", "key": "0123456789abcdef", "name": ""}}', "name cannot be used"),
    ("no object", b'{"user": "ann"}', "is no object"),
    ("no name", b'{"user": {}}', "has no name"),
    ("a number for a name", b'{"user": {"name": 1}}', "name is no text"),
    ("a colon", b'{"user": {"name": "a:b"}}', "name cannot be used: A name has no colon"),
    ("a mistyped member", b'{"user": {"name": "ann", "rolse": []}}', "member 'rolse', which means nothing; did you"),
    ("both", lines_of(user("ann", password="x"))[:-1], "has a password and a password_hash"),
    ("an empty password", b'{"user": {"name": "ann", "password": ""}}', "password is empty"),
    ("a strange hash", b'{"user": {"name": "ann", "password_hash": "plain"}}', "password_hash is in no format"),
    ("one role", b'{"user": {"name": "ann", "roles": "clerk"}}', "roles is no array"),
    ("a strange role", b'{"user": {"name": "ann", "roles": ["a", "b\\n"]}}', "roles has an entry 1 that has a control"),
    ("a strange switch", b'{"user": {"name": "ann", "disabled": "no"}}', "disabled is neither true nor false"),
    ("strange attributes", b'{"user": {"name": "ann", "attributes": {"a": 1}}}', "attributes has 'a', of which"),
    ("a strange time", b'{"user": {"name": "ann", "created_at": "today"}}', "created_at is no time"),
    ("a true time", b'{"user": {"name": "ann", "created_at": true}}', "created_at is no time"),
    ("no token", b'{"session": {"user": "ann", "expires_at": 4e9}}', "has not either a token or a token_fingerprint"),
    (
        "a short token",
        b'{"session": {"user": "ann", "expires_at": 4e9, "token": "short"}}',
        "token is no session token",
    ),
    ("a short fingerprint", b'{"session": {"user": "ann", "expires_at": 4e9, "token_fingerprint": "ab"}}', "64 hexa"),
    ("never ending", b'{"session": {"user": "ann", "token": "0123456789abcdef"}}', "has no expires_at"),
    ("nobody's", b'{"session": {"expires_at": 4e9, "token": "0123456789abcdef"}}', "has no user"),
    (
        "a strange kind",
        b'{"session": {"user": "ann", "expires_at": 4e9, "token": "0123456789abcdef", "kind": "cookie"}}',
        "kind is no kind of session; write one of session, auth-key, sealed",
    ),
    (
        "a strange binding",
        b'{"session": {"user": "ann", "expires_at": 4e9, "token": "0123456789abcdef", "binding": "md5:xyz"}}',
        "binding is none that was exported; write md5:<hex>",
    ),
    (
        "a strange acr",
        b'{"session": {"user": "ann", "expires_at": 4e9, "token": "0123456789abcdef", "acr": "a\\nb"}}',
        "acr has a control character",
    ),
    ("an empty credential", b'{"credential": {"user": "ann", "kind": "totp", "secret": "AAEC"}}', "has no id"),
    (
        "a strange credential",
        b'{"credential": {"user": "ann", "id": "c", "kind": "iris", "secret": "AAEC"}}',
        "kind is none that this version knows; write one of totp, recovery-code, digest",
    ),
    (
        "a padded secret",
        b'{"credential": {"user": "ann", "id": "c", "kind": "totp", "secret": "AA=="}}',
        "secret is none that was exported: it is no base64url",
    ),
    (
        "no secret at all",
        b'{"credential": {"user": "ann", "id": "c", "kind": "totp", "secret": ""}}',
        "secret is none that was exported",
    ),
    (
        "a strange issuer",
        b'{"identity": {"user": "ann", "issuer": "id.example", "subject": "1"}}',
        "issuer is no issuer; write the URL",
    ),
    (
        "a strange subject",
        b'{"identity": {"user": "ann", "issuer": "https://id.example", "subject": "a\\nb"}}',
        "subject is no subject; write what",
    ),
    ("half an identity", b'{"identity": {"user": "ann", "subject": "1"}}', "has no issuer"),
    (
        "a strange state",
        b'{"third_party_credential": {"user": "ann", "provider": "p", "id": "i", "sealed": "AA", "state": "good"}}',
        "state is no state of a credential; write one of verified, unverified, rejected",
    ),
    (
        "a strange status",
        b'{"third_party_credential": {"user": "ann", "provider": "p", "id": "i", "sealed": "AA", '
        b'"provider_status": 600}}',
        "provider_status is no HTTP status",
    ),
    ("a strange need", b'{"user": {"name": "ann", "second_factor": 1}}', "second_factor is neither true nor false"),
    (
        "no offset",
        b'{"session": {"user": "ann", "expires_at": "2030-01-01T00:00:00", "token": "0123456789abcdef"}}',
        "is no time",
    ),
]


@pytest.mark.parametrize(("content", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_line_is_named_and_nothing_is_imported(shell: Shell, content: bytes, says: str) -> None:
    answer = imports_bytes(shell, lines_of(user("before")) + b"\n" + content + b"\n" + lines_of(user("after")))
    assert (answer.code, answer.out) == (1, "")
    first, last = answer.lines
    assert "users.jsonl, line 3" in first
    assert says in first
    assert first.endswith(".")
    assert not first.endswith("..")
    assert last == "Nothing was imported."
    assert not shell.data.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"users": [{"name": "ann"}, {"name": "a:b"}]}', "users[1]: name cannot be used"),
        (
            b'{"users": [{"name": "ann"}, {"name": "ann"}]}',
            "users[1] (user ann): stands there twice, first at users[0]",
        ),
        (b'{"users": [], "clients": [{"id": "a:b"}]}', "clients[0]: id cannot be used"),
        (
            b'{"keys": [{"user": "ann", "key": "0123456789abcdef"}, {"user": "bob", "key": "0123456789abcdef"}]}',
            "keys[1]: stands there twice, first at keys[0]",
        ),
        (
            b'{"credentials": [{"user": "a", "id": "c", "kind": "totp", "secret": "AA"}, '
            b'{"user": "b", "id": "c", "kind": "digest", "secret": "AA"}]}',
            "credentials[1]: stands there twice, first at credentials[0]",
        ),
        (
            b'{"users": [], "members": []}',
            "'members': is none of users, credentials, identities, third_party_credentials, clients, keys, sessions",
        ),
        (
            b'{"identities": [{"user": "a", "issuer": "https://i", "subject": "1"}, '
            b'{"user": "b", "issuer": "https://i", "subject": "1"}]}',
            "identities[1]: stands there twice, first at identities[0]",
        ),
        (b'{"users": {"ann": {}}}', "users: is no array"),
        (b'{"users": [\n{"name": "ann"},\n]}', "is no JSON: "),
        (b"[]", 'all of it: is no object; write {"users": [...]}'),
        (b'"users"', "all of it: is no object"),
        (b"\xff", "all of it: is not UTF-8"),
    ],
)
def test_a_wrong_object_is_named_and_nothing_is_imported(shell: Shell, content: bytes, says: str) -> None:
    answer = imports_bytes(shell, content)
    assert (answer.code, answer.out, len(answer.lines)) == (1, "", 2)
    assert f"users.jsonl, {says}" in answer.lines[0] or f"users.jsonl, all of it: {says}" in answer.lines[0]
    assert not shell.data.exists()


def test_names_and_tokens_that_stand_twice_are_named_with_both_lines(shell: Shell) -> None:
    answer = shell.imports(
        user("ann"), session(), user("bob"), user("Zoe\u0308"), user("ann"), session(), user("Zo\u00eb")
    )
    assert answer.code == 1
    name = f"{shell.data.with_name('to-import.jsonl')}"
    assert answer.lines == [
        f"{name}, line 5 (user ann): stands there twice, first at line 1; write it once.",
        f"{name}, line 6: stands there twice, first at line 2; write it once.",
        f"{name}, line 7 (user Zo\u00eb): stands there twice, first at line 4; write it once.",
        "Nothing was imported.",
    ]


def test_of_many_problems_the_first_twenty_are_told(shell: Shell) -> None:
    answer = imports_bytes(shell, b'{"user": {"name": ""}}\n' * 1000)
    assert answer.code == 1
    assert len(answer.lines) == 22
    assert "line 20: " in answer.lines[19]
    assert answer.lines[20:] == ["And 980 more.", "Nothing was imported."]


def test_no_problem_repeats_a_secret__F33(shell: Shell) -> None:
    canary = "canary-bird-in-a-coal-mine"
    contents: list[object] = [
        {"user": {"name": "ann", "password": canary, "password_hash": canary, "roles": canary}},
        {"session": {"user": "ann", "token": f"{canary} ", "expires_at": canary}},
        {"session": {"user": "ann", "token_fingerprint": canary, "id": [canary], "data": canary}},
        {
            "session": {
                "user": "ann",
                "token": TOKEN,
                "expires_at": SOON,
                "kind": canary,
                "binding": canary,
                "acr": [canary],
            }
        },
        {"credential": {"user": "ann", "id": f"{canary} ", "kind": canary, "secret": canary, "label": [canary]}},
        {"credential": {"user": "ann", "id": "c1", "kind": "totp", "secret": f"{canary}+", "confirmed": canary}},
        {
            "user": {
                "name": "ann",
                "attributes": {"a": [canary]},
                "stamp": [canary],
                "auth_token": {"generation": canary},
            }
        },
        {"user": canary},
        canary,
    ]
    for content in contents:
        whole = json.dumps(content).encode()
        for written in (whole, whole[:-1], whole + b"}"):
            answer = imports_bytes(shell, lines_of(user("before")) + written)
            assert answer.code == 1
            assert canary not in answer.err


def test_a_file_that_cannot_be_read_is_said(shell: Shell) -> None:
    shell("import", str(shell.data.parent)).refuses("cannot be read: Is a directory")
    shell("import", str(shell.data.with_name("none"))).refuses("cannot be read: No such file or directory")
    assert not shell.data.exists()


# --- twice is once ---------------------------------------------------------------------------------------------------


def test_importing_twice_changes_nothing(shell: Shell) -> None:
    given = [
        user("ann", roles=["b", "a"], attributes={"a": "b"}),
        {"user": {"name": "bob", "password": "the password"}},
        {"user": {"name": "nobody"}},
        user("gone", disabled=True),
        session(),
        session("bob", new_token(SESSION, b"1" * 32)),
    ]
    first = shell.imports(*given)
    assert (counts(first), counts(first, "sessions")) == ((4, 0, 0, 0), (2, 0, 0, 0))
    kept = shell.exports()
    second = shell.imports(*given)
    assert (counts(second), counts(second, "sessions")) == ((0, 0, 4, 0), (0, 0, 2, 0))
    assert shell.exports() == kept


def test_what_an_entry_does_not_speak_of_stays(shell: Shell) -> None:
    shell.imports(user("ann", roles=["clerk"], permissions=["View"], attributes={"a": "b"}), session())
    (before,) = entries(shell)
    assert counts(shell.imports({"user": {"name": "ann"}})) == (0, 0, 1, 0)
    assert counts(shell.imports({"user": {"name": "ann", "roles": []}})) == (0, 1, 0, 0)
    assert entries(shell) == [{**before, "roles": []}]
    assert len(entries(shell, "session")) == 1


@pytest.mark.parametrize(
    "change",
    [{"password": "another"}, {"password_hash": hash_of("another")}, {"password_hash": None}, {"disabled": True}],
    ids=["password", "hash", "none", "disabled"],
)
def test_another_password_ends_the_sessions__S2_2__F36(shell: Shell, change: dict[str, Any]) -> None:
    shell.imports(user("ann"), session())
    (before,) = entries(shell)
    assert counts(shell.imports({"user": {"name": "ann", **change}})) == (0, 1, 0, 0)
    assert entries(shell, "session") == []
    (after,) = entries(shell)
    assert after["stamp"] != before["stamp"]


def test_a_password_that_is_right_already_keeps_hash_and_sessions(shell: Shell) -> None:
    shell.imports(user("ann"), session())
    before = shell.exports()
    again = shell.imports({"user": {"name": "ann", "password": "the password of ann"}})
    assert counts(again) == (0, 0, 1, 0)
    assert shell.exports() == before


@pytest.mark.parametrize(
    "given",
    [
        session("zed"),
        session("gone"),
        session(expires_at=time.time() - 1),
        session(last_seen=time.time() - 7200),
        session(stamp="of another time"),
    ],
    ids=["unknown user", "disabled user", "expired", "idle", "older than the password"],
)
def test_sessions_that_could_not_be_used_are_refused(shell: Shell, given: dict[str, Any]) -> None:
    answer = shell.imports(user("ann"), user("gone", disabled=True), given)
    assert counts(answer) == (2, 0, 0, 0)
    assert counts(answer, "sessions") == (0, 0, 0, 1)
    assert "Refused sessions" in answer.err
    assert entries(shell, "session") == []


def test_imported_sessions_idle_as_configured(shell: Shell) -> None:
    file = shell.data.with_name("session.jsonl")
    file.write_bytes(lines_of(user("ann"), session()))
    assert shell("import", str(file), env={"WATCHWORD_SESSION__IDLE": "5m"}).code == 0
    (kept,) = entries(shell, "session")
    assert kept["idle_timeout"] == 300
    assert kept["created_at"] == kept["auth_time"] == kept["last_seen"] == pytest.approx(time.time(), abs=60)


# --- kinds of sessions, and credentials ------------------------------------------------------------------------------

MD5 = "0123456789ABCDEF0123456789abcdef"


def test_sessions_are_for_cookies_where_nothing_else_is_said(shell: Shell) -> None:
    assert counts(shell.imports(user("ann"), session()), "sessions") == (1, 0, 0, 0)
    (kept,) = entries(shell, "session")
    assert (kept["kind"], kept["binding"], kept["acr"]) == ("session", "", None)


def test_auth_keys_come_along_with_what_they_are_bound_to__S2_5(shell: Shell) -> None:
    given = session(kind="auth-key", binding=f"md5:{MD5}", acr="mfa")
    assert counts(shell.imports(user("ann"), given), "sessions") == (1, 0, 0, 0)
    (kept,) = entries(shell, "session")
    assert (kept["kind"], kept["binding"], kept["acr"]) == ("auth-key", f"md5:{MD5}", "mfa")
    assert counts(shell.imports(given), "sessions") == (0, 0, 1, 0)


def credential(name: str = "ann", id: str = "c1", **more: Any) -> dict[str, Any]:
    return {"credential": {"user": name, "id": id, "kind": "totp", "secret": "AAEC_w", "confirmed": True, **more}}


def test_imported_credential_is_kept_once_and_needed_from_then_on(shell: Shell) -> None:
    code = credential(id="c2", kind="recovery-code", secret="a" * 43 + "A", label="1", created_at=5.5)
    answer = shell.imports(credential(), code, user("ann"), user("bob"))
    assert counts(answer, "credentials") == (2, 0, 0, 0)
    kept = entries(shell, "credential")
    assert kept[0].items() >= {**credential()["credential"], "label": ""}.items()
    assert kept[0]["created_at"] == pytest.approx(time.time(), abs=60)
    assert kept[1] == {**code["credential"]}
    assert [entry["second_factor"] for entry in entries(shell)] == [True, False]
    again = shell.imports({"user": {"name": "ann", "second_factor": False}}, *({"credential": each} for each in kept))
    assert counts(again) == (0, 0, 1, 0)
    assert counts(again, "credentials") == (0, 0, 2, 0)
    changed = shell.imports({"credential": {**kept[0], "label": "the phone", "confirmed": False}})
    assert counts(changed, "credentials") == (0, 1, 0, 0)
    assert entries(shell, "credential")[0] == {**kept[0], "label": "the phone"}


def test_credentials_of_nobody_and_stolen_ids_are_refused(shell: Shell) -> None:
    answer = shell.imports(user("ann"), user("bob"), credential(), credential("zed", "c9"))
    assert counts(answer, "credentials") == (1, 0, 0, 1)
    assert "Refused credentials" in answer.err
    assert counts(shell.imports(credential("bob")), "credentials") == (0, 0, 0, 1)
    assert [entry["user"] for entry in entries(shell, "credential")] == ["ann"]


def test_credentials_without_their_key_are_counted(shell: Shell) -> None:
    """What is sealed can be read with the same keys alone, and whoever imports it is told where these are missing."""
    shell.imports(user("ann"))
    ring = load_or_make_keys(shell.data, os.urandom, 0.0, algorithm="ES256", lifetime=900)
    key = ring.all(CREDENTIALS)[-1]
    sealed = Sealing([(key.id, key.secret)]).seal(b"seed", b"here", os.urandom)
    here = credential(id="here", secret=base64url.encode(sealed))
    code = credential(id="code", kind="recovery-code", secret="AA")
    assert shell.imports(here, code).err == ""
    foreign = shell.imports(here, credential(id="elsewhere"))
    assert counts(foreign, "credentials") == (1, 0, 1, 0)
    assert "Credentials that nobody can use: 1." in foreign.err
    (shell.data / "keys.json").unlink()
    assert "Credentials that nobody can use: 1." in shell.imports(here, code).err
    assert not (shell.data / "keys.json").exists()


# --- many ------------------------------------------------------------------------------------------------------------


def test_counts_are_a_table_for_people(shell: Shell) -> None:
    file = shell.data.with_name("users.jsonl")
    file.write_bytes(lines_of(user("ann"), user("bob")))
    answer = shell("import", str(file))
    assert [line.split() for line in answer.out.splitlines()] == [
        ["created", "changed", "unchanged", "refused"],
        ["users", "2", "0", "0", "0"],
        ["credentials", "0", "0", "0", "0"],
        ["identities", "0", "0", "0", "0"],
        ["third_party_credentials", "0", "0", "0", "0"],
        ["clients", "0", "0", "0", "0"],
        ["keys", "0", "0", "0", "0"],
        ["sessions", "0", "0", "0", "0"],
    ]


def test_thousands_of_hashed_users_take_a_moment_and_little_memory(shell: Shell) -> None:
    file = shell.data.with_name("users.jsonl")
    with file.open("wb") as out:
        for number in range(6_000):
            out.write(lines_of(user(f"user{number}", attributes={"about": "x" * 4000})))
    assert file.stat().st_size > 24_000_000
    script = (
        "import sys; from watchword.cli import main; code = main(sys.argv[1:]);"
        "print(open('/proc/self/status').read(), file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", script, "import", str(file), f"--data={shell.data}", "--json"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["users"]["created"] == 6_000
    (most,) = [int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("VmHWM:")]
    assert most < 110 * 1024  # KiB


def test_it_may_be_stopped_and_run_again(shell: Shell) -> None:
    """What was written stays, and the second run goes on."""
    file = shell.data.with_name("users.jsonl")
    file.write_bytes(lines_of(*({"user": {"name": f"user{number}", "password": "x"}} for number in range(24))))
    command = [*PROGRAM, "import", str(file), f"--data={shell.data}"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (shell.data / "watchword.db").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(2)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) in ((130, b""), (0, out))
    assert b"Traceback" not in err
    answer = shell("import", str(file), "--json")
    assert sum(counts(answer)) == 24


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    from watchword.cli.interchange.put import put_users
    from watchword.cli.interchange.source import open_source
    from watchword.cli.refusal import Refusal
    from watchword.crypto.password import Hashing
    from watchword.storage.memory import MemoryStorage

    file = tmp_path / "users.jsonl"
    file.write_bytes(lines_of({"user": {"name": "a:b"}}))
    with open_source(str(file)) as source, pytest.raises(Refusal, match="changed while it was read"):
        put_users(source, MemoryStorage(), Hashing(), 0.0, lambda: None)


def test_hashes_of_flask_security_need_its_salt__S2_34(shell: Shell, tmp_path: Path) -> None:
    rows = (ROOT / "tests/vectors/flask-security-hashes.tsv").read_text("utf-8").splitlines()
    _, _, stored = rows[1].split("\t")
    file = tmp_path / "users.jsonl"
    file.write_text(json.dumps({"user": {"name": "ann", "password_hash": stored}}))
    refused = shell("import", str(file))
    assert refused.code == 1
    assert refused.lines[-1] == "Nothing was imported."
    assert "passwords.flask_security_salt_file" in refused.lines[0]
    salt = tmp_path / "salt"
    salt.touch(0o600)
    salt.write_text("146585145368132386173505678016728509634")
    env = {"WATCHWORD_PASSWORDS__FLASK_SECURITY_SALT_FILE": str(salt)}
    assert shell("import", str(file), "--json", env=env).json["users"]["created"] == 1
